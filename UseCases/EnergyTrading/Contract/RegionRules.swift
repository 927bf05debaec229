import ContractKit

/// What genesis says about trading between microgrids; times in ms.
public struct RegionRules: Sendable, Hashable {
    public let interval: UInt64
    /// Positions are taken until so long before an interval begins; then the trade is decided.
    public let clearing: UInt64
    /// Tie-line meters report until so long after the interval has ended: an aggregator's link may be away for as long, and
    /// what was agreed before is still settled by both sides' word.
    public let report: UInt64
    public let k: UInt64
    public let currency: String
    /// For each kWh that crosses, once, thousandths of a minor unit; the buying side pays it.
    public let fee: UInt64
    /// Who gets the fee.
    public let gridOperator: String

    public init(_ parameters: ValueMap) throws(ContractError) {
        guard let interval = parameters["interval"]?.unsigned, let clearing = parameters["clearing"]?.unsigned,
            let report = parameters["report"]?.unsigned, let k = parameters["k"]?.unsigned, k <= 1000,
            let currency = parameters["currency"]?.text, let fee = parameters["fee"]?.unsigned,
            fee <= OrderTerms.maximumPrice, let gridOperator = parameters["gridOperator"]?.text,
            (1...EnergyRules.longest).contains(interval), clearing <= EnergyRules.longest, report <= EnergyRules.longest
        else { throw .corrupt("of the region's rules in genesis") }
        self.interval = interval
        self.clearing = clearing
        self.report = report
        self.k = k
        self.currency = currency
        self.fee = fee
        self.gridOperator = gridOperator
    }
}
