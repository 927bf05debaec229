import ContractKit
import EnergyTradingContract
import Ledger
import TestSupport

/// A market with four neighbours, each with 100,000 points, and its aggregator.
final class Market {
    static let people = ["sun", "ivy", "oak", "elm"]

    let runner: ContractRunner
    private let salt = Bytes(repeating: 7, count: 16)

    static let parameters = ValueMap([
        ("interval", 12_000), ("gate", 8000), ("clearing", 4000), ("report", 10_000), ("payment", 10_000), ("k", 500),
        ("currency", "XPT"), ("deficitPrice", 30_000), ("tolerance", 50), ("aggregator", "hub"),
        ("frequency", 50_000), ("frequencyBand", 500), ("voltage", 230_000), ("voltageBand", 100),
    ])

    init() throws {
        runner = ContractRunner(EnergyContract(), parameters: Self.parameters)
        for id in Self.people + ["hub"] {
            runner.enrol(id, roles: [])
            runner.set(WalletContract.accounts.key("XPT/\(id)"), Account(balance: 100_000).cbor)
            runner.set(EnergyContract.prosumers.key(id), Prosumer(meter: "urn:dev:ops:32473-meter-\(id)").cbor)
        }
        runner.set(WalletContract.supply.key("XPT"), 500_000)
    }

    func person(_ id: String) -> ContractContext.Sender { .init(id: id, member: "m", roles: []) }

    /// The first interval whose gate is open.
    var next: UInt64 { (runner.time / 12_000 + 2) * 12_000 }

    func run(_ name: String, as id: String, _ interval: UInt64, _ more: [(String, Value)]) -> UInt64? {
        runner.run(name, [("interval", .unsigned(interval))] + more, as: person(id))
    }

    func seal(_ terms: OrderTerms, as id: String, _ interval: UInt64) -> UInt64? {
        let commitment = terms.commitment(of: id, interval: interval, salt: salt)
        return run("seal", as: id, interval, [("commitment", .hash(commitment))])
    }

    func open(_ terms: OrderTerms, as id: String, _ interval: UInt64) -> UInt64? {
        run(
            "open", as: id, interval,
            [
                ("side", .text(terms.side.rawValue)), ("energy", .unsigned(terms.energy)),
                ("price", .unsigned(terms.price)), ("source", .text(terms.source)),
                ("divisible", .bool(terms.isDivisible)),
                ("salt", .bytes(salt)),
            ])
    }

    func measure(_ id: String, _ interval: UInt64, imported: UInt64 = 0, exported: UInt64 = 0) throws -> UInt64? {
        let refusal = run(
            "measure", as: "hub", interval,
            [
                ("participant", .text(id)), ("imported", .unsigned(imported)), ("exported", .unsigned(exported)),
                ("first", 1), ("last", 2),
            ])
        // The last meter settles the interval at once, by a timer.
        try runner.advance(to: runner.time)
        return refusal
    }

    /// One sale from sun to ivy, up to the auction.
    func trade(_ interval: UInt64, sold: UInt64, ask: UInt64, bid: UInt64, bought: UInt64? = nil) throws {
        let offer = OrderTerms(side: .sell, energy: sold, price: ask, source: "solar", isDivisible: true)
        let demand = OrderTerms(side: .buy, energy: bought ?? sold, price: bid, source: "any", isDivisible: true)
        _ = run("surplus", as: "sun", interval, [("energy", .unsigned(sold))])
        _ = seal(offer, as: "sun", interval)
        _ = seal(demand, as: "ivy", interval)
        try runner.advance(to: interval - 8000)
        _ = open(offer, as: "sun", interval)
        _ = open(demand, as: "ivy", interval)
        try runner.advance(to: interval - 4000)
    }

    func balance(_ id: String) throws -> UInt64 {
        try runner.state.get(WalletContract.accounts, "XPT/\(id)")?.balance ?? 0
    }

    func violations() throws -> [String] {
        try runner.violations() + WalletContract().invariants.flatMap { try $0.violations(runner.state) }
    }
}
