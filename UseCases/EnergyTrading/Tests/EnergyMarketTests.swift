import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Market of a microgrid")
struct EnergyMarketTests {
    @Test("NRG-24, NRG-25, NRG-28, NRG-29: from sealed orders to payment of what was delivered")
    func wholeTrade() throws {
        let market = try Market()
        let interval = market.next
        #expect(market.run("surplus", as: "sun", interval, [("energy", 4000)]) == nil)
        let ask = OrderTerms(side: .sell, energy: 4000, price: 8000, source: "solar", isDivisible: true)
        let bid = OrderTerms(side: .buy, energy: 3000, price: 20_000, source: "any", isDivisible: true)
        #expect(market.seal(ask, as: "sun", interval) == nil)
        #expect(market.seal(bid, as: "ivy", interval) == nil)
        // Nothing of an order can be read before it is open.
        #expect(try market.runner.state.get(EnergyContract.orders, "\(interval)/ivy")?.terms == nil)
        #expect(market.open(bid, as: "ivy", interval) == 102)
        try market.runner.advance(to: interval - 8000)
        #expect(market.seal(bid, as: "ivy", interval) == 101)
        #expect(market.open(ask, as: "sun", interval) == nil)
        let other = OrderTerms(side: .buy, energy: 3000, price: 19_999, source: "any", isDivisible: true)
        #expect(market.open(other, as: "ivy", interval) == 103)
        #expect(market.open(bid, as: "ivy", interval) == nil)
        #expect(try market.balance("ivy") == 100_000 - 60)
        try market.runner.advance(to: interval - 4000)
        let clearing = try #require(try market.runner.state.get(EnergyContract.clearings, "\(interval)"))
        #expect(clearing.price == 14_000 && clearing.energy == 3000 && clearing.trades == 1)
        #expect(market.run("accept", as: "ivy", interval, [("trade", 0)]) == 5)
        #expect(market.run("accept", as: "sun", interval, [("trade", 0)]) == nil)
        try market.runner.advance(to: interval)
        // What the order did not get is free again; what it got is 42.
        #expect(try market.balance("ivy") == 100_000 - 42)
        try market.runner.advance(to: interval + 12_000)
        #expect(try market.measure("sun", interval, exported: 2400) == nil)
        #expect(try market.measure("ivy", interval, imported: 2400) == nil)
        #expect(try market.measure("ivy", interval, imported: 2400) == 109)
        let trade = try #require(try market.runner.state.get(EnergyContract.trades, "\(interval)/0"))
        #expect(trade.stage == .payable && trade.delivered == 2400 && trade.amount == 33)
        #expect(market.run("pay", as: "ivy", interval, [("trade", 0), ("amount", 30)]) == 111)
        #expect(market.run("pay", as: "ivy", interval, [("trade", 0), ("amount", 33)]) == nil)
        // 600 Wh did not come: 600 × 30 ÷ 1000.
        #expect(try market.balance("sun") == 100_000 + 33 - 18)
        #expect(try market.balance("ivy") == 100_000 - 33)
        #expect(market.run("confirm", as: "hub", interval, [("trade", 0), ("commitment", .hash(.zero))]) == nil)
        #expect(market.run("confirm", as: "hub", interval, [("trade", 0), ("commitment", .hash(.zero))]) == 112)
        #expect(try market.violations().isEmpty)
    }

    @Test("NRG-16: energy is sold once: more than was to spare is refused when the order opens")
    func soldOnce() throws {
        let market = try Market()
        let interval = market.next
        #expect(market.run("surplus", as: "sun", interval, [("energy", 1000)]) == nil)
        let ask = OrderTerms(side: .sell, energy: 1500, price: 8000, source: "solar", isDivisible: true)
        #expect(market.seal(ask, as: "sun", interval) == nil)
        #expect(market.run("surplus", as: "sun", interval, [("energy", 2000)]) == 116)
        try market.runner.advance(to: interval - 8000)
        #expect(market.open(ask, as: "sun", interval) == 105)
    }

    @Test("NRG-26: no trade without the seller's word, given ahead or in time")
    func acceptance() throws {
        for floor in [10_000, 20_000] as [UInt64] {
            let market = try Market()
            let interval = market.next
            let standing: [(String, Value)] = [("until", .unsigned(interval)), ("floor", .unsigned(floor))]
            #expect(market.runner.run("standing", standing, as: market.person("sun")) == nil)
            try market.trade(interval, sold: 1000, ask: 8000, bid: 20_000)
            let trade = try #require(try market.runner.state.get(EnergyContract.trades, "\(interval)/0"))
            #expect(trade.stage == (floor == 10_000 ? .accepted : .proposed))
            try market.runner.advance(to: interval)
            let after = try #require(try market.runner.state.get(EnergyContract.trades, "\(interval)/0"))
            #expect(after.stage == (floor == 10_000 ? .accepted : .lapsed))
            #expect(try market.balance("ivy") == (floor == 10_000 ? 100_000 - 14 : 100_000))
        }
    }

    @Test("NRG-27: meters that differ, or are silent, open a dispute; the aggregator decides, but not its own")
    func disputes() throws {
        let market = try Market()
        let interval = market.next
        try market.trade(interval, sold: 1000, ask: 8000, bid: 20_000)
        #expect(market.run("accept", as: "sun", interval, [("trade", 0)]) == nil)
        try market.runner.advance(to: interval + 12_000)
        #expect(try market.measure("sun", interval, exported: 1000) == nil)
        #expect(try market.measure("ivy", interval, imported: 900) == nil)
        #expect(try market.runner.state.get(EnergyContract.trades, "\(interval)/0")?.stage == .disputed)
        let verdict: [(String, Value)] = [("trade", 0), ("delivered", 950), ("reason", "the line was checked")]
        #expect(market.run("resolve", as: "sun", interval, verdict) == 5)
        #expect(market.run("resolve", as: "hub", interval, verdict) == nil)
        #expect(try market.balance("sun") == 100_000 + 13)

        let silent = try Market()
        let later = silent.next
        try silent.trade(later, sold: 1000, ask: 8000, bid: 20_000)
        #expect(silent.run("accept", as: "sun", later, [("trade", 0)]) == nil)
        try silent.runner.advance(to: later + 12_000)
        #expect(try silent.measure("sun", later, exported: 1000) == nil)
        try silent.runner.advance(to: later + 12_000 + 10_000)
        #expect(try silent.runner.state.get(EnergyContract.trades, "\(later)/0")?.stage == .disputed)
    }

    @Test("NRG-29: who does not pay in time pays from escrow")
    func escrowPays() throws {
        let market = try Market()
        let interval = market.next
        try market.trade(interval, sold: 1000, ask: 8000, bid: 20_000)
        #expect(market.run("accept", as: "sun", interval, [("trade", 0)]) == nil)
        try market.runner.advance(to: interval + 12_000)
        #expect(try market.measure("sun", interval, exported: 1000) == nil)
        #expect(try market.measure("ivy", interval, imported: 1000) == nil)
        try market.runner.advance(to: interval + 12_000 + 20_000)
        #expect(try market.runner.state.get(EnergyContract.trades, "\(interval)/0")?.stage == .paid)
        #expect(try market.balance("sun") == 100_000 + 14)
    }

    @Test("NRG-17: what the local market left crosses the border at an agreed price, from the best orders")
    func crossing() throws {
        let market = try Market()
        let interval = market.next
        try market.trade(interval, sold: 5000, ask: 8000, bid: 20_000, bought: 1000)
        let cross: [(String, Value)] = [
            ("side", "sell"), ("energy", 3000), ("price", 9000), ("decision", .hash(.sha256([1]))),
        ]
        #expect(market.run("cross", as: "sun", interval, cross) == 5)
        #expect(market.run("cross", as: "hub", interval, cross) == nil)
        let tooMuch = cross.map { $0.0 == "energy" ? ("energy", 1001 as Value) : $0 }
        #expect(market.run("cross", as: "hub", interval, tooMuch) == 115)
        let trade = try #require(try market.runner.state.get(EnergyContract.trades, "\(interval)/1"))
        #expect(trade.seller == "sun" && trade.buyer == "hub" && trade.energy == 3000 && trade.stage == .accepted)
        #expect(try market.balance("hub") == 100_000 - 27)
        #expect(try market.violations().isEmpty)
    }
}
