import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import UseCaseKit

/// An aggregator between its microgrid and the others: anchors the private ledger's head, offers what the local market
/// left, carries decisions back, and reports what came over the line. Nothing but sums passes here.
struct BorderDesk: Sendable {
    private static let pause: Duration = .milliseconds(300)
    private static let memory: UInt64 = 240_000
    private static let anchorInterval: UInt64 = 10_000

    let region: Platform
    let microgrid: Platform
    let plan: MicrogridPlan

    func run() async throws {
        var anchored: UInt64 = 0
        // The other ledger may be away; the local market does not wait for it.
        try await region.keepOn("the border of \(plan.title) stands still", every: Self.pause) {
            if region.now > anchored + Self.anchorInterval {
                try await anchor()
                anchored = region.now
            }
            for (key, clearing) in try microgrid.state.scan(
                EnergyContract.clearings, after: "\(microgrid.now - Self.memory)", limit: 100)
            {
                guard let interval = UInt64(key) else { continue }
                try await offer(interval)
                try await carry(interval)
                if clearing.isSettled { try await report(interval) }
            }
        }
    }

    private func perform(_ name: String, _ arguments: [(String, CBOR)], about subject: String) async throws {
        _ = try await region.perform(
            Ledger.Operation(RegionContract.contractName, name, arguments), as: plan.aggregator, about: subject)
    }

    /// The latest head, where the microgrid's members cannot take it back.
    private func anchor() async throws {
        let store = microgrid.node.serving.store
        guard try region.state.get(RegionContract.microgrids, plan.aggregator) != nil,
            let height = try store.headHeight(), let header = try store.block(at: height)?.header
        else { return }
        if let last = try region.state.get(RegionContract.anchors, plan.aggregator), last.height >= height { return }
        try await perform(
            "anchor",
            [
                ("ledger", .hash(microgrid.node.ledger)), ("height", .unsigned(height)),
                ("header", .hash(Hash32.sha256(header.encoded()))),
                ("size", .unsigned(header.logSize)), ("root", .hash(header.logRoot)),
            ], about: plan.aggregator)
    }

    /// What the local auction left, as one figure: the larger side of it, at the limit that all of it accepts.
    private func offer(_ interval: UInt64) async throws {
        guard region.now + 200 < interval - MicrogridPlan.regionClearing,
            try region.state.get(RegionContract.microgrids, plan.aggregator) != nil,
            try region.state.get(RegionContract.positions, "\(interval)/\(plan.aggregator)") == nil
        else { return }
        let orders = try microgrid.state.scan(EnergyContract.orders, prefix: "\(interval)/", limit: 500)
        let left = orders.compactMap { _, order in
            order.terms.flatMap { $0.energy > order.matched && $0.isDivisible ? ($0, $0.energy - order.matched) : nil }
        }
        let sides = Side.allCases.map { side in (side, left.filter { $0.0.side == side }) }
        guard let (side, parts) = sides.max(by: { Self.sum($0.1) < Self.sum($1.1) }), !parts.isEmpty else { return }
        let prices = parts.map(\.0.price)
        // In steps, so that the others learn no household's own limit.
        let step = MicrogridPlan.priceStep
        let price =
            side == .sell ? ((prices.max() ?? 0) + step - 1) / step * step : (prices.min() ?? 0) / step * step
        try await perform(
            "position",
            [
                ("interval", .unsigned(interval)), ("side", .text(side.rawValue)),
                ("energy", .unsigned(min(Self.sum(parts), plan.capacity))), ("price", .unsigned(price)),
            ], about: "interval:\(interval)")
    }

    private static func sum(_ parts: [(OrderTerms, UInt64)]) -> UInt64 { parts.reduce(0) { $0 + $1.1 } }

    /// Own decisions of an interval on the aggregators' ledger.
    private func decisions(_ interval: UInt64) throws -> [(number: UInt64, decision: Decision)] {
        try region.state.scan(RegionContract.decisions, prefix: "\(interval)/", limit: 1000).compactMap {
            key, decision in
            guard decision.seller == plan.aggregator || decision.buyer == plan.aggregator else { return nil }
            return key.split(separator: "/").last.flatMap { UInt64($0) }.map { ($0, decision) }
        }
    }

    /// Brings a decision home: the orders that were left get it.
    private func carry(_ interval: UInt64) async throws {
        guard microgrid.now < interval else { return }
        let trades = try microgrid.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000)
        for (_, decision) in try decisions(interval) {
            let hash = Hash32.sha256(decision.cbor.encoded())
            guard !trades.contains(where: { $0.value.decision == hash }) else { continue }
            let sells = decision.seller == plan.aggregator
            _ = try await microgrid.perform(
                Ledger.Operation(
                    EnergyContract.contractName, "cross",
                    [
                        ("interval", .unsigned(interval)), ("side", .text(sells ? "sell" : "buy")),
                        ("energy", .unsigned(decision.energy)),
                        // Who buys pays the fee of the line on top.
                        ("price", .unsigned(sells ? decision.price : decision.price + decision.fee)),
                        ("decision", .hash(hash)),
                    ]), as: plan.aggregator, about: "interval:\(interval)")
        }
    }

    /// What crossed, once the interval is settled at home.
    private func report(_ interval: UInt64) async throws {
        for (number, decision) in try decisions(interval) where !decision.isSettled {
            let isSeller = decision.seller == plan.aggregator
            guard (isSeller ? decision.given : decision.taken) == nil else { continue }
            var agreed = decision
            (agreed.given, agreed.taken) = (nil, nil)
            let hash = Hash32.sha256(agreed.cbor.encoded())
            let trades = try microgrid.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000)
            let energy = trades.filter { $0.value.decision == hash }.reduce(0) { $0 + ($1.value.delivered ?? 0) }
            try await perform(
                "report",
                [
                    ("interval", .unsigned(interval)), ("decision", .unsigned(number)), ("energy", .unsigned(energy)),
                ], about: "interval:\(interval)")
        }
    }
}
