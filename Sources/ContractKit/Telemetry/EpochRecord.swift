import Ledger

/// A key under which a gateway seals a stream; `telemetry/epochs/<gateway>/<stream>/<number, 10 digits>`.
public struct EpochRecord: StateValue, Hashable {
    /// Whose readings are sealed.
    public var owner: String
    /// SHA-256 over the key and what it is for (`EpochKey.commitment`).
    public var commitment: Hash32
    /// Ledger time, ms.
    public var openedAt: UInt64
    /// Earliest and latest device time of the batches so far, ms; nil before the first.
    public var from: UInt64?
    public var to: UInt64?

    public init(owner: String, commitment: Hash32, openedAt: UInt64) {
        self.owner = owner
        self.commitment = commitment
        self.openedAt = openedAt
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let commitment = map["commitment"]?.hash32,
            let openedAt = map["openedAt"]?.unsigned
        else { throw .corrupt("of an epoch") }
        self.init(owner: owner, commitment: commitment, openedAt: openedAt)
        from = map["from"]?.unsigned
        to = map["to"]?.unsigned
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "commitment": .hash(commitment), "openedAt": .unsigned(openedAt),
            "from": .optional(from), "to": .optional(to),
        ]
    }

    /// The entry's key. Numbers have ten digits, so that the map's order is theirs.
    public static func key(gateway: String, stream: String, number: UInt64) -> String {
        prefix(gateway: gateway, stream: stream) + digits(number)
    }

    /// What the keys of a stream's epochs begin with.
    public static func prefix(gateway: String, stream: String) -> String { "\(gateway)/\(stream)/" }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 10 - text.utf8.count)) + text
    }
}
