import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport
import Testing

@Suite("The aggregators' ledger")
struct RegionTests {
    private let ledger = Hash32.sha256([9])

    private func region(fee: UInt64 = 2000) throws -> ContractRunner {
        let runner = ContractRunner(
            RegionContract(),
            parameters: ValueMap([
                ("interval", 12_000), ("clearing", 2000), ("report", 10_000), ("k", 500), ("currency", "XPT"),
                ("fee", .unsigned(fee)), ("gridOperator", "grid"),
            ]))
        for id in ["north", "south", "east", "grid", "office"] {
            runner.enrol(id, roles: [])
            runner.set(WalletContract.accounts.key("XPT/\(id)"), Account(balance: 10_000).cbor)
        }
        runner.set(WalletContract.supply.key("XPT"), 50_000)
        for id in ["north", "south", "east"] {
            #expect(runner.run("register", Self.registration(id, ledger), as: office) == nil)
        }
        return runner
    }

    private static func registration(_ id: String, _ ledger: Hash32) -> [(String, Value)] {
        [
            ("aggregator", .text(id)), ("ledger", .hash(ledger)), ("licence", .hash(.sha256([1]))),
            ("capacity", 5000),
        ]
    }

    private var office: ContractContext.Sender { .init(id: "office", member: "m", roles: ["registrar"]) }
    private func eag(_ id: String) -> ContractContext.Sender { .init(id: id, member: "m", roles: ["aggregator"]) }

    private func position(
        _ runner: ContractRunner, _ id: String, _ interval: UInt64, _ side: String, _ energy: UInt64, _ price: UInt64
    ) -> UInt64? {
        runner.run(
            "position",
            [
                ("interval", .unsigned(interval)), ("side", .text(side)), ("energy", .unsigned(energy)),
                ("price", .unsigned(price)),
            ], as: eag(id))
    }

    private func report(_ runner: ContractRunner, _ id: String, _ interval: UInt64, _ energy: UInt64) -> UInt64? {
        runner.run(
            "report", [("interval", .unsigned(interval)), ("decision", 0), ("energy", .unsigned(energy))], as: eag(id))
    }

    private func balance(_ runner: ContractRunner, _ id: String) throws -> UInt64 {
        try runner.state.get(WalletContract.accounts, "XPT/\(id)")?.balance ?? 0
    }

    @Test("NRG-14, NRG-15: registered microgrids trade within capacity; the fee is charged once, and delivery settles")
    func decision() throws {
        let runner = try region()
        let interval = (runner.time / 12_000 + 2) * 12_000
        #expect(position(runner, "grid", interval, "sell", 100, 1) == 100)
        #expect(position(runner, "north", interval, "sell", 6000, 8000) == 102)
        #expect(position(runner, "north", interval, "sell", 4000, 8000) == nil)
        #expect(position(runner, "north", interval, "sell", 10, 8000) == 103)
        #expect(position(runner, "south", interval, "buy", 3000, 14_000) == nil)
        try runner.advance(to: interval - 2000)
        #expect(position(runner, "east", interval, "buy", 100, 14_000) == 101)
        let decision = try #require(try runner.state.get(RegionContract.decisions, "\(interval)/0"))
        // Ask 8000 against a bid of 14,000 less the fee of 2000: half way is 10,000.
        #expect(decision.price == 10_000 && decision.energy == 3000 && decision.fee == 2000)
        #expect(runner.run("leave", [], as: eag("north")) == 104)
        try runner.advance(to: interval + 12_000)
        #expect(report(runner, "north", interval, 2900) == nil)
        #expect(report(runner, "south", interval, 2950) == nil)
        #expect(try balance(runner, "north") == 10_000 + 29)
        #expect(try balance(runner, "grid") == 10_000 + 5)
        #expect(try balance(runner, "south") == 10_000 - 34)
        #expect(runner.run("leave", [], as: eag("north")) == nil)
        #expect(try WalletContract().invariants.flatMap { try $0.violations(runner.state) }.isEmpty)
    }

    @Test(
        "NRG-3: a report that comes late, but within the ledger's time, counts as any other; after it the other side's word alone"
    )
    func lateReports() throws {
        let runner = try region()
        let first = (runner.time / 12_000 + 2) * 12_000
        for interval in [first, first + 12_000] {
            #expect(position(runner, "north", interval, "sell", 3000, 8000) == nil)
            #expect(position(runner, "south", interval, "buy", 3000, 14_000) == nil)
        }
        try runner.advance(to: first + 12_000)
        #expect(report(runner, "south", first, 2900) == nil)
        #expect(try runner.state.get(RegionContract.decisions, "\(first)/0")?.isSettled == false)
        try runner.advance(to: first + 12_000 + 9_999)
        #expect(report(runner, "north", first, 2800) == nil)
        #expect(try balance(runner, "north") == 10_000 + 28)
        #expect(report(runner, "north", first, 2800) == 107)
        // Of the second interval the north says nothing until the time is over.
        try runner.advance(to: first + 24_000)
        #expect(report(runner, "south", first + 12_000, 1000) == nil)
        try runner.advance(to: first + 24_000 + 10_000)
        #expect(report(runner, "north", first + 12_000, 3000) == 106)
        #expect(try runner.state.get(RegionContract.decisions, "\(first + 12_000)/0")?.paid == 10)
        #expect(try balance(runner, "north") == 10_000 + 38)
        #expect(runner.run("leave", [], as: eag("north")) == nil)
        #expect(try WalletContract().invariants.flatMap { try $0.violations(runner.state) }.isEmpty)
    }

    @Test("NRG-15: a fee that the buyer cannot pay on top stops the trade")
    func feeDecides() throws {
        let runner = try region(fee: 7000)
        let interval = (runner.time / 12_000 + 2) * 12_000
        #expect(position(runner, "north", interval, "sell", 4000, 8000) == nil)
        #expect(position(runner, "south", interval, "buy", 3000, 14_000) == nil)
        try runner.advance(to: interval - 2000)
        #expect(try runner.state.get(RegionContract.decisions, "\(interval)/0") == nil)
        #expect(try runner.state.get(RegionContract.prices, "\(interval)") == nil)
        #expect(try balance(runner, "south") == 10_000)
        #expect(runner.run("leave", [], as: eag("south")) == nil)
    }

    @Test("COMMON-33: heads of the registered ledger move on and never back")
    func anchors() throws {
        let runner = try region()
        func anchor(_ height: UInt64, _ id: Hash32) -> UInt64? {
            runner.run(
                "anchor",
                [
                    ("ledger", .hash(id)), ("height", .unsigned(height)), ("header", .hash(.sha256([2]))),
                    ("size", 9), ("root", .hash(.sha256([3]))),
                ], as: eag("north"))
        }
        #expect(anchor(4, ledger) == nil)
        #expect(anchor(4, ledger) == 105)
        #expect(anchor(9, .zero) == 5)
        #expect(anchor(9, ledger) == nil)
        let suspension: [(String, Value)] = [("aggregator", "north"), ("suspended", true), ("reason", "no licence")]
        #expect(runner.run("suspend", suspension, as: office) == nil)
        #expect(anchor(10, ledger) == 100)
    }

    @Test("NRG-34: order of arrival, names and sizes change nothing but who gets the watt-hours that do not divide")
    func withoutDistinction() throws {
        var random = SeededGenerator.fresh()
        let names = ["north", "south", "east"]
        for _ in 0..<150 {
            let positions = names.map { _ in
                (
                    side: Bool.random(using: &random) ? "sell" : "buy",
                    energy: UInt64.random(in: 1...5000, using: &random),
                    // Few prices, so that there are ties.
                    price: UInt64.random(in: 3...6, using: &random) * 3000
                )
            }
            /// What each position got when these microgrids stand behind them, in this order.
            func outcome(_ order: [Int], _ behind: [String]) throws -> (matched: [UInt64], price: UInt64?) {
                let runner = try region()
                let interval = (runner.time / 12_000 + 2) * 12_000
                for index in order {
                    let one = positions[index]
                    #expect(position(runner, behind[index], interval, one.side, one.energy, one.price) == nil)
                }
                try runner.advance(to: interval - 2000)
                return (
                    try behind.map {
                        try runner.state.get(RegionContract.positions, "\(interval)/\($0)")?.matched ?? 0
                    },
                    try runner.state.get(RegionContract.prices, "\(interval)")
                )
            }
            let first = try outcome([0, 1, 2], names)
            let later = try outcome([0, 1, 2].shuffled(using: &random), names)
            #expect(later.matched == first.matched && later.price == first.price)
            let renamed = try outcome([0, 1, 2], names.shuffled(using: &random))
            #expect(renamed.price == first.price)
            #expect(zip(renamed.matched, first.matched).allSatisfy { max($0, $1) - min($0, $1) <= 1 })
        }
    }
}
