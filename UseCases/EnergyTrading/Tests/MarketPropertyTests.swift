import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("Market of a microgrid under random operations")
struct MarketPropertyTests {
    @Test("NRG-16, NRG-29: money and energy are conserved, nothing is sold twice, escrow in is paid or returned")
    func conserved() throws {
        var random = SeededGenerator.fresh()
        let market = try Market()
        var accepted: [String: Int] = [:]
        for round in 0..<80 {
            let interval = market.next
            agree(market, interval, round, &random, &accepted)
            var terms: [String: OrderTerms] = [:]
            for id in Market.people {
                let order = OrderTerms(
                    side: Bool.random(using: &random) ? .sell : .buy, energy: .random(in: 1...5000, using: &random),
                    price: .random(in: 0...30_000, using: &random), source: "any",
                    isDivisible: UInt8.random(in: 0..<4, using: &random) > 0)
                terms[id] = order
                let surplus = UInt64.random(in: 1...6000, using: &random)
                note("surplus", market.run("surplus", as: id, interval, [("energy", .unsigned(surplus))]), &accepted)
                note("seal", market.seal(order, as: id, interval), &accepted)
                if UInt8.random(in: 0..<8, using: &random) == 0 {
                    note("withdraw", market.run("withdraw", as: id, interval, []), &accepted)
                }
            }
            try market.runner.advance(to: interval - 8000)
            for id in Market.people {
                if let order = terms[id] { note("open", market.open(order, as: id, interval), &accepted) }
            }
            try check(market)
            try market.runner.advance(to: interval - 4000)
            try check(market)
            for (_, order) in try market.runner.state.scan(EnergyContract.orders, prefix: "\(interval)/", limit: 99) {
                guard let terms = order.terms, UInt8.random(in: 0..<3, using: &random) == 0 else { continue }
                let cross: [(String, Value)] = [
                    ("side", .text(terms.side.rawValue)), ("price", .unsigned(terms.price)),
                    ("energy", .unsigned(.random(in: 1...1500, using: &random))), ("decision", .hash(.zero)),
                ]
                note("cross", market.run("cross", as: "hub", interval, cross), &accepted)
                try check(market)
            }
            for (key, trade) in try market.runner.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 99)
            where Bool.random(using: &random) {
                let number = UInt64(key.split(separator: "/")[1]) ?? 0
                note(
                    "accept", market.run("accept", as: trade.seller, interval, [("trade", .unsigned(number))]),
                    &accepted)
            }
            try market.runner.advance(to: interval)
            try check(market)
            try market.runner.advance(to: interval + 12_000)
            for id in Market.people + ["hub"] where UInt8.random(in: 0..<8, using: &random) > 0 {
                // Mostly all of it came, so that trades are paid as well as disputed.
                let energy =
                    UInt8.random(in: 0..<4, using: &random) > 0 ? 50_000 : UInt64.random(in: 0...6000, using: &random)
                note("measure", try market.measure(id, interval, imported: energy, exported: energy), &accepted)
            }
            try pay(market, interval, &random, &accepted)
            // Escrow pays what wallets did not, and silent meters are disputes now.
            try market.runner.advance(to: interval + 22_000)
            try check(market)
            try pay(market, interval, &random, &accepted)
            try check(market)
            try market.runner.advance(to: interval + 34_000)
            try check(market)
        }
        let all = [
            "surplus", "seal", "withdraw", "open", "cross", "accept", "measure", "pay", "resolve", "offerAgreement",
            "signAgreement", "endAgreement",
        ]
        #expect(all.allSatisfy { (accepted[$0] ?? 0) > 0 }, "\(accepted)")
    }

    private func pay(
        _ market: Market, _ interval: UInt64, _ random: inout SeededGenerator, _ accepted: inout [String: Int]
    ) throws {
        for (key, trade) in try market.runner.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 99) {
            let number = UInt64(key.split(separator: "/")[1]) ?? 0
            let pay: [(String, Value)] = [("trade", .unsigned(number)), ("amount", .unsigned(trade.amount ?? 0))]
            if Bool.random(using: &random) {
                note("pay", market.run("pay", as: trade.buyer, interval, pay), &accepted)
            }
            let verdict: [(String, Value)] = [
                ("trade", .unsigned(number)), ("delivered", .unsigned(trade.energy / 2)), ("reason", "by hand"),
            ]
            note("resolve", market.run("resolve", as: "hub", interval, verdict), &accepted)
        }
    }

    /// Two neighbours agree on a few intervals, beside the auction; sometimes one of them ends it.
    private func agree(
        _ market: Market, _ interval: UInt64, _ round: Int, _ random: inout SeededGenerator,
        _ accepted: inout [String: Int]
    ) {
        let pair = Market.people.shuffled(using: &random)
        let terms: [(String, Value)] = [
            ("id", .text("a\(round)")), ("price", .unsigned(.random(in: 0...30_000, using: &random))),
            ("energy", .unsigned(.random(in: 1...3000, using: &random))), ("from", .unsigned(interval)),
            ("to", .unsigned(interval + 12_000 * .random(in: 1...3, using: &random))),
        ]
        note(
            "offerAgreement",
            market.runner.run("offerAgreement", terms + [("buyer", .text(pair[1]))], as: market.person(pair[0])),
            &accepted)
        let name: (String, Value) = ("seller", .text(pair[0]))
        note(
            "signAgreement", market.runner.run("signAgreement", terms + [name], as: market.person(pair[1])), &accepted)
        if UInt8.random(in: 0..<4, using: &random) == 0 {
            note(
                "endAgreement",
                market.runner.run("endAgreement", [terms[0], name], as: market.person(pair[0])), &accepted)
        }
    }

    private func note(_ name: String, _ refusal: UInt64?, _ accepted: inout [String: Int]) {
        if refusal == nil { accepted[name, default: 0] += 1 }
    }

    private func check(_ market: Market) throws {
        let violations = try market.violations()
        #expect(violations.isEmpty, "\(violations)")
    }
}
