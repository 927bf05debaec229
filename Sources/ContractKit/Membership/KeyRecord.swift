import Ledger

/// A key of a participant or device, never deleted; `membership/keys/<kid hex>`.
public struct KeyRecord: StateValue, Hashable {
    public enum Kind: String, Sendable { case participant, device }

    public var owner: String
    public var kind: Kind
    /// Deterministic CBOR of the COSE_Key.
    public var coseKey: Bytes
    /// First height at which the key is valid.
    public var from: UInt64
    /// First height at which it no longer is.
    public var until: UInt64?

    public init(owner: String, kind: Kind, coseKey: Bytes, from: UInt64, until: UInt64?) {
        self.owner = owner
        self.kind = kind
        self.coseKey = coseKey
        self.from = from
        self.until = until
    }

    public func isValid(at height: UInt64) -> Bool { from <= height && until.map { height < $0 } ?? true }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let kind = map["kind"]?.text.flatMap(Kind.init),
            let key = map["key"]?.bytes, let from = map["from"]?.unsigned
        else { throw .corrupt("of a key") }
        self.init(owner: owner, kind: kind, coseKey: key, from: from, until: map["until"]?.unsigned)
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "kind": .text(kind.rawValue), "key": .bytes(coseKey), "from": .unsigned(from),
            "until": .optional(until),
        ]
    }
}
