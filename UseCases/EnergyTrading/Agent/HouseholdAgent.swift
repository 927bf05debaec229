import EnergyTradingContract

/// A household's own energy manager: when and how much to buy, use, store and sell, with the reason. It sees its own house,
/// its battery and its rules, and nothing of anybody else.
public struct HouseholdAgent: Sendable {
    /// Less than this is not worth an order, Wh.
    public static let least: UInt64 = 40
    /// Thousandths of an expected surplus that it sells: what does not come costs more than what is left over.
    static let prudence: UInt64 = 800

    public struct Decision: Sendable, Hashable {
        /// nil: idle.
        public let order: OrderTerms?
        /// Wh that it tells the aggregator of, for the order and for what it has agreed on.
        public let surplus: UInt64
        /// Wh at the battery's terminals; above zero it charges.
        public let charge: Int64
        /// Thousandths of a minor unit that the battery's plan is expected to bring.
        public let gain: Int64
        public let reason: String
    }

    public let rules: HouseholdRules
    public let battery: Battery?

    public init(rules: HouseholdRules, battery: Battery?) {
        self.rules = rules
        self.battery = battery
    }

    /// What to do in the first interval of an outlook.
    ///
    /// - Parameters:
    ///   - level: Wh in the battery.
    ///   - money: minor units that the budget leaves.
    ///   - promised: Wh of the interval that agreements are for.
    public func decide(
        _ outlook: [BatteryPlan.Outlook], level: UInt64 = 0, money: UInt64, promised: UInt64 = 0
    ) -> Decision {
        let plan = battery.map { BatteryPlan(outlook, battery: $0, level: level, reserve: rules.reserve) }
        let charge = plan?.charges.first ?? 0
        let gain = plan?.gain ?? 0
        let stored = Self.words(of: charge)
        let energy = (outlook.first?.net ?? 0) + charge
        if energy < 0 {
            let surplus = energy.magnitude * Self.prudence / 1000
            let rest = surplus - min(surplus, promised)
            let order = OrderTerms(
                side: .sell, energy: rest, price: rules.floor, source: charge < 0 ? "battery" : "solar",
                isDivisible: true)
            guard rest >= Self.least else {
                return Decision(
                    order: nil, surplus: surplus, charge: charge, gain: gain,
                    reason: "\(stored)idle: \(rest) Wh to spare are not worth an order")
            }
            return Decision(
                order: order, surplus: surplus, charge: charge, gain: gain,
                reason: "\(stored)sells \(rest) Wh: of \(energy.magnitude) Wh that are expected to be left, a part is "
                    + "kept back, since what does not come costs more than what is left over")
        }
        // The most that the budget pays at the cap, so that it holds at whatever price the auction finds.
        let affordable = rules.cap == 0 ? 0 : min(money, UInt64(Int64.max) / 1_000_000) * 1_000_000 / rules.cap
        let wanted = UInt64(energy)
        let bought = min(wanted, affordable)
        guard bought >= Self.least else {
            let why = wanted < Self.least ? "\(wanted) Wh are not worth an order" : "the budget is used up"
            return Decision(
                order: nil, surplus: 0, charge: charge, gain: gain, reason: "\(stored)idle: \(why)")
        }
        return Decision(
            order: OrderTerms(side: .buy, energy: bought, price: rules.cap, source: "any", isDivisible: true),
            surplus: 0, charge: charge, gain: gain,
            reason: "\(stored)buys \(bought) Wh"
                + (bought < wanted ? " of \(wanted), which is all that the budget pays" : " that the house will take"))
    }

    private static func words(of charge: Int64) -> String {
        if charge == 0 { return "" }
        return charge > 0
            ? "charges \(charge) Wh, which later save more than they bring now; "
            : "takes \(charge.magnitude) Wh from the battery, which are worth more now than later; "
    }
}
