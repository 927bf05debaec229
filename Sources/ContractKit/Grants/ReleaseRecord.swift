import Ledger

/// Epochs of one gateway's stream, both ends included.
public struct EpochRange: Sendable, Hashable {
    public var gateway: String
    public var stream: String
    public var first: UInt64
    public var last: UInt64

    public init(gateway: String, stream: String, first: UInt64, last: UInt64) {
        self.gateway = gateway
        self.stream = stream
        self.first = first
        self.last = last
    }

    /// `[gateway, stream, first, last]`
    public init(cbor: Value) throws(ContractError) {
        guard let parts = cbor.array, parts.count == 4, let gateway = parts[0].text, let stream = parts[1].text,
            let first = parts[2].unsigned, let last = parts[3].unsigned, first <= last
        else { throw .invalid("epochs", "a list of [gateway, stream, first epoch, last epoch]") }
        self.init(gateway: gateway, stream: stream, first: first, last: last)
    }

    public var cbor: Value { .array([.text(gateway), .text(stream), .unsigned(first), .unsigned(last)]) }
}

/// That keys were handed out: who reads what, when, under which grant; `grants/releases/<request>`.
public struct ReleaseRecord: StateValue, Hashable {
    public var grant: String
    /// Which release of the grant it was, from 1.
    public var number: UInt64
    /// Ledger time, ms.
    public var time: UInt64
    public var epochs: [EpochRange]

    public init(grant: String, number: UInt64, time: UInt64, epochs: [EpochRange]) {
        self.grant = grant
        self.number = number
        self.time = time
        self.epochs = epochs
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let grant = map["grant"]?.text, let number = map["number"]?.unsigned,
            let time = map["time"]?.unsigned, let items = map["epochs"]?.array
        else { throw .corrupt("of a release") }
        var epochs: [EpochRange] = []
        for item in items { epochs.append(try EpochRange(cbor: item)) }
        self.init(grant: grant, number: number, time: time, epochs: epochs)
    }

    public var cbor: Value {
        [
            "grant": .text(grant), "number": .unsigned(number), "time": .unsigned(time),
            "epochs": .array(epochs.map(\.cbor)),
        ]
    }
}
