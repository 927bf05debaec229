import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Credit values and misdeeds")
struct CreditTests {
    private func points(_ market: Market, _ id: String) throws -> UInt64 {
        (try market.runner.state.get(EnergyContract.credits, id) ?? Credit()).points
    }

    /// A sale from sun to ivy that is accepted and measured.
    private func sale(
        _ market: Market, given: UInt64, taken: UInt64, excused: Bool = false
    ) throws -> UInt64 {
        let interval = market.next
        try market.trade(interval, sold: 1000, ask: 8000, bid: 20_000)
        #expect(market.run("accept", as: "sun", interval, [("trade", 0)]) == nil)
        try market.runner.advance(to: interval + 12_000)
        if excused {
            #expect(market.run("excuse", as: "sun", interval, [("reason", "the feeder tripped")]) == 5)
            #expect(market.run("excuse", as: "hub", interval, [("reason", "the feeder tripped")]) == nil)
        }
        #expect(try market.measure("sun", interval, exported: given) == nil)
        #expect(try market.measure("ivy", interval, imported: taken) == nil)
        return interval
    }

    @Test("NRG-21: who delivers and pays in time rises, who does not falls")
    func rises() throws {
        let market = try Market()
        let interval = try sale(market, given: 1000, taken: 1000)
        #expect(market.run("pay", as: "ivy", interval, [("trade", 0), ("amount", 14)]) == nil)
        #expect(try points(market, "sun") == 505 && points(market, "ivy") == 505)
        _ = try sale(market, given: 600, taken: 600)
        try market.runner.advance(to: market.runner.time + 10_000)
        // 40 % missing of at most 50 points, and money that the escrow had to give.
        #expect(try points(market, "sun") == 485 && points(market, "ivy") == 495)
    }

    @Test("NRG-35: an honest outage has no consequence, neither in money nor in credit")
    func excused() throws {
        let market = try Market()
        let before = try market.balance("sun")
        let interval = try sale(market, given: 0, taken: 0, excused: true)
        #expect(try points(market, "sun") == 500)
        #expect(try market.balance("sun") == before)
        #expect(market.run("excuse", as: "hub", interval, [("reason", "too late")]) == 121)

        let other = try Market()
        _ = try sale(other, given: 0, taken: 0)
        #expect(try points(other, "sun") == 450)
        // 1000 Wh at the price of a deficit.
        #expect(try other.balance("sun") == before - 30)
    }

    @Test("NRG-35: false meters, orders that are never opened, and floods of changes meet their consequence")
    func misdeeds() throws {
        let market = try Market()
        let interval = try sale(market, given: 1000, taken: 100)
        let verdict: [(String, Value)] = [
            ("trade", 0), ("delivered", 1000), ("reason", "the seal of the meter was broken"), ("fault", "ivy"),
        ]
        #expect(market.run("resolve", as: "hub", interval, verdict) == nil)
        #expect(try points(market, "ivy") == 350)

        let next = market.next
        let order = OrderTerms(side: .buy, energy: 1000, price: 9000, source: "any", isDivisible: true)
        // Sealed once and changed five times; the last change costs, one more is refused.
        for _ in 0...5 { #expect(market.seal(order, as: "oak", next) == nil) }
        #expect(market.seal(order, as: "oak", next) == 120)
        #expect(try points(market, "oak") == 490)
        try market.runner.advance(to: next - 8000)
        try market.runner.advance(to: next - 4000)
        #expect(try points(market, "oak") == 480)
        #expect(try market.violations().isEmpty)
    }

    @Test("NRG-21: below the threshold orders are refused, above it they are limited; the registrar answers an appeal")
    func threshold() throws {
        let market = try Market()
        var last: UInt64 = 0
        for _ in 0..<2 {
            last = try sale(market, given: 100, taken: 1000)
            let verdict: [(String, Value)] = [
                ("trade", 0), ("delivered", 100), ("reason", "meter bridged"), ("fault", "sun"),
            ]
            #expect(market.run("resolve", as: "hub", last, verdict) == nil)
        }
        #expect(try points(market, "sun") == 200)
        let order = OrderTerms(side: .sell, energy: 1000, price: 8000, source: "solar", isDivisible: true)
        #expect(market.seal(order, as: "sun", market.next) == 118)
        #expect(market.run("contest", as: "oak", last, [("reason", "not I")]) == 7)
        #expect(market.run("contest", as: "sun", last, [("reason", "it was a fault of the reader")]) == nil)
        let answer: [(String, Value)] = [
            ("participant", "sun"), ("granted", true), ("answer", "the reader was exchanged"),
        ]
        #expect(market.run("answerAppeal", as: "hub", last, answer) == 5)
        let office = ContractContext.Sender(id: "office", member: "m", roles: ["registrar"])
        #expect(market.runner.run("answerAppeal", [("interval", .unsigned(last))] + answer, as: office) == nil)
        #expect(try points(market, "sun") == 350)
        let interval = market.next
        let large = OrderTerms(side: .buy, energy: 35_001, price: 8, source: "any", isDivisible: true)
        #expect(market.seal(large, as: "sun", interval) == nil)
        try market.runner.advance(to: interval - 8000)
        #expect(market.open(large, as: "sun", interval) == 119)
    }
}
