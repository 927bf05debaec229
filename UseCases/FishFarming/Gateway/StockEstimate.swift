/// What a pond's fish weigh and are worth, with a band that says how little is known: from fry, deaths, the last weighing,
/// growth since then by warmth and by feed, and the market's price.
public struct StockEstimate: Sendable, Hashable {
    /// What the estimate starts from.
    public struct Inputs: Sendable {
        public var species: String
        public var stocked: UInt64
        public var dead: UInt64
        /// The supplier confirmed the number of fry.
        public var isConfirmed: Bool
        /// g a fish at the last weighing; nil where nobody weighed.
        public var weighed: Double?
        /// Days since the last weighing, or since stocking without one.
        public var days: Double
        /// Grams of feed in that time.
        public var feed: Double
        /// Mean of the water, °C; nil for what the species is usually kept at.
        public var temperature: Double?
        /// Price of a kilogram and days since it was told; nil without one.
        public var price: (value: Double, days: Double)?

        public init(
            species: String, stocked: UInt64, dead: UInt64, isConfirmed: Bool, weighed: Double?, days: Double,
            feed: Double, temperature: Double?, price: (value: Double, days: Double)?
        ) {
            self.species = species
            self.stocked = stocked
            self.dead = dead
            self.isConfirmed = isConfirmed
            self.weighed = weighed
            self.days = days
            self.feed = feed
            self.temperature = temperature
            self.price = price
        }
    }

    public struct Range: Sendable, Hashable {
        public let low: Double
        public let expected: Double
        public let high: Double

        init(_ expected: Double, within share: Double) {
            self.expected = expected
            low = expected * max(0, 1 - share)
            high = expected * (1 + share)
        }
    }

    /// Fish that are taken to live, g a fish, kg in all, and units of money; nil without a price.
    public let alive: UInt64
    public let grams: Range
    public let biomass: Range
    public let value: Range?
    /// Half of the band of the biomass, as a share of it.
    public let share: Double

    /// Thermal growth coefficients, g^⅓ in a degree-day, and the usual water; after common practice of feed tables.
    private static let table: [(words: [String], coefficient: Double, usual: Double)] = [
        (["trout", "salmon", "char"], 0.00174, 13), (["catfish", "pangasius"], 0.0016, 28),
        (["carp", "tench"], 0.0010, 22), (["tilapia"], 0.0011, 28), (["perch", "bass", "pike"], 0.0010, 23),
    ]
    private static let unknown = (coefficient: 0.0010, usual: 22.0)
    /// g of a fry that nobody weighed.
    static let fry = 1.0
    /// Grams of feed that become a gram of fish.
    private static let conversion = 1.6
    /// Shares of the band: a weighing of few fish, none at all, each day since, deaths nobody saw, unconfirmed fry.
    static let weighing = 0.05
    static let unweighed = 0.30
    static let daily = 0.008
    static let unseen = 0.03
    static let unconfirmed = 0.10
    static let most = 0.90
    /// Of a price on its day, and each day since.
    private static let market = 0.05
    private static let drift = 0.01

    public init(_ inputs: Inputs) {
        let row = Self.table.first { row in row.words.contains { inputs.species.lowercased().contains($0) } }
        let coefficient = row?.coefficient ?? Self.unknown.coefficient
        let warmth = inputs.temperature ?? row?.usual ?? Self.unknown.usual
        alive = inputs.stocked - min(inputs.stocked, inputs.dead)
        let start = inputs.weighed ?? Self.fry
        let root = Self.cubeRoot(start) + coefficient * max(0, warmth) * max(0, inputs.days)
        let byWarmth = root * root * root
        // No fish gains more than its feed gives; where no feed was told, warmth alone is known.
        let byFeed = start + inputs.feed / Double(max(1, alive)) / Self.conversion
        let expected = inputs.feed > 0 ? (byWarmth + byFeed) / 2 : byWarmth
        let disagreement = inputs.feed > 0 ? abs(byWarmth - byFeed) / 2 / max(expected, 0.001) : 0
        let base = inputs.weighed == nil ? Self.unweighed : Self.weighing
        let weight = min(Self.most, base + Self.daily * max(0, inputs.days) + disagreement)
        let number = Self.unseen + (inputs.isConfirmed ? 0 : Self.unconfirmed)
        grams = Range(expected, within: weight)
        share = min(Self.most, weight + number)
        biomass = Range(expected * Double(alive) / 1000, within: share)
        value = inputs.price.map { [biomass, share] price in
            let apart = min(Self.most, share + Self.market + Self.drift * max(0, price.days))
            return Range(biomass.expected * price.value, within: apart)
        }
    }

    /// By Newton's method, so that no library of the system decides the last digits.
    private static func cubeRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        var root = max(1, value / 3)
        for _ in 0..<60 { root -= (root * root * root - value) / (3 * root * root) }
        return root
    }
}
