import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Sessions with a meter of their own")
struct SessionTests {
    private let market: Market
    private let until: UInt64

    init() throws {
        market = try Market()
        until = market.runner.time + 600_000
    }

    private func run(_ name: String, as id: String, _ arguments: [(String, Value)]) -> UInt64? {
        market.runner.run(name, arguments, as: market.person(id))
    }

    private func terms(_ kind: String = "wireless", price: UInt64 = 20_000, energy: UInt64 = 5000) -> [(String, Value)]
    {
        [
            ("id", "pad-1"), ("kind", .text(kind)), ("price", .unsigned(price)), ("energy", .unsigned(energy)),
            ("until", .unsigned(until)),
        ]
    }

    private func record(_ sent: UInt64, _ received: UInt64, _ last: UInt64, as id: String = "hub") -> UInt64? {
        run(
            "recordSession", as: id,
            [
                ("seller", "sun"), ("id", "pad-1"), ("sent", .unsigned(sent)), ("received", .unsigned(received)),
                ("first", 7), ("last", .unsigned(last)),
            ])
    }

    private var session: ChargingSession? {
        get throws { try market.runner.state.get(EnergyContract.sessions, "sun/pad-1") }
    }

    @Test("NRG-22: both kinds of session settle by their own meter record: what arrived is paid, what was lost is not")
    func settles() throws {
        for kind in ["wireless", "mobile"] {
            let other = try SessionTests()
            #expect(other.run("offerSession", as: "sun", other.terms(kind) + [("buyer", "ivy")]) == nil)
            #expect(other.record(10, 10, 8) == 122)
            #expect(other.run("joinSession", as: "ivy", other.terms(kind) + [("seller", "sun")]) == nil)
            #expect(try other.market.balance("ivy") == 100_000 - 100)
            #expect(other.record(2000, 1800, 8) == nil)
            #expect(other.record(4000, 3600, 9) == nil)
            let end: [(String, Value)] = [("seller", "sun"), ("id", "pad-1")]
            #expect(other.run("endSession", as: "oak", end) == 5)
            #expect(other.run("endSession", as: "ivy", end) == nil)
            #expect(try other.session?.amount == 72)
            #expect(try other.market.balance("sun") == 100_000 + 72)
            #expect(try other.market.balance("ivy") == 100_000 - 72)
            #expect(other.run("endSession", as: "sun", end) == 122)
            #expect(other.record(5000, 4000, 10) == 122)
            // Its time comes, and nothing is paid again.
            try other.market.runner.advance(to: other.until + 1000)
            #expect(try other.market.balance("sun") == 100_000 + 72)
            #expect(try other.market.violations().isEmpty)
        }
    }

    @Test("A session that nobody ends is paid by its last record at its time; more than was agreed is not")
    func ends() throws {
        #expect(run("offerSession", as: "sun", terms(energy: 1000) + [("buyer", "ivy")]) == nil)
        #expect(run("joinSession", as: "ivy", terms(energy: 1000) + [("seller", "sun")]) == nil)
        #expect(record(1500, 1200, 8) == nil)
        try market.runner.advance(to: until)
        #expect(try session?.amount == 20)
        #expect(try market.balance("ivy") == 100_000 - 20)
        #expect(try market.violations().isEmpty)
    }

    @Test("A record comes from the aggregator, goes on, and tells no more than was sent; terms are signed as offered")
    func refusals() throws {
        #expect(run("offerSession", as: "sun", terms() + [("buyer", "stranger")]) == 100)
        #expect(run("offerSession", as: "sun", terms("by post") + [("buyer", "ivy")]) == 3)
        #expect(run("offerSession", as: "sun", terms() + [("buyer", "ivy")]) == nil)
        #expect(run("offerSession", as: "sun", terms() + [("buyer", "ivy")]) == 8)
        #expect(run("joinSession", as: "ivy", terms(price: 19_999) + [("seller", "sun")]) == 117)
        #expect(run("joinSession", as: "oak", terms() + [("seller", "sun")]) == 5)
        #expect(run("joinSession", as: "ivy", terms() + [("seller", "sun")]) == nil)
        #expect(record(100, 90, 8, as: "sun") == 5)
        #expect(record(100, 101, 8) == 3)
        #expect(record(100, 90, 8) == nil)
        #expect(record(100, 90, 8) == 123)
        #expect(record(90, 90, 9) == 123)
    }
}
