import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Agreements between neighbours")
struct AgreementTests {
    private func terms(_ from: UInt64, _ count: UInt64, energy: UInt64 = 1000, price: UInt64 = 12_000) -> [(
        String, Value
    )] {
        [
            ("id", "school"), ("price", .unsigned(price)), ("energy", .unsigned(energy)), ("from", .unsigned(from)),
            ("to", .unsigned(from + 12_000 * count)),
        ]
    }

    private func trades(_ market: Market, _ interval: UInt64) throws -> [Trade] {
        try market.runner.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 99).map(\.value)
    }

    @Test(
        "NRG-13: signed by both under the same terms, it is served before the auction, and ends when one side says so")
    func servedFirst() throws {
        let market = try Market()
        let first = market.next
        let offer = terms(first, 3) + [("buyer", "elm")]
        #expect(market.runner.run("offerAgreement", offer, as: market.person("sun")) == nil)
        let seller: (String, Value) = ("seller", "sun")
        let dearer = terms(first, 3, price: 11_000) + [seller]
        #expect(market.runner.run("signAgreement", terms(first, 3) + [seller], as: market.person("ivy")) == 5)
        #expect(market.runner.run("signAgreement", dearer, as: market.person("elm")) == 117)
        #expect(market.runner.run("signAgreement", terms(first, 3) + [seller], as: market.person("elm")) == nil)

        // 1500 Wh to spare: 1000 are the school's, so an order for more than 500 is refused, and ivy gets what is left.
        let ask = OrderTerms(side: .sell, energy: 600, price: 8000, source: "solar", isDivisible: true)
        let rest = OrderTerms(side: .sell, energy: 500, price: 8000, source: "solar", isDivisible: true)
        let bid = OrderTerms(side: .buy, energy: 1500, price: 20_000, source: "any", isDivisible: true)
        _ = market.run("surplus", as: "sun", first, [("energy", 1500)])
        _ = market.seal(ask, as: "sun", first)
        _ = market.seal(bid, as: "ivy", first)
        try market.runner.advance(to: first - 8000)
        #expect(market.open(ask, as: "sun", first) == 105)
        #expect(market.open(bid, as: "ivy", first) == nil)
        try market.runner.advance(to: first - 4000)
        let served = try trades(market, first)
        #expect(served.count == 1 && served[0].buyer == "elm" && served[0].energy == 1000 && served[0].price == 12_000)
        #expect(served[0].stage == .accepted && served[0].agreement == "sun/school")
        #expect(try market.balance("elm") == 100_000 - 12)

        // The second interval: with an order for the rest, both are served. Nobody but the two is there in the third.
        let second = first + 12_000
        _ = market.run("surplus", as: "sun", second, [("energy", 1500)])
        _ = market.seal(rest, as: "sun", second)
        _ = market.seal(bid, as: "ivy", second)
        try market.runner.advance(to: second - 8000)
        #expect(market.open(rest, as: "sun", second) == nil)
        #expect(market.open(bid, as: "ivy", second) == nil)
        try market.runner.advance(to: second - 4000)
        #expect(try trades(market, second).map(\.energy) == [1000, 500])
        #expect(market.run("accept", as: "sun", second, [("trade", 1)]) == nil)
        try market.runner.advance(to: second + 12_000)
        #expect(try market.measure("sun", second, exported: 1500) == nil)
        #expect(try market.measure("elm", second, imported: 1300) == nil)
        #expect(try market.measure("ivy", second, imported: 700) == nil)
        // Sun's meter is divided among its trades; with the utility's part the sums are the meters'.
        #expect(try trades(market, second).map(\.delivered) == [1000, 500])
        #expect(try market.violations().isEmpty)
    }

    @Test("NRG-13: an agreement ends for intervals whose gate is open, and serves without anybody's order")
    func ends() throws {
        let market = try Market()
        let first = market.next
        #expect(
            market.runner.run("offerAgreement", terms(first, 9) + [("buyer", "elm")], as: market.person("sun")) == nil)
        let seller: (String, Value) = ("seller", "sun")
        #expect(market.runner.run("signAgreement", terms(first, 9) + [seller], as: market.person("elm")) == nil)
        let second = first + 12_000
        for interval in [first, second] { _ = market.run("surplus", as: "sun", interval, [("energy", 900)]) }
        for time in [first - 8000, first - 4000] { try market.runner.advance(to: time) }
        #expect(try trades(market, first).map(\.energy) == [900])
        #expect(market.runner.run("endAgreement", [("id", "school"), seller], as: market.person("oak")) == 5)
        #expect(market.runner.run("endAgreement", [("id", "school"), seller], as: market.person("elm")) == nil)
        for time in [second - 8000, second - 4000, second] { try market.runner.advance(to: time) }
        #expect(try trades(market, second).isEmpty)
        #expect(try market.violations().isEmpty)
    }

    @Test("NRG-13: a buyer without money is passed over, and the auction is held all the same")
    func withoutMoney() throws {
        let market = try Market()
        let first = market.next
        let dear = terms(first, 1, energy: 9000, price: 90_000_000)
        #expect(market.runner.run("offerAgreement", dear + [("buyer", "elm")], as: market.person("oak")) == nil)
        #expect(market.runner.run("signAgreement", dear + [("seller", "oak")], as: market.person("elm")) == nil)
        _ = market.run("surplus", as: "oak", first, [("energy", 9000)])
        try market.trade(first, sold: 1000, ask: 8000, bid: 20_000)
        #expect(try trades(market, first).map(\.seller) == ["sun"])
        #expect(market.runner.events.contains { $0.name == "unserved" })
        #expect(try market.balance("elm") == 100_000)
    }
}
