import Ledger

/// What an owner decided about a stream; `grants/streams/<stream>`. A stream without an entry is sealed.
public struct StreamRecord: StateValue, Hashable {
    /// Readings may be on the ledger in the open, for everybody.
    public var isPublished: Bool
    /// Grows when the next batch has to be sealed under a new key.
    public var rotation: UInt64

    public init(isPublished: Bool = false, rotation: UInt64 = 0) {
        self.isPublished = isPublished
        self.rotation = rotation
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let published = map["published"]?.bool, let rotation = map["rotation"]?.unsigned
        else { throw .corrupt("of a stream") }
        self.init(isPublished: published, rotation: rotation)
    }

    public var cbor: Value { ["published": .bool(isPublished), "rotation": .unsigned(rotation)] }
}

/// A participant's X25519 key; `grants/keys/<participant>`, and once replaced `grants/oldkeys/<participant>/<number>`.
public struct EncryptionKeyRecord: StateValue, Hashable {
    /// 32 octets.
    public var key: Bytes
    /// Which key of the participant it is, from 1.
    public var number: UInt64
    /// First height at which it holds.
    public var from: UInt64
    /// First height at which it no longer does.
    public var until: UInt64?
    /// Base address of the node that keeps the participant's epoch keys; nil for the node one asks anyway.
    public var service: String?

    public init(key: Bytes, number: UInt64, from: UInt64, until: UInt64? = nil, service: String?) {
        self.key = key
        self.number = number
        self.from = from
        self.until = until
        self.service = service
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let key = map["key"]?.bytes, let number = map["number"]?.unsigned,
            let from = map["from"]?.unsigned
        else { throw .corrupt("of an encryption key") }
        self.init(
            key: key, number: number, from: from, until: map["until"]?.unsigned, service: map["service"]?.text)
    }

    public var cbor: Value {
        [
            "key": .bytes(key), "number": .unsigned(number), "from": .unsigned(from), "until": .optional(until),
            "service": .optional(service),
        ]
    }
}
