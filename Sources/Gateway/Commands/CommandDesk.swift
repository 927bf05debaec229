import DeviceKit
import Foundation
import Ledger
import Logging
import Synchronization

/// Brings FINAL commands to devices and their outcomes back to the ledger.
///
/// The list of open commands is the ledger's state, so nothing is missed however long the gateway was away. A command is
/// sent until the device answers or its time is over, each time with the same correlation data. Its outcome is in the
/// store before it is sent to the node, under a name that is taken once. What a crash can repeat is the sending alone,
/// and the device knows the correlation data.
final class CommandDesk: Sendable {
    /// Between two attempts to reach a device that is not connected.
    private static let absencePause: Duration = .milliseconds(500)
    /// Longest answer that goes on the ledger, octets.
    static let maximumReply = 1024
    /// Longest wait for one answer, after which the command is sent again.
    private static let attempt: Duration = .seconds(20)

    private let gateway: Gateway
    private let underway = Mutex<Set<String>>([])

    init(_ gateway: Gateway) {
        self.gateway = gateway
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        let interval = gateway.configuration.commandInterval
        try await withThrowingTaskGroup(of: Void.self) { group in
            while true {
                for command in await open() {
                    let isNew = underway.withLock { $0.insert(command.purpose).inserted }
                    guard isNew else { continue }
                    group.addTask {
                        defer { _ = self.underway.withLock { $0.remove(command.purpose) } }
                        try await self.carryOut(command)
                    }
                }
                try await Task.sleep(for: interval)
            }
        }
    }

    private func open() async -> [OpenCommand] {
        do {
            return try OpenCommand.list(json: try await gateway.node.list("commands"))
        } catch {
            gateway.configuration.logger.debug("the list of commands could not be read: \(error)")
            return []
        }
    }

    private func carryOut(_ command: OpenCommand) async throws {
        if try await gateway.store.hasOutboxEntry(command.purpose) { return }
        let (word, reply) = try await answer(to: command)
        let operation = Ledger.Operation(
            "devices", "outcome",
            [
                ("id", .text(command.id)), ("device", .text(command.device.text)), ("word", .text(word)),
                ("reply", .bytes(Array(reply.prefix(Self.maximumReply)))),
            ])
        try await gateway.post(operation, about: command.device.text, purpose: command.purpose)
        gateway.board.update { $0.commands[word, default: 0] += 1 }
        gateway.configuration.logger.info("\(command.name) to \(command.device): \(word)")
    }

    private func answer(to command: OpenCommand) async throws -> (word: String, reply: [UInt8]) {
        while true {
            let left = Double(command.deadline) / 1000 - Date().timeIntervalSince1970
            guard left > 0 else { return ("timeout", Array("no answer in time".utf8)) }
            do {
                let reply = try await gateway.request(
                    command.name, to: command.device, payload: command.arguments, correlation: command.correlation,
                    timeout: min(.seconds(left), Self.attempt))
                return (Self.word(of: reply), reply)
            } catch let error as GatewayError where error.code == .noReply {
                try await Task.sleep(for: Self.absencePause)
            }
        }
    }

    private struct Reply: Decodable {
        var ok: Bool?
    }

    /// A device that will not do it says `{"ok":false,…}`.
    static func word(of reply: [UInt8]) -> String {
        let answer = try? JSONDecoder().decode(Reply.self, from: Foundation.Data(reply))
        return answer?.ok == false ? "refused" : "done"
    }
}
