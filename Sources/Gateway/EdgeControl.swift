import Foundation
import Ledger

/// What a gateway controls by itself where edge rules are not enough: it sees readings as they become durable, commands
/// devices, and what it did goes to the ledger by way of the gateway's store, also while the node is away.
public protocol EdgeControl: Sendable {
    /// Readings that are durable, in order. Must return quickly.
    func accepted(_ readings: [AcceptedReading])
    /// Works until the task is cancelled.
    func run(on gateway: Gateway) async
}

extension Gateway {
    /// Brings an operation of a use case to the ledger, signed by the gateway, once the node can be reached.
    ///
    /// - Parameter purpose: names it; what was recorded under this name before is not recorded again.
    public func record(_ operation: Ledger.Operation, about subject: String, purpose: String) async throws {
        try await post(operation, about: subject, purpose: purpose)
    }

    /// A list that the node makes for this gateway, `GET /api/v1/{name}?gateway=…`. It is kept on the disk: while the
    /// node is away, and after a restart meanwhile, the last one holds.
    public func keptList(_ name: String) async throws -> [UInt8]? {
        let kept = try await store.setting("list/\(name)")
        guard let fresh = try? await node.list(name) else { return kept }
        if fresh != kept { try await store.setSetting("list/\(name)", fresh) }
        return fresh
    }
}
