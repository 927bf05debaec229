import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The room of a case: enterprise, bank and monitoring organisation see the same messages, requests and decisions, all of
/// them records, and the words of messages in clear. Those lie on the ledger sealed for each of the three.
struct CaseRoom: Sendable {
    /// Records of one case that are shown, the latest.
    private static let maximumRecords = 200
    private static let back = Site.Link(title: "Back to the start", href: "/")

    typealias Chattel = ChattelContract

    let chattel: ChattelRoutes
    private var platform: Platform { chattel.platform }
    private var conversation: SealedConversation { SealedConversation("cairn-chattel-message/1", on: platform) }

    var routes: [Route] {
        [
            Route(
                .get, "/cases/{id}", "What happened in a case, for its parties", tag: ChattelRoutes.tag,
                produces: "text/html", problems: [404: "not-found"]
            ) { request in
                let session = try request.requireSession()
                let id = try request.parameter("id")
                return try platform.page(try page(id, try application(id, session), session), session)
            },
            platform.form(
                "/cases/message", "Say something in a case", tag: ChattelRoutes.tag, access: .signedIn
            ) { input, session in
                let id = try input.text("application")
                let application = try application(id, session)
                let words = try input.text("words")
                return try await platform.submit(
                    [
                        .init(
                            .init(
                                Chattel.contractName, "message",
                                [
                                    ("application", .text(id))
                                ] + conversation.arguments(words, in: id, for: parties(application))),
                            about: "application:\(id)")
                    ], as: session, title: "Said",
                    back: .init(title: "Back to the case", href: "/cases/\(id)"))
            },
        ]
    }

    // MARK: Who is in it

    /// A bank has no part in what was not sent to it.
    private func parties(_ application: LoanApplication) -> [String] {
        [application.enterprise] + (application.stage == .draft ? [] : [application.bank])
            + (application.monitor.map { [$0] } ?? [])
    }

    private func application(_ id: String, _ session: Session) throws -> LoanApplication {
        guard let application = try platform.state.get(Chattel.applications, id),
            parties(application).contains(session.participant)
        else { throw Problem.notFound("case of yours with this number") }
        return application
    }

    // MARK: The page

    private func page(_ id: String, _ application: LoanApplication, _ session: Session) throws -> WorkPage {
        let records = try platform.index.records(mentioning: ["application:\(id)"], limit: Self.maximumRecords)
            .filter { $0.rejection == nil }
        return WorkPage(
            kicker: "Case", title: id, lead: "What was asked, told and decided. Each line is a signed record.",
            facts: facts(id, application, records),
            tables: [
                Table(
                    caption: "What happened",
                    columns: [.init("When"), .init("Who"), .init("What"), .init("Words"), .init("Record")],
                    rows: try records.reversed().map { record in
                        let statement = try platform.statement(of: record)
                        let isMessage = record.operation == "message"
                        return [
                            .time(ChattelRoutes.moment(record.time)), .text(platform.name(of: record.issuer)),
                            .text(
                                isMessage
                                    ? "Message" : ChattelExchange.exchange(in: statement)?.exchanged ?? record.operation
                            ),
                            .text(
                                isMessage
                                    ? conversation.words(of: statement, in: id, for: session.participant)
                                        ?? "not opened here" : ""),
                            .link("Record", href: chattel.record(record.id)),
                        ]
                    }, empty: .init("Nothing yet."))
            ],
            forms: [
                Form(
                    id: "message", title: "Say something", action: "/cases/message",
                    fields: [
                        .init(
                            "words", label: "Message", kind: .text(maximumLength: 300),
                            hint: "The parties of this case read it, and nobody else.")
                    ], fixed: [.init("application", id)], submit: "Sign and send", csrfToken: session.formToken)
            ])
    }

    private func facts(_ id: String, _ application: LoanApplication, _ records: [IndexedRecord]) -> [Fact] {
        var facts = [
            Fact("Enterprise", platform.name(of: application.enterprise)),
            Fact("Bank", platform.name(of: application.bank)),
            Fact(
                "Asked for", Amounts.money(application.amount, application.currency),
                grounds: Grounds(about: ["application:\(id)"])),
            Fact("State", application.stage.rawValue.capitalized, note: application.reason),
            Fact("As a diagram", "messages of this case", href: "/sequence?about=application:\(id)"),
        ]
        let sent = records.last { $0.operation == "submit" }
        if let sent, let decided = records.last(where: { $0.operation == "decide" }), decided.time >= sent.time {
            let between = records.count {
                ($0.height, $0.position) > (sent.height, sent.position)
                    && ($0.height, $0.position) <= (decided.height, decided.position) && $0.operation != "message"
            }
            facts.append(
                Fact(
                    "From sent to decided", Amounts.length(decided.time - sent.time),
                    note: "\(between) steps, each a form of one page"))
        }
        return facts
    }
}
