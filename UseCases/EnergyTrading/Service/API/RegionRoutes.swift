import APIKit
import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The aggregators' ledger for programs and people.
struct RegionRoutes: Sendable {
    /// Where an aggregator looks up what concerns it.
    static let ownPath = "/api/v1/energy/own"

    /// Most positions or decisions that are looked through at once.
    private static let mostOfOne = 10_000

    let platform: Platform

    var routes: [Route] {
        [
            Route(.get, "/api/v1/energy/anchors", "Anchored heads of private ledgers", tag: "energy") { _ in
                let anchors = try platform.state.scan(RegionContract.anchors, limit: 100)
                return .json([
                    "items": anchors.map { aggregator, anchor -> [String: Any] in
                        [
                            "aggregator": aggregator, "ledger": anchor.ledger.hex, "height": anchor.height,
                            "header": anchor.header.hex, "size": anchor.size, "root": anchor.root.hex,
                        ]
                    }
                ])
            },
            Route(
                .get, "/api/v1/energy/decisions", "What microgrids exchange, latest first", tag: "energy",
                parameters: [.init("limit", in: .query, "At most so many", .integer(1...500))]
            ) { request in
                let limit = try request.integer("limit", default: 50, in: 1...500)
                return .json([
                    "items": try latestDecisions(limit: Int(limit)).map { key, decision in
                        decision.json.merging(["decision": key]) { one, _ in one }
                    }
                ])
            },
            Route(
                .get, Self.ownPath,
                "Registration, anchored height, positions and decisions of the aggregator that asks",
                tag: "energy", access: .role(RegionContract.Role.aggregator),
                parameters: [.init("since", in: .query, "First interval, ms since 1970", .integer(0...Int64.max))]
            ) { request in
                .json(
                    try own(
                        of: try request.requireSession().participant,
                        since: UInt64(try request.integer("since", default: 0, in: 0...Int.max))))
            },
            Route(
                .get, "/energy/region", "Trade between microgrids", tag: "energy", produces: "text/html"
            ) { request in
                try platform.page(try page(), request.session)
            },
        ]
    }

    private func latestDecisions(limit: Int) throws -> [(key: String, decision: Decision)] {
        let start = platform.now - UInt64(limit + 20) * MicrogridPlan.interval
        return try platform.state.scan(RegionContract.decisions, after: "\(start)", limit: 1000).reversed().prefix(
            limit
        )
        .map { ($0.key, $0.value) }
    }

    private func own(of aggregator: String, since start: UInt64) throws -> [String: Any] {
        let positions = try platform.state.scan(RegionContract.positions, after: "\(start)", limit: Self.mostOfOne)
        let decisions = try platform.state.scan(RegionContract.decisions, after: "\(start)", limit: Self.mostOfOne)
        return [
            "registered": try platform.state.get(RegionContract.microgrids, aggregator).map { !$0.isSuspended }
                ?? false,
            "anchored": try platform.state.get(RegionContract.anchors, aggregator)?.height ?? NSNull(),
            "positions": positions.filter { $0.key.hasSuffix("/\(aggregator)") }
                .compactMap { UInt64($0.key.prefix { $0 != "/" }) },
            "decisions": decisions.filter { [$0.value.seller, $0.value.buyer].contains(aggregator) }
                .map { key, decision in decision.json.merging(["decision": key]) { one, _ in one } },
        ]
    }

    private func page() throws -> WorkPage {
        let microgrids = try platform.state.scan(RegionContract.microgrids, limit: 100).map { aggregator, microgrid in
            let anchor = try platform.state.get(RegionContract.anchors, aggregator)
            return [
                Table.Cell.text(platform.name(of: aggregator)), .text(EnergyWords.energy(microgrid.capacity)),
                microgrid.isSuspended ? .mark("Suspended", .bad) : .mark("Admitted", .good),
                .text(anchor.map { "\($0.height)" } ?? "none yet"),
                .code(anchor.map { String($0.header.hex.prefix(16)) } ?? "", href: nil),
            ]
        }
        return WorkPage(
            kicker: "Aggregators", title: "Trade between microgrids",
            lead: "Net positions only: no order, meter or person of a microgrid is on this ledger.",
            tables: [
                Table(
                    caption: "Microgrids and the heads of their private ledgers",
                    columns: [
                        .init("Microgrid"), .init("Line, per interval", isNumeric: true), .init("State"),
                        .init("Anchored block", isNumeric: true), .init("Header"),
                    ], rows: microgrids,
                    empty: .init("No microgrid is registered. The Energy Office registers those with a licence.")),
                Table(
                    caption: "Latest decisions",
                    columns: [
                        .init("Interval"), .init("From"), .init("To"), .init("Energy", isNumeric: true),
                        .init("Price a kWh", isNumeric: true), .init("Came", isNumeric: true),
                        .init("Paid", isNumeric: true), .init("Line fee", isNumeric: true),
                    ],
                    rows: try latestDecisions(limit: 40).map { key, decision in
                        let delivered = decision.isSettled ? min(decision.given ?? 0, decision.taken ?? 0) : nil
                        return [
                            .time(EnergyWords.moment(key)), .text(platform.name(of: decision.seller)),
                            .text(platform.name(of: decision.buyer)),
                            .link(
                                EnergyWords.energy(decision.energy),
                                href: Grounds(about: ["interval:\(key.prefix { $0 != "/" })"]).href),
                            .text(EnergyWords.price(decision.price)),
                            .text(delivered.map(EnergyWords.energy) ?? "under way"),
                            .text(decision.paid.map(EnergyWords.points) ?? ""),
                            .text(decision.feePaid.map(EnergyWords.points) ?? ""),
                        ]
                    }, empty: .init("Nothing crossed yet. What local markets leave is decided here.")),
            ], current: "/energy/region")
    }
}
