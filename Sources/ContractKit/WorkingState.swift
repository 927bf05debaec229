import Ledger

/// Committed state with the changes of the block being executed on top. A refused statement's changes are taken back.
public final class WorkingState: StateReader {
    private let base: any StateReader
    private var overlay: [StateKey: Bytes?] = [:]
    /// What each write of the running statement replaced: nil if the overlay had nothing for the key.
    private var journal: [(key: StateKey, previous: Bytes??)] = []

    public init(over base: any StateReader) {
        self.base = base
    }

    public func value(_ key: Bytes) throws(ContractError) -> Bytes? {
        if let changed = overlay[StateKey(key)] { return changed }
        return try base.value(key)
    }

    public func set(_ key: Bytes, _ value: Bytes?) {
        let key = StateKey(key)
        journal.append((key, overlay.updateValue(value, forKey: key)))
    }

    public func entries(
        from start: Bytes, to end: Bytes, limit: Int
    ) throws(ContractError) -> [(key: Bytes, value: Bytes)] {
        let inRange = overlay.keys.lazy.map(\.bytes).filter {
            !$0.lexicographicallyPrecedes(start) && $0.lexicographicallyPrecedes(end)
        }.sorted { $0.lexicographicallyPrecedes($1) }
        if inRange.isEmpty { return try base.entries(from: start, to: end, limit: limit) }
        // Each changed key may hide one committed entry, so read that many more.
        var merged = try base.entries(from: start, to: end, limit: limit + inRange.count)
            .filter { overlay[StateKey($0.key)] == nil }
        for key in inRange {
            if let changed = overlay[StateKey(key)], let value = changed { merged.append((key, value)) }
        }
        merged.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return Array(merged.prefix(limit))
    }

    /// Keeps what the running statement changed.
    public func keep() {
        journal.removeAll(keepingCapacity: true)
    }

    /// Takes back what the running statement changed.
    public func rollBack() {
        for (key, previous) in journal.reversed() {
            if let previous { overlay[key] = previous } else { overlay.removeValue(forKey: key) }
        }
        journal.removeAll(keepingCapacity: true)
    }

    /// All changes of the block, in no particular order: neither the tree nor the database depends on one. A nil value removes the key.
    public func changes() -> [(key: Bytes, value: Bytes?)] {
        overlay.map { (key: $0.key.bytes, value: $0.value) }
    }
}
