import ContractKit

/// Within what frequency and voltage the microgrid trades; from genesis.
public struct GridLimits: Sendable, Hashable {
    /// mHz, and how far either way.
    public let frequency: UInt64
    public let frequencyBand: UInt64
    /// mV, and how far either way in thousandths of it.
    public let voltage: UInt64
    public let voltageBand: UInt64

    /// nil where genesis limits nothing.
    init?(_ parameters: ValueMap) {
        guard let frequency = parameters["frequency"]?.unsigned, let voltage = parameters["voltage"]?.unsigned,
            let frequencyBand = parameters["frequencyBand"]?.unsigned, frequencyBand < frequency,
            let voltageBand = parameters["voltageBand"]?.unsigned, voltageBand < 1000,
            frequency < 1_000_000, voltage < 1_000_000_000
        else { return nil }
        self.frequency = frequency
        self.frequencyBand = frequencyBand
        self.voltage = voltage
        self.voltageBand = voltageBand
    }

    public func holds(_ state: GridState) -> Bool {
        let band = voltage * voltageBand / 1000
        return (frequency - frequencyBand...frequency + frequencyBand).contains(state.frequency)
            && state.lowest >= voltage - band && state.highest <= voltage + band
    }
}

/// What a measurement unit of the grid showed.
public struct GridState: StateValue, Hashable {
    /// mHz.
    public let frequency: UInt64
    /// mV: of the phases the lowest and the highest.
    public let lowest: UInt64
    public let highest: UInt64
    /// Number of the unit's signed message.
    public let message: UInt64
    /// ms since 1970, by the ledger: since when trading stands still.
    public var since: UInt64

    public init(frequency: UInt64, lowest: UInt64, highest: UInt64, message: UInt64, since: UInt64 = 0) {
        self.frequency = frequency
        self.lowest = lowest
        self.highest = highest
        self.message = message
        self.since = since
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let frequency = map["frequency"]?.unsigned, let lowest = map["lowest"]?.unsigned,
            let highest = map["highest"]?.unsigned, let message = map["message"]?.unsigned,
            let since = map["since"]?.unsigned
        else { throw .corrupt("of the grid") }
        self.init(frequency: frequency, lowest: lowest, highest: highest, message: message, since: since)
    }

    public var cbor: Value {
        [
            "frequency": .unsigned(frequency), "lowest": .unsigned(lowest), "highest": .unsigned(highest),
            "message": .unsigned(message), "since": .unsigned(since),
        ]
    }
}
