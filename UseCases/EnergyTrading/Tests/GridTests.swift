import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("A disturbed grid")
struct GridTests {
    private func observe(
        _ market: Market, _ frequency: UInt64, _ lowest: UInt64, _ highest: UInt64, as id: String = "hub"
    ) -> UInt64? {
        market.runner.run(
            "observe",
            [
                ("frequency", .unsigned(frequency)), ("lowest", .unsigned(lowest)), ("highest", .unsigned(highest)),
                ("message", 7),
            ], as: market.person(id))
    }

    private func isDisturbed(_ market: Market) throws -> Bool {
        try market.runner.state.get(EnergyContract.disturbance, EnergyContract.grid) != nil
    }

    @Test("NRG-2: frequency and voltage outside their limits stop trading, and within them let it go on")
    func limits() throws {
        let market = try Market()
        let interval = market.next
        let ask = OrderTerms(side: .sell, energy: 1000, price: 8000, source: "solar", isDivisible: true)
        #expect(observe(market, 49_000, 230_000, 230_000, as: "sun") == 5)
        let cases: [(UInt64, UInt64, UInt64, Bool)] = [
            (50_000, 229_000, 231_000, true), (49_500, 207_000, 253_000, true), (49_499, 230_000, 230_000, false),
            (50_501, 230_000, 230_000, false), (50_000, 206_999, 230_000, false), (50_000, 230_000, 253_001, false),
        ]
        for (frequency, lowest, highest, isCalm) in cases {
            #expect(observe(market, frequency, lowest, highest) == nil)
            #expect(try isDisturbed(market) == !isCalm)
            #expect(market.seal(ask, as: "sun", interval) == (isCalm ? nil : 124))
            #expect(observe(market, 50_000, 230_000, 230_000) == nil)
            #expect(try !isDisturbed(market))
        }
    }

    @Test("NRG-2: an auction in a disturbed grid allocates nothing, costs nobody points, and all money goes back")
    func halted() throws {
        let market = try Market()
        let interval = market.next
        #expect(market.run("surplus", as: "sun", interval, [("energy", 1000)]) == nil)
        let ask = OrderTerms(side: .sell, energy: 1000, price: 8000, source: "solar", isDivisible: true)
        let bid = OrderTerms(side: .buy, energy: 1000, price: 20_000, source: "any", isDivisible: true)
        for (terms, who) in [(ask, "sun"), (bid, "ivy"), (bid, "oak")] {
            #expect(market.seal(terms, as: who, interval) == nil)
        }
        try market.runner.advance(to: interval - 8000)
        #expect(market.open(ask, as: "sun", interval) == nil)
        #expect(market.open(bid, as: "ivy", interval) == nil)
        #expect(observe(market, 48_000, 230_000, 230_000) == nil)
        #expect(market.open(bid, as: "oak", interval) == 124)
        try market.runner.advance(to: interval - 4000)
        let clearing = try #require(try market.runner.state.get(EnergyContract.clearings, "\(interval)"))
        #expect(clearing.isHalted && clearing.energy == 0 && clearing.price == nil && clearing.trades == 0)
        #expect(try market.runner.state.get(EnergyContract.credits, "oak") == nil)
        let cross: [(String, Value)] = [
            ("side", "sell"), ("energy", 500), ("price", 9000), ("decision", .hash(.sha256([1]))),
        ]
        #expect(market.run("cross", as: "hub", interval, cross) == 124)
        try market.runner.advance(to: interval)
        #expect(try market.balance("ivy") == 100_000)
        #expect(observe(market, 50_000, 230_000, 230_000) == nil)
        #expect(market.seal(ask, as: "sun", market.next) == nil)
        #expect(try market.violations().isEmpty)
    }
}
