import APIKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The room of an objection: farmer and institution see the same records and messages, and a person of the institution
/// answers. The words of messages lie on the ledger sealed for the two.
struct ObjectionRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    private static let maximumRecords = 200

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }
    private var conversation: SealedConversation { SealedConversation("cairn-fish-message/1", on: platform) }

    /// - Parameter key: `loan/<farmer>/<id>` or `cover/<farmer>/<id>`.
    static func path(_ key: String) -> String { DeskRoutes.path("objection", key) }

    var routes: [Route] {
        [
            work.page("/fish/objection", "An objection, for its parties", access: .signedIn) { request, session in
                let key = request.query["key"] ?? ""
                return try platform.page(try page(key, try objection(key, session), session), session)
            },
            work.action("/fish/objection", "Say something about an objection, or answer it", access: .signedIn) {
                try await act($0, $1)
            },
        ]
    }

    private func objection(_ key: String, _ session: Session) throws -> ObjectionRecord {
        guard let objection = try platform.state.get(Fish.objections, key),
            parties(key, objection).contains(session.participant)
        else { throw Problem.notFound("objection of yours about \(key)") }
        return objection
    }

    private func parties(_ key: String, _ objection: ObjectionRecord) -> [String] {
        [DeskRoutes.farmer(Fish.decision(of: key)), objection.institution]
    }

    // MARK: The page

    static func words(_ stage: ObjectionRecord.Stage, isLate: Bool) -> Table.Cell {
        switch stage {
        case .open: isLate ? .mark("Answer is late", .bad) : .mark("Waits for an answer", .neutral)
        case .upheld: .mark("Decision stays", .neutral)
        case .revised: .mark("Decision revised", .good)
        }
    }

    private func page(_ key: String, _ objection: ObjectionRecord, _ session: Session) throws -> WorkPage {
        let about = Fish.decision(of: key)
        let kind = key.hasPrefix("loan/") ? "loan" : "cover"
        let records = try platform.index.records(
            mentioning: ["objection:\(key)", "\(kind):\(about)"], limit: Self.maximumRecords
        ).filter { $0.rejection == nil }
        return WorkPage(
            kicker: "Objection", title: DeskRoutes.name(about),
            lead:
                "A person of \(platform.name(of: objection.institution)) looks at the decision again and answers with a "
                + "reason. Both sides see this page alike.",
            facts: try facts(key, objection),
            tables: [
                Table(
                    caption: "What happened",
                    columns: [.init("When"), .init("Who"), .init("What"), .init("Record")],
                    rows: try records.reversed().map { record in
                        let statement = try platform.statement(of: record)
                        let isMessage = record.operation == "say"
                        let words =
                            isMessage
                            ? conversation.words(of: statement, in: key, for: session.participant).map { "“\($0)”" }
                                ?? "a message that is not opened here"
                            : FishExchange.exchange(in: statement)?.exchanged ?? record.operation
                        return [
                            .time(FishWork.moment(record.time)), .text(platform.name(of: record.issuer)), .text(words),
                            .link(
                                "Record",
                                href: ExplorerPaths.transaction(record.id.hex, ledger: platform.node.ledger.hex)),
                        ]
                    }, empty: .init("Nothing yet."))
            ], forms: forms(key, objection, session))
    }

    private func facts(_ key: String, _ objection: ObjectionRecord) throws -> [Fact] {
        let about = Fish.decision(of: key)
        let kind = key.hasPrefix("loan/") ? "loan" : "cover"
        var facts = [
            Fact("The farmer says", objection.why, grounds: Grounds(about: ["objection:\(key)", "\(kind):\(about)"])),
            Fact("Decision", "the case with its reasons", href: DeskRoutes.path(kind, about)),
        ]
        if case .mark(let words, _) = Self.words(objection.stage, isLate: objection.isLate) {
            facts.append(Fact("State", words))
        }
        if objection.stage == .open {
            facts.append(Fact("To be answered by", FishWork.moment(objection.due)))
        } else if let answeredAt = objection.answeredAt {
            facts += [
                Fact("Answer", objection.reason ?? ""),
                Fact(
                    "Answered", FishWork.moment(answeredAt),
                    note: "by \(platform.name(of: objection.answeredBy ?? ""))"
                        + (objection.isLate ? ", later than it was due" : "")),
            ]
        }
        return facts
    }

    private func forms(_ key: String, _ objection: ObjectionRecord, _ session: Session) -> [Form] {
        func form(_ word: String, _ title: String, _ submit: String, _ fields: [Form.Field]) -> Form {
            Form(
                id: word, title: title, action: "/fish/objection", fields: fields,
                fixed: [.init("key", key), .init("do", word)], submit: submit, csrfToken: session.formToken)
        }
        let say = form(
            "say", "Say something", "Sign and send",
            [
                .init(
                    "words", label: "Message", kind: .text(maximumLength: 300),
                    hint: "Farmer and institution read it, and nobody else.")
            ])
        guard objection.stage == .open, session.participant == objection.institution else { return [say] }
        var fields: [Form.Field] = [
            .init(
                "verdict", label: "Decision",
                kind: .choice([.init("upheld", "stays as it is"), .init("revised", "is revised for the farmer")])),
            .init(
                "reason", label: "Reason", kind: .text(maximumLength: 300), hint: "The farmer reads it as it stands."),
        ]
        if key.hasPrefix("loan/") {
            fields.append(
                .init(
                    "amount", label: "Lend, where revised", kind: .number(unit: "XPT", step: "0.01"), isRequired: false)
            )
        }
        return [form("answer", "Answer", "Sign the answer", fields), say]
    }

    // MARK: What is done

    private func act(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let key = try input.text("key")
        let objection = try objection(key, session)
        switch try input.text("do") {
        case "say":
            let words = try conversation.arguments(try input.text("words"), in: key, for: parties(key, objection))
            return try await work.submit(
                [("fish", "say", [("case", .text(key))] + words, "objection:\(key)")], as: session, title: "Said",
                back: Self.path(key))
        case "answer":
            let isRevised = try input.text("verdict") == "revised"
            let amount: CBOR =
                isRevised && input.optional("amount") != nil
                ? .unsigned(try input.scaled("amount", by: 100)) : .null
            return try await work.submit(
                [
                    (
                        "fish", "answerObjection",
                        [
                            ("case", .text(key)), ("revised", .bool(isRevised)),
                            ("reason", .text(try input.text("reason"))), ("amount", amount),
                        ], "objection:\(key)"
                    )
                ], as: session, title: "Answered", back: Self.path(key))
        default: throw Problem.badRequest("say or answer")
        }
    }
}
