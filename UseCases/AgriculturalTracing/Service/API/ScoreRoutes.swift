import APIKit
import AgriculturalTracingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// A supplier's score with its reasons, for itself and for whom it lets read it.
struct ScoreRoutes: Sendable {
    /// A consent lasts so long, ms.
    private static let term: UInt64 = 90 * 86_400_000

    let platform: Platform

    var routes: [Route] {
        let supplier = Route.Parameter("supplier", in: .path, "Participant")
        return [
            Route(
                .get, "/api/v1/tracing/scores/{supplier}", "A supplier's score and the records that it comes from",
                tag: "agricultural-tracing", parameters: [supplier], problems: [403: "not-shared"]
            ) { request in
                let name = try request.parameter("supplier")
                let score = try score(of: name, for: try request.requireSession())
                return .json([
                    "supplier": name, "points": score.points, "of": SupplierScore.best,
                    "reasons": score.reasons.map {
                        ["points": $0.points, "words": $0.words, "transaction": $0.record.id.hex]
                    },
                ])
            },
            Route(
                .get, "/credit/{supplier}", "A supplier's score", tag: "agricultural-tracing", parameters: [supplier],
                produces: "text/html", problems: [403: "not-shared"]
            ) { request in
                let session = try request.requireSession()
                return try platform.page(try page(of: try request.parameter("supplier"), session), session)
            },
            platform.form("/credit/share", "Let somebody read my score", tag: "agricultural-tracing", access: .signedIn)
            {
                input, session in
                let ends = input.optional("end") != nil
                let until = ends ? 0 : platform.now + Self.term
                return try await platform.submit(
                    [
                        .init(
                            .init(
                                TracingContract.contractName, "shareScore",
                                [
                                    ("reader", .text(try input.text("reader"))), ("until", .unsigned(until)),
                                    ("purpose", .text(input.optional("purpose") ?? "Credit")),
                                ]), about: session.participant)
                    ], as: session, title: ends ? "Ended" : "Shared for 90 days",
                    back: .init(title: "Back to the score", href: "/credit/\(session.participant)"))
            },
        ]
    }

    private func score(of supplier: String, for session: Session) throws -> SupplierScore {
        guard try SupplierScore.mayRead(session.participant, of: supplier, on: platform) else {
            throw Problem(
                403, "not-shared",
                "\(platform.name(of: supplier)) does not share its score with you; ask it to, on its own page")
        }
        return try SupplierScore(of: supplier, on: platform)
    }

    private func page(of supplier: String, _ session: Session) throws -> WorkPage {
        let score = try score(of: supplier, for: session)
        let isOwn = session.participant == supplier
        let readers = try platform.state.scan(TracingContract.scoreReaders, limit: 1000)
            .filter { $0.key.hasPrefix("\(supplier)/") && platform.now < $0.value }
            .map { ($0.key.dropFirst(supplier.utf8.count + 1).description, $0.value) }
        return WorkPage(
            kicker: "Credit of a supplier", title: platform.name(of: supplier),
            lead: "Begins at 60 and moves with what the ledger holds about its lots, transports and certificates.",
            facts: [Fact("Score", "\(score.points) of \(SupplierScore.best)")],
            tables: [
                Table(
                    caption: "Reasons, the latest first",
                    columns: [.init("Points", isNumeric: true), .init("Why"), .init("When")],
                    rows: score.reasons.reversed().prefix(200).map {
                        [
                            .text($0.points > 0 ? "+\($0.points)" : "\($0.points)"),
                            .link(
                                $0.words,
                                href: ExplorerPaths.transaction($0.record.id.hex, ledger: platform.node.ledger.hex)),
                            .time(Moment(milliseconds: Int64($0.record.time))),
                        ]
                    }, empty: .init("Nothing is recorded yet that counts."))
            ]
                + (isOwn
                    ? [
                        Table(
                            caption: "Who reads it", columns: [.init("Reader"), .init("Until")],
                            rows: readers.map {
                                [.text(platform.name(of: $0.0)), .time(Moment(milliseconds: Int64($0.1)))]
                            }, empty: .init("Nobody but you."))
                    ] : []),
            forms: isOwn
                ? [
                    Form(
                        id: "share", title: "Let somebody read it for 90 days", action: "/credit/share",
                        fields: [
                            Form.Field("reader", label: "Participant", kind: .text(maximumLength: 100)),
                            Form.Field(
                                "purpose", label: "Purpose", kind: .text(maximumLength: 200), value: "Credit"),
                        ], submit: "Share", csrfToken: session.formToken)
                ] : [])
    }
}
