import Ledger

/// The last event of a name that a gateway saw at a device; `devices/events/<device>/<name>`.
public struct DeviceEventRecord: StateValue, Hashable {
    /// The gateway's clock, ms since 1970.
    public var at: UInt64
    /// What was seen, JSON.
    public var details: Bytes
    public var transaction: Hash32

    init(at: UInt64, details: Bytes, transaction: Hash32) {
        self.at = at
        self.details = details
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let at = map["at"]?.unsigned, let details = map["details"]?.bytes,
            let transaction = map["transaction"]?.hash32
        else { throw .corrupt("of an event") }
        self.init(at: at, details: details, transaction: transaction)
    }

    public var cbor: Value {
        ["at": .unsigned(at), "details": .bytes(details), "transaction": .hash(transaction)]
    }
}
