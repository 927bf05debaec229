import ContractKit
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import Logging
import UseCaseKit

/// A household's own energy manager: sells what it expects to have over, buys what it expects to need, within the limits
/// that its people set; idle where there is nothing to trade. It changes between roles by itself.
struct HomeAgent: Sendable {
    /// Less than this is not worth an order, Wh.
    private static let least = 40.0
    /// Sells less than it expects: what does not come costs more than what is left over.
    private static let prudence = 0.8
    /// Time for a statement to become final before a deadline, ms.
    private static let margin: UInt64 = 400

    private static let logger = Logger(label: "cairn.household")

    let stage: EnergyStage
    let home: MicrogridPlan.Home
    let simulation: NeighbourhoodSimulation

    /// Trades interval after interval until cancelled.
    func run() async throws {
        var last: UInt64 = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            while true {
                let interval = Self.nextInterval()
                if interval != last {
                    last = interval
                    group.addTask { try await self.tradeOrLetGo(interval) }
                }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// The first interval whose gate is open for long enough.
    static func nextInterval() -> UInt64 {
        let open = EnergyStage.now + MicrogridPlan.gate + 2 * margin
        return (open / MicrogridPlan.interval + 1) * MicrogridPlan.interval
    }

    /// One interval's trouble (a node away, a deadline missed) must not end the household's trading.
    private func tradeOrLetGo(_ interval: UInt64) async throws {
        do {
            try await trade(interval)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Self.logger.notice("\(home.id) did not trade in \(interval)", metadata: ["error": "\(error)"])
        }
    }

    private func trade(_ interval: UInt64) async throws {
        guard let terms = await terms(for: interval) else { return }
        let salt = EnergyOperations.salt()
        if terms.side == .sell {
            try await stage.stage.require(EnergyOperations.surplus(interval, terms.energy), as: home.id, about: home.id)
        }
        try await stage.stage.require(
            EnergyOperations.seal(terms, of: home.id, interval, salt: salt), as: home.id, about: home.id)
        try await Self.wait(until: interval - MicrogridPlan.gate + Self.margin)
        try await stage.stage.require(EnergyOperations.open(terms, interval, salt: salt), as: home.id, about: home.id)
        try await Self.wait(until: interval - MicrogridPlan.clearing + 2 * Self.margin)
        if terms.side == .sell, !home.acceptsAhead { try await acceptAll(interval) }
        try await Self.wait(until: interval + MicrogridPlan.interval)
        try await payAll(interval, until: EnergyStage.now + MicrogridPlan.report + MicrogridPlan.payment)
    }

    /// What it wants to trade, as the sun stands.
    func terms(for interval: UInt64) async -> OrderTerms? {
        let seconds = Double(interval) / 1000 - Date().timeIntervalSince1970
        let net = await simulation.expected(of: home.id, after: seconds, for: Double(MicrogridPlan.interval) / 1000)
        if net < -Self.least {
            return OrderTerms(
                side: .sell, energy: UInt64(-net * Self.prudence), price: home.floor, source: "solar", isDivisible: true
            )
        }
        guard net > Self.least else { return nil }
        return OrderTerms(side: .buy, energy: UInt64(net), price: home.cap, source: "any", isDivisible: true)
    }

    private func trades(_ interval: UInt64) async throws -> [(number: UInt64, trade: Trade)] {
        var found: [(number: UInt64, trade: Trade)] = []
        for number: UInt64 in 0..<UInt64(EnergyContract.maximumOrders) {
            guard let value = try await stage.stage.state("energy/trades/\(interval)/\(number)") else { return found }
            found.append((number, try Trade(cbor: value)))
        }
        return found
    }

    private func acceptAll(_ interval: UInt64) async throws {
        for (number, trade) in try await trades(interval) where trade.seller == home.id && trade.stage == .proposed {
            try await stage.stage.require(
                EnergyOperations.accept(interval, number), as: home.id, about: "trade:\(interval)/\(number)")
        }
    }

    /// The wallet answers each payable.
    private func payAll(_ interval: UInt64, until end: UInt64) async throws {
        while EnergyStage.now < end {
            let mine = try await trades(interval).filter { $0.trade.buyer == home.id }
            for (number, trade) in mine where trade.stage == .payable {
                try await stage.stage.require(
                    EnergyOperations.pay(interval, number, trade.amount ?? 0), as: home.id,
                    about: "trade:\(interval)/\(number)")
            }
            if mine.allSatisfy({ ![.accepted, .payable].contains($0.trade.stage) }) { return }
            try await Task.sleep(for: .milliseconds(700))
        }
    }

    static func wait(until time: UInt64) async throws {
        let now = EnergyStage.now
        if time > now { try await Task.sleep(for: .milliseconds(time - now)) }
    }
}
