import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Roles that change with the sun")
struct RolesTests {
    /// What oak's meter shows in the intervals of a day, Wh; below zero it gives: five stretches, so four changes of sign.
    private static let day: [Int64] = [800, 500, -900, -1400, 0, 300, -600, 20, 700]

    @Test("NRG-10, NRG-19: a day with four changes of sign settles to what the trades say; idle costs nothing")
    func day() throws {
        let market = try Market()
        var expected: Int64 = 100_000
        for energy in Self.day {
            let interval = market.next
            let size = UInt64(energy.magnitude)
            let before = try market.balance("oak")
            if energy != 0 {
                let isSeller = energy < 0
                let own = OrderTerms(
                    side: isSeller ? .sell : .buy, energy: size, price: isSeller ? 8000 : 20_000, source: "any",
                    isDivisible: true)
                let other = OrderTerms(
                    side: isSeller ? .buy : .sell, energy: size, price: isSeller ? 20_000 : 8000, source: "any",
                    isDivisible: true)
                let neighbour = isSeller ? "ivy" : "sun"
                for (id, terms) in [("oak", own), (neighbour, other)] {
                    if terms.side == .sell {
                        _ = market.run("surplus", as: id, interval, [("energy", .unsigned(size))])
                    }
                    #expect(market.seal(terms, as: id, interval) == nil)
                }
                try market.runner.advance(to: interval - 8000)
                #expect(market.open(own, as: "oak", interval) == nil)
                #expect(market.open(other, as: neighbour, interval) == nil)
                try market.runner.advance(to: interval - 4000)
                #expect(market.run("accept", as: isSeller ? "oak" : "sun", interval, [("trade", 0)]) == nil)
                try market.runner.advance(to: interval + 12_000)
                #expect(
                    try market.measure("oak", interval, imported: isSeller ? 0 : size, exported: isSeller ? size : 0)
                        == nil
                )
                #expect(
                    try market.measure(
                        neighbour, interval, imported: isSeller ? size : 0, exported: isSeller ? 0 : size)
                        == nil)
                try market.runner.advance(to: interval + 23_000)
                let amount = Int64(size) * 14_000 / 1_000_000
                expected += isSeller ? amount : -amount
            } else {
                // Idle: nothing is asked, nothing is paid, and nothing of it is in the market's state.
                try market.runner.advance(to: interval + 23_000)
                #expect(try market.balance("oak") == before)
                #expect(try market.runner.state.get(EnergyContract.orders, "\(interval)/oak") == nil)
                #expect(try market.runner.state.get(EnergyContract.meters, "\(interval)/oak") == nil)
            }
        }
        #expect(try market.balance("oak") == UInt64(expected))
        #expect(try market.violations().isEmpty)
    }
}
