/// A household's battery.
public struct Battery: Sendable, Hashable {
    /// Wh.
    public let capacity: UInt64
    /// Wh that it takes or gives in an interval at most.
    public let rate: UInt64
    /// Thousandths that are left of energy after charging, and again after discharging.
    public let efficiency: UInt64

    public init(capacity: UInt64, rate: UInt64, efficiency: UInt64 = 950) {
        self.capacity = capacity
        self.rate = rate
        self.efficiency = efficiency
    }
}

/// When to charge and to discharge: the cheapest way through the forecast, found backwards from its end.
public struct BatteryPlan: Sendable, Hashable {
    /// What is known ahead of an interval.
    public struct Outlook: Sendable, Hashable {
        /// Wh that the house takes; below zero its roof gives more than that.
        public let net: Int64
        /// What a kWh costs and what it brings, thousandths of a minor unit.
        public let buys: UInt64
        public let sells: UInt64

        public init(net: Int64, buys: UInt64, sells: UInt64) {
            self.net = net
            self.buys = buys
            self.sells = sells
        }

        /// Thousandths of a minor unit × Wh ÷ 1000, for so much at the meter.
        func cost(_ energy: Int64) -> Int64 { energy * Int64(energy > 0 ? buys : sells) / 1000 }
    }

    /// Distance of the levels that are worked out, Wh; between them costs run straight.
    private static let step: Int64 = 250

    /// Wh at the battery's terminals for each interval: above zero it charges.
    public let charges: [Int64]
    /// Thousandths of a minor unit that the plan is expected to cost less than the same house without a battery, with
    /// what is left in it at the price it would bring.
    public let gain: Int64

    public init(_ outlook: [Outlook], battery: Battery, level: UInt64, reserve: UInt64) {
        let bottom = Int64(min(reserve, battery.capacity))
        let range = bottom...Int64(battery.capacity)
        let levels = Array(stride(from: bottom, through: range.upperBound, by: Int(Self.step)))
        // What is left at the end is worth what the meanest interval would pay for it, less the loss on the way out.
        let worth = Int64(outlook.map(\.sells).min() ?? 0)
        let end = levels.map { Self.terminals(bottom - $0, battery) * worth / 1000 }
        var later = [end]
        for interval in outlook.reversed() {
            let costs = later[later.count - 1]
            later.append(
                levels.map {
                    Self.best(interval, battery, at: $0, range, costs).cost
                })
        }
        var at = min(max(Int64(level), range.lowerBound), range.upperBound)
        let expected = Self.between(later[later.count - 1], at, range)
        gain = outlook.reduce(0) { $0 + $1.cost($1.net) } + Self.between(end, at, range) - expected
        var charges: [Int64] = []
        for (interval, costs) in zip(outlook, later.dropLast().reversed()) {
            let change = Self.best(interval, battery, at: at, range, costs).change
            charges.append(Self.terminals(change, battery))
            at += change
        }
        self.charges = charges
    }

    /// The cheapest change of the level in an interval: just so much that nothing passes the meter, standing still, or a
    /// step of any size. The first of equals is taken: what the roof gives now is surer than what it will give.
    private static func best(
        _ interval: Outlook, _ battery: Battery, at level: Int64, _ range: ClosedRange<Int64>, _ later: [Int64]
    ) -> (change: Int64, cost: Int64) {
        let rate = Int64(battery.rate)
        let least = max(-rate, range.lowerBound - level)
        let most = min(rate, range.upperBound - level)
        var found = (change: Int64(0), cost: Int64.max)
        for change in [min(most, max(least, self.change(-interval.net, battery))), 0, least, most]
            + stride(from: -rate, through: rate, by: Int(step)).filter({ (least...most).contains($0) })
        {
            let cost =
                interval.cost(interval.net + terminals(change, battery)) + between(later, level + change, range)
            if cost < found.cost { found = (change, cost) }
        }
        return found
    }

    /// Costs at a level between those that were worked out.
    private static func between(_ costs: [Int64], _ level: Int64, _ range: ClosedRange<Int64>) -> Int64 {
        let (index, rest) = (level - range.lowerBound).quotientAndRemainder(dividingBy: step)
        let place = Int(index)
        guard place + 1 < costs.count else { return costs[costs.count - 1] }
        return costs[place] + (costs[place + 1] - costs[place]) * rest / step
    }

    /// What flows at the terminals when the level changes by so much.
    private static func terminals(_ change: Int64, _ battery: Battery) -> Int64 {
        change > 0
            ? (change * 1000 + Int64(battery.efficiency) - 1) / Int64(battery.efficiency)
            : change * Int64(battery.efficiency) / 1000
    }

    /// How a level changes when so much flows at the terminals.
    public static func change(_ charge: Int64, _ battery: Battery) -> Int64 {
        charge > 0 ? charge * Int64(battery.efficiency) / 1000 : charge * 1000 / Int64(battery.efficiency)
    }
}
