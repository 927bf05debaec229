import DeviceKit
import Foundation
import Ledger
import Logging

/// Puts the rules that are on the ledger in force, and carries out what they ask for.
struct RuleDesk: Sendable {
    let gateway: Gateway

    private struct Document: Decodable {
        struct Item: Decodable {
            var owner: String
            var version: UInt64
            var hash: String
            var rules: String
        }
        var items: [Item]
    }

    /// Reads the rules at intervals; the last ones are kept on the disk, so that they hold without a node too.
    func follow() async throws {
        var current = try await gateway.store.setting("rules")
        if let current { await putInForce(current) }
        while true {
            if let document = try? await gateway.node.list("rules"), document != current {
                current = document
                try await gateway.store.setSetting("rules", document)
                await putInForce(document)
            }
            try await Task.sleep(for: gateway.configuration.directoryInterval)
        }
    }

    private func putInForce(_ json: [UInt8]) async {
        let logger = gateway.configuration.logger
        guard let document = try? JSONDecoder().decode(Document.self, from: Foundation.Data(json)) else {
            logger.error("the node's list of rules cannot be read; the last rules stay in force")
            return
        }
        var sets: [String: RuleSet] = [:]
        for item in document.items {
            guard let octets = Bytes(hex: item.rules), Hash32.sha256(octets).hex == item.hash else {
                logger.error("the rules of \(item.owner) are not those of their hash; they are not in force")
                continue
            }
            do {
                sets[item.owner] = try RuleSet(json: octets)
            } catch {
                logger.error("version \(item.version) of the rules of \(item.owner) is not in force: \(error.message)")
            }
        }
        await gateway.intake.setRules(sets)
    }

    /// Commands that rules ask for, one after the other for each device.
    func act(on actions: AsyncStream<RuleAction>) async {
        await withTaskGroup(of: Void.self) { group in
            for await action in actions { group.addTask { await self.command(action) } }
        }
    }

    private func command(_ action: RuleAction) async {
        guard case .command(let device, let name, let payload, let timeout) = action.action else { return }
        guard gateway.directory.current.register.owner(of: device.text) == action.owner else {
            gateway.configuration.logger.warning(
                "rule \(action.rule) of \(action.owner) may not command \(device): it belongs to another")
            return
        }
        var word = "timeout"
        var reply: [UInt8] = []
        do {
            reply = try await gateway.request(name, to: device, payload: payload, timeout: .seconds(timeout))
            word = CommandDesk.word(of: reply)
        } catch {
            reply = Array("\(error)".utf8)
        }
        gateway.board.update { [word] in $0.commands[word, default: 0] += 1 }
        let details = RuleEvent(action, command: name, word: word, reply: String(decoding: reply, as: UTF8.self))
        do {
            try await gateway.post(
                details.operation(device: device.text, name: "commanded"), about: device.text,
                purpose: details.purpose("commanded"))
        } catch {
            gateway.configuration.logger.error("a command of rule \(action.rule) was not recorded: \(error)")
        }
    }
}

/// What goes on the ledger about a rule, as JSON.
struct RuleEvent: Encodable {
    var rule: String
    var holds: Bool
    var device: String
    var quantity: String
    var value: Double
    var time: Double
    var command: String?
    var word: String?
    var reply: String?

    init(_ action: RuleAction, command: String? = nil, word: String? = nil, reply: String? = nil) {
        rule = action.rule
        holds = action.holds
        device = action.reading.device
        quantity = action.reading.quantity
        value = action.reading.value
        time = action.reading.time
        self.command = command
        self.word = word
        self.reply = reply.map { String($0.prefix(200)) }
    }

    /// Names the event in the outbox: the same reading does not raise it twice.
    func purpose(_ kind: String) -> String {
        "event/\(kind)/\(command ?? "")/\(rule)/\(device)/\(quantity)/\(UInt64(max(0, time) * 1000))"
    }

    func operation(device: String, name: String) -> Ledger.Operation {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let details = (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
        return Ledger.Operation(
            "devices", "event",
            [
                ("device", .text(device)), ("name", .text(name)),
                ("at", .unsigned(UInt64(Date().timeIntervalSince1970 * 1000))), ("details", .bytes(details)),
            ])
    }
}
