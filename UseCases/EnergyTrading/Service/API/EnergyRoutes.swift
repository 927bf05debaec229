import APIKit
import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import UseCaseKit

/// The market for programs: intervals for everybody in the microgrid, trades for their parties.
struct EnergyRoutes: Sendable {
    let platform: Platform
    let plan: MicrogridPlan

    /// Sums of fewer participants than this would tell what one of them did.
    static let smallestGroup: UInt64 = 3

    var routes: [Route] {
        [
            sessionRoute,
            Route(
                .get, "/api/v1/energy/intervals", "What the latest auctions came to", tag: "energy",
                parameters: [.init("limit", in: .query, "At most so many", .integer(1...500))]
            ) { request in
                let limit = try request.integer("limit", default: 50, in: 1...500)
                return .json(["items": try intervals(limit: Int(limit))])
            },
            Route(
                .get, "/api/v1/energy/intervals/{interval}", "Orders of an auction, without names, to compute it again",
                tag: "energy",
                parameters: [.init("interval", in: .path, "Start, ms since 1970", .integer(0...Int64.max))],
                problems: [404: "not-found"]
            ) { request in
                .json(try auction(try request.parameter("interval")))
            },
            Route(
                .get, "/api/v1/energy/bill", "Intervals, payments and savings of whoever is signed in", tag: "energy",
                access: .role(EnergyContract.Role.prosumer)
            ) { request in
                let bill = try EnergyBill(try request.requireSession().participant, on: platform, plan: plan)
                return request.headers["accept"]?.contains("text/csv") == true
                    ? .text(Self.csv(bill), "text/csv; charset=utf-8") : .json(Self.shown(bill))
            },
            Route(
                .get, "/api/v1/energy/trades", "Trades of whoever is signed in", tag: "energy",
                parameters: [.init("limit", in: .query, "At most so many", .integer(1...1000))]
            ) { request in
                let limit = try request.integer("limit", default: 100, in: 1...1000)
                let items = try trades(of: request.session, limit: Int(limit))
                return request.headers["accept"]?.contains("text/csv") == true
                    ? .text(Self.csv(items), "text/csv; charset=utf-8") : .json(["items": items])
            },
            Route(
                .get, "/api/v1/energy/trades/{interval}/{number}",
                "A trade: in full for its parties, as a commitment for others", tag: "energy",
                parameters: [
                    .init("interval", in: .path, "Start, ms since 1970", .integer(0...Int64.max)),
                    .init("number", in: .path, "Number in its interval", .integer(0...Int64.max)),
                ],
                problems: [404: "not-found"]
            ) { request in
                let (interval, number) = (try request.parameter("interval"), try request.parameter("number"))
                guard let trade = try platform.state.get(EnergyContract.trades, "\(interval)/\(number)") else {
                    throw Problem.notFound("trade \(interval)/\(number)")
                }
                return .json(try shown(trade, "\(interval)/\(number)", to: request.session))
            },
        ]
    }

    // MARK: A bill

    private static let columns: [(name: String, value: any KeyPath<EnergyBill.Line, UInt64> & Sendable)] = [
        ("interval", \.interval), ("imported", \.imported), ("exported", \.exported), ("soldHere", \.soldHere),
        ("soldAcross", \.soldAcross), ("toUtility", \.toUtility), ("boughtHere", \.boughtHere),
        ("boughtAcross", \.boughtAcross), ("fromUtility", \.fromUtility), ("earned", \.earned), ("spent", \.spent),
    ]

    private static func shown(_ bill: EnergyBill) -> [String: Any] {
        [
            "intervals": bill.lines.map { line in
                Dictionary(uniqueKeysWithValues: columns.map { ($0.name, line[keyPath: $0.value]) })
            },
            "utility": ["takes": bill.utility.takes, "gives": bill.utility.gives], "earned": bill.earned,
            "spent": bill.spent, "withMarket": bill.withMarket, "withoutMarket": bill.withoutMarket,
            "saved": bill.saved,
        ]
    }

    private static func csv(_ bill: EnergyBill) -> String {
        let rows = bill.lines.map { line in columns.map { String(line[keyPath: $0.value]) } }
        return ([columns.map(\.name)] + rows).map { $0.map(CSV.field).joined(separator: ",") + "\r\n" }.joined()
    }

    private static let tradeColumns = [
        "trade", "stage", "seller", "buyer", "energy", "price", "acceptedBy", "agreement", "delivered", "amount",
        "decision", "commitment", "salt",
    ]

    private static func csv(_ trades: [[String: Any]]) -> String {
        let rows = trades.map { trade in
            tradeColumns.map { column in trade[column].flatMap { $0 is NSNull ? nil : "\($0)" } ?? "" }
        }
        return ([tradeColumns] + rows).map { $0.map(CSV.field).joined(separator: ",") + "\r\n" }.joined()
    }

    /// Latest first.
    func latestClearings(limit: Int) throws -> [(interval: UInt64, clearing: Clearing)] {
        let start = platform.now - UInt64(limit + 4) * MicrogridPlan.interval
        return try platform.state.scan(EnergyContract.clearings, after: "\(start)", limit: limit + 8).reversed()
            .compactMap { key, clearing in UInt64(key).map { ($0, clearing) } }
    }

    private func intervals(limit: Int) throws -> [[String: Any]] {
        try latestClearings(limit: limit).map { interval, clearing in
            var item: [String: Any] = [
                "interval": interval, "orders": clearing.orders, "unopened": clearing.unopened,
                "digest": clearing.digest.hex, "settled": clearing.isSettled, "halted": clearing.isHalted,
            ]
            item["price"] = clearing.price ?? NSNull()
            item["energy"] = clearing.orders >= Self.smallestGroup ? clearing.energy : NSNull()
            return item
        }
    }

    private func auction(_ interval: String) throws -> [String: Any] {
        guard let clearing = try platform.state.get(EnergyContract.clearings, interval) else {
            throw Problem.notFound("auction of \(interval)")
        }
        let orders = try platform.state.scan(EnergyContract.orders, prefix: "\(interval)/", limit: 500)
        let rows: [[String: Any]] = orders.compactMap { _, order in
            order.terms.map { terms in
                [
                    "commitment": order.commitment.hex, "side": terms.side.rawValue, "energy": terms.energy,
                    "price": terms.price, "divisible": terms.isDivisible, "matched": order.matched,
                ]
            }
        }
        return [
            "price": clearing.price ?? NSNull(), "digest": clearing.digest.hex, "k": 500,
            // By commitment, so that their order does not tell whose they are.
            "orders": rows.sorted { ($0["commitment"] as? String ?? "") < ($1["commitment"] as? String ?? "") },
        ]
    }

    /// Trades of a participant, latest first; those of aggregator and registrar are all.
    func ownTrades(of session: Session?, limit: Int) throws -> [(key: String, trade: Trade)] {
        guard let session else { return [] }
        let start = platform.now - UInt64(limit + 40) * MicrogridPlan.interval
        return try platform.state.scan(EnergyContract.trades, after: "\(start)", limit: 10_000).reversed()
            .filter { isParty(session, to: $0.value) }.prefix(limit).map { ($0.key, $0.value) }
    }

    private func isParty(_ session: Session?, to trade: Trade) -> Bool {
        guard let participant = session?.participant else { return false }
        return [trade.seller, trade.buyer, plan.aggregator, plan.registrar].contains(participant)
    }

    private func trades(of session: Session?, limit: Int) throws -> [[String: Any]] {
        try ownTrades(of: session, limit: limit).map { try shown($0.trade, $0.key, to: session) }
    }

    private func shown(_ trade: Trade, _ key: String, to session: Session?) throws -> [String: Any] {
        var item: [String: Any] = ["trade": key, "stage": trade.stage.rawValue]
        item["commitment"] = trade.commitment?.hex ?? NSNull()
        guard isParty(session, to: trade) else { return item }
        let parts = key.split(separator: "/").compactMap { UInt64($0) }
        guard parts.count == 2 else { return item }
        item["seller"] = trade.seller
        item["buyer"] = trade.buyer
        item["energy"] = trade.energy
        item["price"] = trade.price
        item["acceptedBy"] = trade.acceptedBy ?? NSNull()
        item["agreement"] = trade.agreement ?? NSNull()
        item["delivered"] = trade.delivered ?? NSNull()
        item["amount"] = trade.amount ?? NSNull()
        item["decision"] = trade.decision?.hex ?? NSNull()
        item["salt"] = try TradeSalt(platform: platform, aggregator: plan.aggregator).salt(parts[0], parts[1]).hex
        return item
    }
}
