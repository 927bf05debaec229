import APIKit
import EnergyTradingContract
import Foundation
import PortalKit
import UseCaseKit

/// Sessions with a meter record of their own, for their parties.
extension EnergyRoutes {
    private static let mostSessions = 1000

    var sessionRoute: Route {
        Route(
            .get, "/api/v1/energy/sessions", "Wireless and mobile sessions of whoever is signed in", tag: "energy"
        ) { request in
            .json(["items": try sessions(of: try request.requireSession()).map { Self.shown($0.key, $0.session) }])
        }
    }

    func sessions(of visitor: Session) throws -> [(key: String, session: ChargingSession)] {
        try platform.state.scan(EnergyContract.sessions, limit: Self.mostSessions)
            .filter {
                [$0.value.terms.seller, $0.value.terms.buyer, plan.aggregator, plan.registrar].contains(
                    visitor.participant)
            }
            .map { ($0.key, $0.value) }
    }

    private static func shown(_ key: String, _ session: ChargingSession) -> [String: Any] {
        let terms = session.terms
        var item: [String: Any] = [
            "session": key, "kind": terms.kind.rawValue, "seller": terms.seller, "buyer": terms.buyer,
            "price": terms.price, "energy": terms.energy, "until": terms.until, "joined": session.joinedBy != nil,
        ]
        item["sent"] = session.record?.sent ?? NSNull()
        item["received"] = session.record?.received ?? NSNull()
        item["first"] = session.record?.first ?? NSNull()
        item["last"] = session.record?.last ?? NSNull()
        item["amount"] = session.amount ?? NSNull()
        return item
    }

    /// The table of a household's page; nil where it had none.
    func sessionTable(of visitor: Session) throws -> Table? {
        let sessions = try sessions(of: visitor)
        guard !sessions.isEmpty else { return nil }
        return Table(
            caption: "Wireless and mobile sessions",
            columns: [
                .init("With"), .init("You"), .init("Way"), .init("Sent", isNumeric: true),
                .init("Arrived", isNumeric: true), .init("Points", isNumeric: true), .init("State"),
            ],
            rows: sessions.map { _, session in
                let isSeller = session.terms.seller == visitor.participant
                return [
                    .text(platform.name(of: isSeller ? session.terms.buyer : session.terms.seller)),
                    .text(isSeller ? "sell" : "buy"), .text(session.terms.kind == .wireless ? "by air" : "by cable"),
                    .text(session.record.map { EnergyWords.energy($0.sent) } ?? ""),
                    .text(session.record.map { EnergyWords.energy($0.received) } ?? ""),
                    .text(session.amount.map(EnergyWords.points) ?? ""),
                    session.amount != nil
                        ? .mark("Paid", .good) : .mark(session.joinedBy == nil ? "Offered" : "Under way", .neutral),
                ]
            }, empty: .init("No session yet."))
    }
}
