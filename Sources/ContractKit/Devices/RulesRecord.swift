import Ledger

/// Edge rules of an owner's devices at a gateway; `devices/rules/<gateway>/<owner>`.
public struct RulesRecord: StateValue, Hashable {
    /// Grows by one with each change.
    public var version: UInt64
    public var hash: Hash32
    /// JSON as docs/operating/devices.md describes it. The contract does not read it, the gateway does.
    public var rules: Bytes
    public var time: UInt64

    init(version: UInt64, hash: Hash32, rules: Bytes, time: UInt64) {
        self.version = version
        self.hash = hash
        self.rules = rules
        self.time = time
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let version = map["version"]?.unsigned, let hash = map["hash"]?.hash32,
            let rules = map["rules"]?.bytes, let time = map["time"]?.unsigned
        else { throw .corrupt("of rules") }
        self.init(version: version, hash: hash, rules: rules, time: time)
    }

    public var cbor: Value {
        ["version": .unsigned(version), "hash": .hash(hash), "rules": .bytes(rules), "time": .unsigned(time)]
    }
}
