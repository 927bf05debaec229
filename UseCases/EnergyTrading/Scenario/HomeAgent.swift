import ContractKit
import EnergyTradingAgent
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import Logging
import Synchronization
import UseCaseKit

/// Acts in a household's name: asks ``HouseholdAgent`` what to do, and does it in time. Roles change by themselves.
final class HomeAgent: Sendable {
    /// Time for a statement to become final before a deadline, ms.
    private static let margin: UInt64 = 400
    /// Intervals that its plan looks ahead: a day of the houses' time.
    private static let horizon = 96
    /// Decisions that its household can look up.
    private static let kept = 100

    private static let logger = Logger(label: "cairn.household")

    let stage: EnergyStage
    let home: MicrogridPlan.Home
    let simulation: NeighbourhoodSimulation
    private let agent: HouseholdAgent
    private let budget: Mutex<Budget>
    private let decisions = Mutex<[[String: String]]>([])

    init(stage: EnergyStage, home: MicrogridPlan.Home, simulation: NeighbourhoodSimulation) {
        self.stage = stage
        self.home = home
        self.simulation = simulation
        agent = HouseholdAgent(rules: home.rules, battery: home.battery)
        budget = Mutex(Budget(home.budget))
    }

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
        let decision = try await decide(interval)
        try keep(decision, interval)
        do {
            try await order(decision, interval)
        } catch  where !(error is CancellationError) {
            Self.logger.notice("\(home.id) has no order in \(interval)", metadata: ["error": "\(error)"])
        }
        try await Self.wait(until: interval)
        await simulation.runBattery(
            of: home.id, energy: Double(decision.charge), within: Double(MicrogridPlan.interval) / 1000)
        try await Self.wait(until: interval + MicrogridPlan.interval)
        try await payAll(interval, until: EnergyStage.now + MicrogridPlan.report + MicrogridPlan.payment)
    }

    private func order(_ decision: HouseholdAgent.Decision, _ interval: UInt64) async throws {
        if decision.surplus > 0 {
            try await stage.stage.require(
                EnergyOperations.surplus(interval, decision.surplus), as: home.id, about: home.id)
        }
        guard let terms = decision.order else { return }
        if terms.side == .buy {
            let most = try Auction.amount(terms.energy, at: terms.price)
            budget.withLock { $0.promise(most, for: interval) }
        }
        let salt = EnergyOperations.salt()
        try await stage.stage.require(
            EnergyOperations.seal(terms, of: home.id, interval, salt: salt), as: home.id, about: home.id)
        try await Self.wait(until: interval - MicrogridPlan.gate + Self.margin)
        try await stage.stage.require(EnergyOperations.open(terms, interval, salt: salt), as: home.id, about: home.id)
        try await Self.wait(until: interval - MicrogridPlan.clearing + 2 * Self.margin)
        if terms.side == .sell, !home.acceptsAhead { try await acceptAll(interval) }
    }

    /// What to do in an interval, as the sun stands.
    func decide(_ interval: UInt64) async throws -> HouseholdAgent.Decision {
        let seconds = Double(interval) / 1000 - Date().timeIntervalSince1970
        let length = Double(MicrogridPlan.interval) / 1000
        var outlook: [BatteryPlan.Outlook] = []
        for number in 0..<(agent.battery == nil ? 1 : Self.horizon) {
            let net = await simulation.expected(of: home.id, after: seconds + Double(number) * length, for: length)
            // What it cannot sell in time it gives to the utility, and buys there what the market does not have.
            outlook.append(
                .init(net: Int64(net), buys: MicrogridPlan.utilityPrice, sells: MicrogridPlan.feedInPrice))
        }
        let promised = try await agreements(interval, sells: true).reduce(0) { $0 + $1.energy }
        let money = try await moneyLeft(interval)
        return agent.decide(
            outlook, level: UInt64(max(0, await simulation.level(of: home.id))), money: money, promised: promised)
    }

    /// What the budget leaves for an order once agreements are paid; an agreement that it does not pay any more is ended.
    private func moneyLeft(_ interval: UInt64) async throws -> UInt64 {
        var money = budget.withLock { $0.left(at: interval) }
        for agreement in try await agreements(interval, sells: false) {
            let cost = try Auction.amount(agreement.energy, at: agreement.price)
            if cost > money {
                try await stage.stage.require(
                    Ledger.Operation(
                        EnergyContract.contractName, "endAgreement",
                        [
                            ("seller", .text(agreement.seller)),
                            ("id", .text(EnergyStage.agreement(agreement.seller, home.id).id)),
                        ]), as: home.id, about: home.id)
            }
            money -= min(money, cost)
        }
        return money
    }

    /// Agreements of an interval in which the household sells, or buys.
    private func agreements(_ interval: UInt64, sells: Bool) async throws -> [Agreement] {
        let keys =
            sells
            ? home.preferredBuyers.map { EnergyStage.agreement(home.id, $0).key }
            : stage.plan.homes.filter { $0.preferredBuyers.contains(home.id) }
                .map { EnergyStage.agreement($0.id, home.id).key }
        var found: [Agreement] = []
        for key in keys {
            guard let value = try await stage.stage.state("energy/agreements/\(key)") else { continue }
            let agreement = try Agreement(cbor: value)
            if agreement.covers(interval) { found.append(agreement) }
        }
        return found
    }

    /// The latest decisions with their reasons, in a file of the household's own.
    private func keep(_ decision: HouseholdAgent.Decision, _ interval: UInt64) throws {
        let entry = [
            "interval": "\(interval)", "order": decision.order.map { "\($0.side.rawValue) \($0.energy) Wh" } ?? "idle",
            "battery": "\(decision.charge) Wh", "gain": EnergyWords.price(UInt64(max(0, decision.gain))),
            "reason": decision.reason,
        ]
        let kept = decisions.withLock { decisions in
            decisions = Array((decisions + [entry]).suffix(Self.kept))
            return decisions
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(kept).write(
            to: stage.stage.devices.appending(path: "\(home.id).decisions.json"), options: .atomic)
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
            if mine.allSatisfy({ ![.accepted, .payable].contains($0.trade.stage) }) {
                let paid = mine.reduce(0) { $0 + ($1.trade.amount ?? 0) }
                return budget.withLock { $0.settle(interval, paid: paid) }
            }
            try await Task.sleep(for: .milliseconds(700))
        }
    }

    static func wait(until time: UInt64) async throws {
        let now = EnergyStage.now
        if time > now { try await Task.sleep(for: .milliseconds(time - now)) }
    }
}
