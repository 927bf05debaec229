import ContractKit
import EnergyTradingAgent
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import SimulationKit
import TestSupport
import Testing

@Suite("A household's agent")
struct HouseholdAgentTests {
    @Test(
        "NRG-5, NRG-6: in the market it never sells below its floor or its reserve, and never spends beyond its budget")
    func withinItsRules() throws {
        var random = SeededGenerator.fresh()
        var (sales, purchases, refusals) = (0, 0, 0)
        for _ in 0..<12 {
            let market = try Market()
            var rules = HouseholdRules(
                floor: .random(in: 3000...15_000, using: &random), cap: .random(in: 8000...25_000, using: &random),
                budget: .random(in: 20...300, using: &random))
            rules.reserve = .random(in: 0...4000, using: &random)
            let battery = Battery(capacity: 8000, rate: 1000)
            var level = UInt64.random(in: rules.reserve...8000, using: &random)
            var budget = Budget(rules.budget)
            let agent = HouseholdAgent(rules: rules, battery: battery)
            for _ in 0..<12 {
                let interval = market.next
                let outlook = (0..<12).map { _ in
                    BatteryPlan.Outlook(
                        net: .random(in: -4000...4000, using: &random),
                        buys: .random(in: 8000...30_000, using: &random),
                        sells: .random(in: 0...9000, using: &random))
                }
                let decision = agent.decide(outlook, level: level, money: budget.left(at: interval))
                level = UInt64(Int64(level) + BatteryPlan.change(decision.charge, battery))
                #expect(level >= rules.reserve && level <= battery.capacity, "\(decision)")
                #expect(!decision.reason.isEmpty)
                guard let terms = decision.order else {
                    refusals += 1
                    continue
                }
                let before = try market.balance("oak")
                if terms.side == .buy {
                    budget.promise(try Auction.amount(terms.energy, at: terms.price), for: interval)
                }
                try play(terms, in: market, interval, &random)
                for (_, trade) in try market.runner.state.scan(
                    EnergyContract.trades, prefix: "\(interval)/", limit: 99)
                where trade.stage == .paid && (trade.seller == "oak" || trade.buyer == "oak") {
                    if trade.seller == "oak" {
                        #expect(trade.price >= rules.floor)
                        sales += 1
                    } else {
                        #expect(trade.price <= rules.cap)
                        purchases += 1
                    }
                }
                let after = try market.balance("oak")
                if terms.side == .buy { budget.settle(interval, paid: before - after) }
            }
            let paid = try market.runner.state.scan(EnergyContract.trades, limit: 1000)
                .filter { $0.value.buyer == "oak" && $0.value.stage == .paid }.reduce(0) { $0 + ($1.value.amount ?? 0) }
            #expect(paid <= rules.budget)
        }
        #expect(sales > 0 && purchases > 0 && refusals > 0, "\(sales) sales, \(purchases) purchases, \(refusals) idle")
    }

    /// The agent's order among its neighbours', to the end of the interval.
    private func play(
        _ terms: OrderTerms, in market: Market, _ interval: UInt64, _ random: inout SeededGenerator
    ) throws {
        var orders = ["oak": terms]
        for id in ["sun", "ivy"] {
            orders[id] = OrderTerms(
                side: id == "sun" ? .sell : .buy, energy: .random(in: 1...5000, using: &random),
                price: .random(in: 1000...30_000, using: &random), source: "any", isDivisible: true)
        }
        for (id, order) in orders.sorted(by: { $0.key < $1.key }) {
            if order.side == .sell {
                _ = market.run("surplus", as: id, interval, [("energy", .unsigned(order.energy))])
            }
            #expect(market.seal(order, as: id, interval) == nil)
        }
        try market.runner.advance(to: interval - 8000)
        for (id, order) in orders.sorted(by: { $0.key < $1.key }) {
            #expect(market.open(order, as: id, interval) == nil)
        }
        try market.runner.advance(to: interval - 4000)
        for (key, trade) in try market.runner.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 99) {
            let number = UInt64(key.split(separator: "/")[1]) ?? 0
            _ = market.run("accept", as: trade.seller, interval, [("trade", .unsigned(number))])
        }
        try market.runner.advance(to: interval + 12_000)
        for id in orders.keys.sorted() { _ = try market.measure(id, interval, imported: 50_000, exported: 50_000) }
        try market.runner.advance(to: interval + 23_000)
    }

    /// Prices of a tariff by the hour, and what is paid for what is given; thousandths of a cent for a kWh.
    private static func tariff(_ hour: Int) -> UInt64 {
        switch hour {
        case 17..<21: 420_000
        case 0..<6: 220_000
        default: 320_000
        }
    }
    private static let feedIn: UInt64 = 80_000
    private static let quarters = 96

    @Test("NRG-12: a battery with a plan beats the rule that stores what is left and uses it at once, and no battery")
    func plan() throws {
        let load = try LoadProfile(path: try LoadProfile.locate())
        let year = try WeatherYear(path: try WeatherYear.locate())
        let house = House("dock", consumption: 16_000, photovoltaics: 8)
        let model = NeighbourhoodModel(houses: [house], year: year, load: load, seed: 1)
        let battery = Battery(capacity: 8000, rate: 1000)
        var agentRules = HouseholdRules(floor: Self.feedIn, cap: 420_000, budget: .max)
        agentRules.reserve = 500
        let agent = HouseholdAgent(rules: agentRules, battery: battery)
        var sums = (none: Int64(0), naive: Int64(0), planned: Int64(0))
        // A week of each season: what really happens has the noise of a household, the forecast has not.
        for month in [1, 4, 7, 10] {
            let start = try Date("2025-\(month < 10 ? "0" : "")\(month)-06T00:00:00Z", strategy: .iso8601)
            let length = 7 * Self.quarters
            func mean(_ quarter: Int, _ watts: (Date) -> Double) -> Int64 {
                let begin = start.addingTimeInterval(Double(quarter) * 900)
                return Int64((watts(begin + 225) + watts(begin + 675)) / 2 / 4)
            }
            let real = (0..<length).map { mean($0) { model.power(of: house, at: $0) } }
            let forecast = (0..<length + Self.quarters).map {
                mean($0) { model.expectedPower(of: house, at: $0) }
            }
            var levels = (naive: Int64(4000), planned: Int64(4000))
            for (quarter, net) in real.enumerated() {
                let hour = quarter % Self.quarters / 4
                func cost(_ energy: Int64) -> Int64 {
                    energy * Int64(energy > 0 ? Self.tariff(hour) : Self.feedIn) / 1000
                }
                sums.none += cost(net)
                let room = battery.capacity - UInt64(levels.naive)
                let charge =
                    net < 0
                    ? min(-net, 1000, Int64(room) * 1000 / 950) : -min(net, 1000, (levels.naive - 500) * 950 / 1000)
                levels.naive += BatteryPlan.change(charge, battery)
                sums.naive += cost(net + charge)
                // The running quarter is known from the house's own display; what comes is a forecast.
                let outlook = (quarter..<quarter + Self.quarters).map { ahead in
                    BatteryPlan.Outlook(
                        net: ahead == quarter ? net : forecast[ahead],
                        buys: Self.tariff(ahead % Self.quarters / 4), sells: Self.feedIn)
                }
                let decision = agent.decide(outlook, level: UInt64(levels.planned), money: .max)
                levels.planned += BatteryPlan.change(decision.charge, battery)
                #expect(levels.planned >= 500 && levels.planned <= 8000)
                sums.planned += cost(net + decision.charge)
            }
            // What is left in the batteries is worth what the night's tariff asks for it.
            sums.naive -= levels.naive * 220
            sums.planned -= levels.planned * 220
            sums.naive += 4000 * 220
            sums.planned += 4000 * 220
        }
        func points(_ sum: Int64) -> Double { Double(sum / 1000) / 100 }
        print(
            "four weeks: \(points(sums.none)) without a battery, \(points(sums.naive)) with the naive rule, "
                + "\(points(sums.planned)) with the plan")
        #expect(sums.planned * 100 < sums.naive * 93)
        #expect(sums.planned * 100 < sums.none * 75)
    }
}
