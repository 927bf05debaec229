import Ledger

/// The few things that an order of slots asks of a store of keys and values: reading a range, and a write that compares first.
package protocol SlotStore: Sendable {
    /// Values under keys from `start` up to `end`, ascending; of one key without `end`.
    func range(_ start: Bytes, to end: Bytes?, limit: Int) async throws -> [(key: Bytes, value: Bytes)]
    /// Writes all values if a key still has the value `expected` (nil: does not exist).
    func put(_ values: [(key: Bytes, value: Bytes)], ifKey key: Bytes, is expected: Bytes?) async throws -> SlotWrite
    /// Writes one value and deletes keys from `start` up to `end`.
    func put(_ value: Bytes, at key: Bytes, deletingFrom start: Bytes, to end: Bytes) async throws
    /// Bytes that it holds; nil where that cannot be told.
    func bytesInUse() async throws -> Int?
    func close()
}

/// What became of a write that compares first.
package enum SlotWrite: Sendable {
    case written
    /// The key has another value, or none.
    case found(Bytes?)
}

extension SlotStore {
    func range(_ key: Bytes) async throws -> [(key: Bytes, value: Bytes)] { try await range(key, to: nil, limit: 0) }
    func range(_ start: Bytes, to end: Bytes) async throws -> [(key: Bytes, value: Bytes)] {
        try await range(start, to: end, limit: 0)
    }
}
