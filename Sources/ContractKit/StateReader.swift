import Ledger

/// Committed state, read in order.
///
/// A reader for queries throws ``ContractError/corrupt(_:)`` where it cannot read. The one that contracts run on stops the process instead: an
/// error there would become a refusal on this replica alone, and fork it.
public protocol StateReader: AnyObject {
    func value(_ key: Bytes) throws(ContractError) -> Bytes?
    /// Entries with start ≤ key < end in ascending order of keys, at most `limit`.
    func entries(from start: Bytes, to end: Bytes, limit: Int) throws(ContractError) -> [(key: Bytes, value: Bytes)]
}

extension StateReader {
    /// The entry of a typed map.
    public func get<Element>(_ map: StateMap<Element>, _ key: String) throws(ContractError) -> Element? {
        let stateKey = map.key(key)
        guard let bytes = try value(stateKey) else { return nil }
        return try map.decode(bytes, stateKey)
    }

    /// Entries of a typed map whose keys begin with `prefix`, in order, after `after` where given.
    public func scan<Element>(
        _ map: StateMap<Element>, prefix: String = "", after: String? = nil, limit: Int
    ) throws(ContractError) -> [(key: String, value: Element)] {
        let start = after.map { map.key($0) + [0] } ?? map.key(prefix)
        // No UTF-8 byte is 0xFF, so this bound is above every key with the prefix.
        let end = map.key(prefix) + [0xFF]
        var found: [(key: String, value: Element)] = []
        for entry in try entries(from: start, to: end, limit: limit) {
            found.append((map.entryKey(entry.key), try map.decode(entry.value, entry.key)))
        }
        return found
    }
}
