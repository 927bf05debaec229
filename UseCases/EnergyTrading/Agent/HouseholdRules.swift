import EnergyTradingContract

/// What a household tells its agent; every figure is a limit that the agent never crosses.
public struct HouseholdRules: Sendable, Hashable {
    /// Lowest price that it sells at, and highest that it buys at, thousandths of a minor unit for a kWh.
    public var floor: UInt64
    public var cap: UInt64
    /// Most that it spends in a period of the ``Budget``, minor units.
    public var budget: UInt64
    /// Wh that stay in the battery, for a power cut.
    public var reserve: UInt64 = 0
    /// Neighbours who get an agreement before anybody else is sold to.
    public var preferredBuyers: [String] = []

    public init(floor: UInt64, cap: UInt64, budget: UInt64) {
        self.floor = floor
        self.cap = cap
        self.budget = budget
    }
}

/// What a household spent of its budget, and what it has promised to open orders.
public struct Budget: Sendable, Hashable {
    /// Length of a period, ms: thirty days.
    public static let period: UInt64 = 30 * 24 * 3600 * 1000

    public let most: UInt64
    private var number: UInt64 = 0
    private var spent: UInt64 = 0
    private var promised: [UInt64: UInt64] = [:]

    public init(_ most: UInt64) { self.most = most }

    /// Minor units that may still be promised for an interval.
    public mutating func left(at interval: UInt64) -> UInt64 {
        if interval / Self.period != number { (number, spent) = (interval / Self.period, 0) }
        let used = promised.values.reduce(spent) { $0 &+ $1 }
        return most - min(most, used)
    }

    /// Sets aside what an order of the interval may cost at most.
    public mutating func promise(_ amount: UInt64, for interval: UInt64) { promised[interval] = amount }

    /// The interval is over: what was paid is spent, the rest is free.
    public mutating func settle(_ interval: UInt64, paid: UInt64) {
        promised[interval] = nil
        if interval / Self.period == number { spent = spent &+ paid }
    }
}
