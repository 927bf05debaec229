import DeviceKit
import Foundation
import Ledger

/// A command that is FINAL on the ledger and has no outcome there, as the node lists it.
struct OpenCommand: Sendable, Hashable {
    let device: DeviceURN
    let id: String
    let name: String
    let arguments: [UInt8]
    /// ms since 1970.
    let deadline: UInt64
    /// The transaction that gave it.
    let transaction: Hash32

    /// What the device gets as correlation data (MQTT 5 §4.10): the same at each attempt, so that it can tell a
    /// command that it carried out already.
    var correlation: [UInt8] { Array(transaction.bytes.prefix(16)) }
    /// Name of its outcome in the outbox; a second one is not taken.
    var purpose: String { "outcome/\(device.text)/\(id)" }

    private struct Document: Decodable {
        struct Item: Decodable {
            var device: String
            var id: String
            var name: String
            var arguments: String
            var deadlineMs: UInt64
            var transaction: String
        }
        var items: [Item]
    }

    /// The answer of `GET /api/v1/commands?gateway=…`.
    static func list(json: [UInt8]) throws(GatewayError) -> [OpenCommand] {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Foundation.Data(json))
        } catch {
            throw GatewayError(.directory, "the node's list of commands cannot be read: \(error)")
        }
        var commands: [OpenCommand] = []
        for item in document.items {
            guard let device = try? DeviceURN(item.device), let arguments = Bytes(hex: item.arguments),
                let transaction = Hash32(hex: item.transaction)
            else { throw GatewayError(.directory, "the command \(item.id) in the node's list cannot be read") }
            commands.append(
                OpenCommand(
                    device: device, id: item.id, name: item.name, arguments: arguments, deadline: item.deadlineMs,
                    transaction: transaction))
        }
        return commands
    }
}
