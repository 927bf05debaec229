import APIKit
import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import UseCaseKit

/// An aggregator between its microgrid and the others: anchors the private ledger's head, offers what the local market
/// left, carries decisions back, and reports what came over the line. Nothing but sums passes here.
///
/// It runs at the microgrid's node. While the other ledger does not answer, the local market goes on; what was agreed before
/// is reported once it answers again, as long as that ledger's rules take it.
struct BorderDesk: Sendable {
    private static let pause: Duration = .milliseconds(400)
    private static let anchorInterval: UInt64 = 10_000
    /// Time for a statement to become final before a deadline, ms.
    private static let margin: UInt64 = 200

    let microgrid: Platform
    let plan: MicrogridPlan
    let others: any LedgersBeside
    let watch: BorderWatch

    func run() async throws {
        var link: RegionLink?
        var anchored: UInt64 = 0
        // What was refused once is not asked again.
        var refused: Set<String> = []
        try await microgrid.keepOn("the border of \(plan.title) stands still", every: Self.pause) {
            guard let place = others.place(of: EnergyTrading.ledgerName) else { return }
            do {
                let key = try watch.requiring(try place.keys.key(of: plan.aggregator)) {
                    "the key of \(plan.aggregator) on that ledger is not in the folder that was named"
                }
                let region =
                    if let link { link } else {
                        try await RegionLink(to: place, as: plan.aggregator, key: key, watch: watch)
                    }
                link = region
                try await pass(region, &anchored, &refused)
            } catch let error as Problem {
                // The own node's; the line is what it was.
                throw error
            } catch {
                // The next time it is reached anew: the node may have been started again, and know no session.
                link = nil
                throw error
            }
        }
    }

    private func pass(_ region: RegionLink, _ anchored: inout UInt64, _ refused: inout Set<String>) async throws {
        let rules = region.rules
        let view = try await region.view(since: microgrid.now - 2 * rules.interval - rules.report)
        if view.isRegistered {
            if microgrid.now > anchored + Self.anchorInterval {
                note(try await anchor(region, view), "anchor", &refused)
                anchored = microgrid.now
            }
            for (key, _) in try microgrid.state.scan(EnergyContract.clearings, after: "\(microgrid.now)", limit: 100) {
                guard let interval = UInt64(key), !view.positions.contains(interval),
                    !refused.contains("position \(interval)")
                else { continue }
                note(try await offer(interval, region), "position \(interval)", &refused)
            }
        }
        for (interval, number, decision) in view.decisions where !decision.isSettled {
            let (carrying, reporting) = ("cross \(interval)/\(number)", "report \(interval)/\(number)")
            if !refused.contains(carrying) { note(try await carry(interval, decision), carrying, &refused) }
            if !refused.contains(reporting) {
                note(try await report(interval, number, decision, region), reporting, &refused)
            }
        }
    }

    private func note(_ why: String?, _ what: String, _ refused: inout Set<String>) {
        guard let why else { return }
        if what != "anchor" { refused.insert(what) }
        microgrid.logger.warning("\(what) of \(plan.title) was refused", metadata: ["error": "\(why)"])
    }

    /// The latest head, where the microgrid's members cannot take it back.
    private func anchor(_ region: RegionLink, _ view: RegionLink.View) async throws -> String? {
        let store = microgrid.node.serving.store
        guard let height = try store.headHeight(), let header = try store.block(at: height)?.header,
            view.anchored.map({ $0 < height }) ?? true
        else { return nil }
        return try await region.perform(
            "anchor",
            [
                ("ledger", .hash(microgrid.node.ledger)), ("height", .unsigned(height)),
                ("header", .hash(Hash32.sha256(header.encoded()))),
                ("size", .unsigned(header.logSize)), ("root", .hash(header.logRoot)),
            ], about: plan.aggregator)
    }

    /// What the local auction left, as one figure: the larger side of it, at the limit that all of it accepts.
    private func offer(_ interval: UInt64, _ region: RegionLink) async throws -> String? {
        guard microgrid.now + Self.margin < interval - region.rules.clearing else { return nil }
        let orders = try microgrid.state.scan(EnergyContract.orders, prefix: "\(interval)/", limit: 500)
        let left = orders.compactMap { _, order in
            order.terms.flatMap { $0.energy > order.matched && $0.isDivisible ? ($0, $0.energy - order.matched) : nil }
        }
        let sides = Side.allCases.map { side in (side, left.filter { $0.0.side == side }) }
        guard let (side, parts) = sides.max(by: { Self.sum($0.1) < Self.sum($1.1) }), !parts.isEmpty else { return nil }
        let prices = parts.map(\.0.price)
        // In steps, so that the others learn no household's own limit.
        let step = MicrogridPlan.priceStep
        let price =
            side == .sell ? ((prices.max() ?? 0) + step - 1) / step * step : (prices.min() ?? 0) / step * step
        return try await region.perform(
            "position",
            [
                ("interval", .unsigned(interval)), ("side", .text(side.rawValue)),
                ("energy", .unsigned(min(Self.sum(parts), plan.capacity))), ("price", .unsigned(price)),
            ], about: "interval:\(interval)")
    }

    private static func sum(_ parts: [(OrderTerms, UInt64)]) -> UInt64 { parts.reduce(0) { $0 + $1.1 } }

    private func trades(_ interval: UInt64, by decision: Decision) throws -> [Trade] {
        try microgrid.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000).map(\.value)
            .filter { $0.decision == decision.agreed }
    }

    /// Brings a decision home: the orders that were left get it.
    private func carry(_ interval: UInt64, _ decision: Decision) async throws -> String? {
        guard microgrid.now < interval, try trades(interval, by: decision).isEmpty else { return nil }
        let sells = decision.seller == plan.aggregator
        let (_, outcome) = try await microgrid.perform(
            Ledger.Operation(
                EnergyContract.contractName, "cross",
                [
                    ("interval", .unsigned(interval)), ("side", .text(sells ? "sell" : "buy")),
                    ("energy", .unsigned(decision.energy)),
                    // Who buys pays the fee of the line on top.
                    ("price", .unsigned(sells ? decision.price : decision.price + decision.fee)),
                    ("decision", .hash(decision.agreed)),
                ]), as: plan.aggregator, about: "interval:\(interval)")
        return Problem.rejected(outcome)?.detail
    }

    /// What crossed, once the interval is settled at home and none of it is disputed.
    private func report(
        _ interval: UInt64, _ number: UInt64, _ decision: Decision, _ region: RegionLink
    ) async throws -> String? {
        guard (decision.seller == plan.aggregator ? decision.given : decision.taken) == nil,
            try microgrid.state.get(EnergyContract.clearings, "\(interval)")?.isSettled == true
        else { return nil }
        let delivered = try trades(interval, by: decision).map(\.delivered)
        let known = delivered.compactMap { $0 }
        guard known.count == delivered.count else { return nil }
        return try await region.perform(
            "report",
            [
                ("interval", .unsigned(interval)), ("decision", .unsigned(number)),
                ("energy", .unsigned(known.reduce(0, +))),
            ], about: "interval:\(interval)")
    }
}
