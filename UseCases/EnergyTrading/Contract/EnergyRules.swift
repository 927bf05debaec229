import ContractKit

/// What genesis says about a microgrid's market; times in ms.
public struct EnergyRules: Sendable, Hashable {
    /// Length of an interval; intervals begin at its multiples since 1970.
    public let interval: UInt64
    /// Orders are sealed until so long before the interval begins.
    public let gate: UInt64
    /// Orders are opened until so long before the interval begins; then the auction is held.
    public let clearing: UInt64
    /// Meters report until so long after the interval has ended.
    public let report: UInt64
    /// Buyers pay until so long after that; then the escrow does.
    public let payment: UInt64
    /// Thousandths of the way from the highest accepted ask to the lowest accepted bid.
    public let k: UInt64
    public let currency: String
    /// What a seller owes for a kWh that did not come, thousandths of a minor unit.
    public let deficitPrice: UInt64
    /// How far two meters of a trade may differ, thousandths of its energy: losses and resolution.
    public let tolerance: UInt64
    /// The aggregator, which keeps the market.
    public let aggregator: String
    /// nil: no measurement unit stops the market.
    public let grid: GridLimits?

    /// Longest interval: a day.
    public static let longest: UInt64 = 24 * 3600 * 1000

    /// - Throws: `corrupt` where genesis does not make sense; then no operation works.
    public init(_ parameters: ValueMap) throws(ContractError) {
        guard let interval = parameters["interval"]?.unsigned, let gate = parameters["gate"]?.unsigned,
            let clearing = parameters["clearing"]?.unsigned, let report = parameters["report"]?.unsigned,
            let payment = parameters["payment"]?.unsigned, let k = parameters["k"]?.unsigned,
            let currency = parameters["currency"]?.text, let deficit = parameters["deficitPrice"]?.unsigned,
            let tolerance = parameters["tolerance"]?.unsigned, let aggregator = parameters["aggregator"]?.text,
            (1...Self.longest).contains(interval), clearing > 0, clearing < gate, gate <= Self.longest,
            report <= Self.longest, payment <= Self.longest, k <= 1000, tolerance <= 1000,
            deficit <= OrderTerms.maximumPrice
        else { throw .corrupt("of the market's rules in genesis") }
        self.interval = interval
        self.gate = gate
        self.clearing = clearing
        self.report = report
        self.payment = payment
        self.k = k
        self.currency = currency
        deficitPrice = deficit
        self.tolerance = tolerance
        self.aggregator = aggregator
        grid = GridLimits(parameters)
    }

    /// Most ms ahead that an order may be placed.
    static let horizon: UInt64 = 7 * 24 * 3600 * 1000

    func requireInterval(_ start: UInt64, at time: UInt64) throws(ContractError) {
        // Thirteen digits, so that keys sort as times do.
        guard start % interval == 0, (1_000_000_000_000..<10_000_000_000_000).contains(start),
            start <= time &+ Self.horizon
        else {
            throw .invalid(
                "interval", "the start of an interval in ms since 1970, a multiple of \(interval), a week ahead at most"
            )
        }
    }
}
