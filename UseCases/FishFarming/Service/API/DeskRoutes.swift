import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Pages of banks and insurers, and the page of a case that farmer and institution share.
struct DeskRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    static let limit = 1000
    /// ms.
    private static let day: UInt64 = 86_400_000

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }

    static func path(_ kind: String, _ key: String) -> String {
        "/fish/\(kind)?key=\(key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
    }

    var routes: [Route] {
        [
            work.page("/fish/bank", "A bank's desk", access: .role(Fish.Role.bank)) { _, session in
                try platform.page(try bank(session), session)
            },
            work.page("/fish/insurer", "An insurer's desk", access: .role(Fish.Role.insurer)) { _, session in
                try platform.page(try insurer(session), session)
            },
            work.page("/fish/loan", "An application for a loan", access: .signedIn) { try loan($0, $1) },
            work.page("/fish/cover", "A cover", access: .signedIn) { try cover($0, $1) },
            work.action("/fish/loan", "Decide, accept, repay or object", access: .signedIn) { try await act($0, $1) },
            work.action("/fish/cover", "Quote or bind", access: .signedIn) { try await insure($0, $1) },
        ]
    }

    // MARK: Desks

    private func bank(_ session: Session) throws -> DeskPage {
        let loans = try platform.state.scan(Fish.loans, limit: Self.limit).filter {
            $0.value.institution == session.participant
        }
        return DeskPage(
            kind: "Bank", institution: session.name,
            cases: try loans.map { key, loan in
                [
                    .link(Self.name(key), href: Self.path("loan", key)), .text(platform.name(of: Self.farmer(key))),
                    .link(FishWork.money(loan.asked), href: Grounds(about: ["loan:\(key)"]).href),
                    .text(loan.decidedAt == nil ? "not yet" : "\(loan.score)"),
                    try alarm(batch: loan.batch), try worth(loan.batch, session), FishWork.stage(loan.stage.rawValue),
                ]
            }, models: try models(of: session.participant))
    }

    private func insurer(_ session: Session) throws -> DeskPage {
        let covers = try platform.state.scan(Fish.covers, limit: Self.limit).filter {
            $0.value.insurer == session.participant
        }
        return DeskPage(
            kind: "Insurer", institution: session.name,
            cases: try covers.map { key, cover in
                [
                    .link(Self.name(key), href: Self.path("cover", key)), .text(platform.name(of: Self.farmer(key))),
                    .link(FishWork.money(cover.sum), href: Grounds(about: ["cover:\(key)"]).href),
                    .text(cover.stage == .asked ? "not yet" : "\(cover.score)"),
                    try alarm(batch: cover.batch), try worth(cover.batch, session),
                    FishWork.stage(cover.stage.rawValue),
                ]
            }, models: try models(of: session.participant))
    }

    /// Whether the pond behind a case is in trouble.
    private func alarm(batch: String) throws -> Table.Cell {
        guard let record = try platform.state.get(Fish.batches, batch),
            let pond = try platform.state.get(Fish.ponds, record.pond)
        else { return .text("unknown") }
        if pond.lastAt == 0 { return .mark("no data yet", .neutral) }
        if pond.oxygen < pond.alarm { return .mark("oxygen alarm", .bad) }
        return pond.oxygen < pond.on ? .mark("low oxygen", .bad) : .mark("in order", .good)
    }

    /// What the fish behind a case are worth, for those who may see the batch.
    private func worth(_ batch: String, _ session: Session) throws -> Table.Cell {
        guard let record = try platform.state.get(Fish.batches, batch),
            try BatchRoutes(platform: platform).seen(batch, record, by: session)?.contains(DataClass.fry.rawValue)
                == true
        else { return .text("not shown") }
        let view = try StockView(batch, record, platform, session)
        return .link("\(view.biomass); \(view.value)", href: BatchRoutes.path(batch))
    }

    /// What the data say of the cause of a loss, by what the visitor may see.
    private func cause(_ claim: LossClaim, of cover: CoverRecord, _ session: Session) throws -> [Fact] {
        guard let record = try platform.state.get(Fish.batches, cover.batch) else { return [] }
        let look = LossLook(platform: platform, session: session)
        let loss = LossLook.Loss(batch: cover.batch, record: record, time: claim.claimedAt)
        let classes = try BatchRoutes(platform: platform).seen(cover.batch, record, by: session) ?? []
        return [LossLook.fact(try look.finding(loss, classes: classes), try look.grounds(loss))]
    }

    private func models(of institution: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.models, prefix: "\(institution)/", limit: Self.limit).map { key, model in
            let parts = key.split(separator: "/").map(String.init)
            return [
                .text(parts.count > 1 ? parts[1] : key), .text(parts.last ?? ""),
                .text(model.rules.map { FishWords.title($0.feature) }.joined(separator: ", ")),
            ]
        }
    }

    // MARK: A case

    private func loan(_ request: APIRequest, _ session: Session) throws -> APIResponse {
        let key = request.query["key"] ?? ""
        guard let loan = try platform.state.get(Fish.loans, key) else { throw Problem.notFound("application \(key)") }
        let role = try party(session, key, loan.institution)
        let payee = platform.name(of: loan.payee)
        let grounds = try grounds("loan:\(key)", batch: loan.batch, until: loan.appliedAt)
        var facts = [
            Fact("Farm", platform.name(of: Self.farmer(key))), Fact("Bank", platform.name(of: loan.institution)),
            Fact("Asked for", FishWork.money(loan.asked), grounds: grounds),
            Fact("Paid to", payee, note: "never to the farmer"),
            Fact("Applied", FishWork.moment(loan.appliedAt)), Fact("State", FishWords.stage(loan.stage.rawValue)),
            Self.fact(loan.grade), Fact("Model", loan.model, style: .code),
        ]
        if loan.decidedAt != nil { facts.append(Fact("Score", "\(loan.score)", grounds: grounds)) }
        if loan.amount > 0 {
            facts.append(
                Fact(
                    "Offered", FishWork.money(loan.amount), note: "owed \(FishWork.money(loan.owed))",
                    grounds: Grounds(about: ["loan:\(key)"])))
        }
        let objection = try platform.state.get(Fish.objections, "loan/\(key)")
        if let objection { facts.append(Self.fact(objection, "loan/\(key)")) }
        var forms: [Form] = []
        func form(_ word: String, _ title: String, _ fields: [Form.Field] = []) -> Form {
            Form(
                id: word, title: title, action: "/fish/loan", fields: fields,
                fixed: [.init("key", key), .init("do", word)], submit: title, csrfToken: session.formToken)
        }
        switch (role, loan.stage) {
        case (.institution, .asked): forms = [form("decide", "Let the model decide")]
        case (.farmer, .offered): forms = [form("accept", "Accept the offer")]
        case (.farmer, .live):
            forms = [
                form("repay", "Repay", [.init("amount", label: "Amount", kind: .number(unit: "XPT", step: "0.01"))])
            ]
        default: break
        }
        if role == .farmer, [.offered, .refused].contains(loan.stage), objection?.isFinal ?? true {
            forms.append(form("object", "Object", [Self.why]))
        }
        return try platform.page(
            CasePage(
                kicker: "Loan", title: "Application \(Self.name(key))", facts: facts, reasons: loan.reasons,
                inputs: inputs(loan.features), forms: forms, sequenceURL: Self.sequence("loan:\(key)")), session)
    }

    private func cover(_ request: APIRequest, _ session: Session) throws -> APIResponse {
        let key = request.query["key"] ?? ""
        guard let cover = try platform.state.get(Fish.covers, key) else { throw Problem.notFound("cover \(key)") }
        let role = try party(session, key, cover.insurer)
        let grounds = try grounds("cover:\(key)", batch: cover.batch)
        var facts = [
            Fact("Farm", platform.name(of: Self.farmer(key))), Fact("Insurer", platform.name(of: cover.insurer)),
            Fact("Sum insured", FishWork.money(cover.sum), grounds: grounds),
            Fact(
                "Pays", FishWork.money(cover.indexSum),
                note:
                    "when oxygen stays below 2.0 mg/L for 60 min; half of it where aeration was switched off by hand in an alarm"
            ),
            Fact("After an audit", FishWork.money(cover.sum - cover.indexSum), note: "at most, where the index fails"),
            Fact(
                "Premium", FishWork.money(cover.basic + cover.loading),
                note: "\(FishWork.money(cover.basic)) basic, \(FishWork.money(cover.loading)) for risk"),
            Fact("State", FishWords.stage(cover.stage.rawValue)),
            Fact(
                "Low so far", "\(cover.lowTime / 60_000) min",
                note: "\(cover.gapTime / 60_000) min without valid data count neither way", grounds: grounds),
            Fact(
                "Paid", FishWork.money(cover.paid + cover.auditPaid),
                grounds: cover.paid + cover.auditPaid > 0 ? Grounds(about: ["cover:\(key)"]) : nil),
            Self.fact(cover.grade), Fact("Model", cover.model, style: .code),
        ]
        let exclusions = try platform.state.get(Fish.models, cover.model)?.exclusions ?? []
        facts += exclusions.map { Fact("Pays nothing", String($0.words.dropFirst("nothing ".count))) }
        if let exclusion = cover.exclusion {
            facts.append(
                Fact(
                    "Why the index did not pay", "the cover pays \(exclusion)",
                    note: cover.isOverruled ? "a person of the insurer decided otherwise" : nil, grounds: grounds))
        }
        let claim = try platform.state.get(Fish.claims, key)
        if let claim, case .mark(let state, _) = ClaimRoutes.state(claim) {
            facts.append(
                Fact(
                    "Your claim", "\(claim.dead) fish: \(claim.words)",
                    note: "\(state)" + (claim.reason.map { ": \($0)" } ?? ""), grounds: grounds))
            facts += try cause(claim, of: cover, session)
        }
        let objection = try platform.state.get(Fish.objections, "cover/\(key)")
        if let objection { facts.append(Self.fact(objection, "cover/\(key)")) }
        func form(_ word: String, _ title: String, _ fields: [Form.Field] = []) -> Form {
            Form(
                id: word, title: title, action: "/fish/cover", fields: fields,
                fixed: [.init("key", key), .init("do", word)], submit: title, csrfToken: session.formToken)
        }
        var forms: [Form] =
            switch (role, cover.stage) {
            case (.institution, .asked): [form("quote", "Let the model quote")]
            case (.farmer, .quoted): [form("bind", "Pay the premium")]
            default: []
            }
        if role == .farmer, [.live, .paid, .excluded].contains(cover.stage), claim == nil, cover.auditPaid == 0 {
            forms.append(
                form(
                    "claim", "Tell of a loss",
                    [
                        .init(
                            "dead", label: "Dead fish",
                            kind: .choice(
                                [10, 50, 100, 200, 500, 1000, 2000, 5000].map { .init("\($0)", "about \($0)") })),
                        .init("words", label: "What happened", kind: .text(maximumLength: 300)),
                    ]))
        }
        let canObject = [.refused, .excluded].contains(cover.stage) || claim?.stage == .declined
        if role == .farmer, canObject, objection?.isFinal ?? true { forms.append(form("object", "Object", [Self.why])) }
        return try platform.page(
            CasePage(
                kicker: "Insurance", title: "Cover \(Self.name(key))", facts: facts, reasons: cover.reasons,
                inputs: inputs(cover.features), forms: forms, sequenceURL: Self.sequence("cover:\(key)")), session)
    }

    private static let why = Form.Field("why", label: "Why", kind: .text(maximumLength: 300))

    private static func fact(_ grade: DataGrade) -> Fact {
        Fact(
            "Quality of the data", grade.letter,
            note: grade.reasons.isEmpty
                ? "by attested devices, without gaps that matter" : grade.reasons.joined(separator: "; "))
    }

    private static func fact(_ objection: ObjectionRecord, _ key: String) -> Fact {
        var state = ""
        if case .mark(let words, _) = ObjectionRoutes.words(objection.stage, isLate: objection.isLate) { state = words }
        return Fact(
            "The farmer objects", objection.why, href: ObjectionRoutes.path(key),
            note: objection.reason.map { "\(state): \($0)" } ?? state)
    }

    /// Records of a case, and what the probe of its pond reported in the day before.
    private func grounds(_ name: String, batch: String, until time: UInt64? = nil) throws -> Grounds {
        guard let record = try platform.state.get(Fish.batches, batch),
            let pond = try platform.state.get(Fish.ponds, record.pond)
        else { return Grounds(about: [name]) }
        let end = time ?? platform.now
        return Grounds(about: [name], devices: [pond.probe], from: end - min(end, Self.day), to: end)
    }

    private enum Party { case farmer, institution }

    /// Farmer and institution of a case; to all others it does not exist.
    private func party(_ session: Session, _ key: String, _ institution: String) throws -> Party {
        if session.participant == Self.farmer(key) { return .farmer }
        if session.participant == institution { return .institution }
        throw Problem(403, "not-yours", "a case is for its farmer and its institution")
    }

    private func inputs(_ features: Features) -> [[Table.Cell]] {
        let titles = ["Records by devices", "Records by third parties", "Records by the farmer's word"]
        return Feature.allCases.map {
            [
                .text(FishWords.title($0)), .text(FishWords.value($0, features[$0])),
                .text($0.dataClass?.rawValue ?? "ledger"),
            ]
        }
            + zip(titles, features.shares).map { [.text($0), .text(FishWords.percent($1)), .text("all")] }
    }

    private static func sequence(_ name: String) -> String {
        "/sequence?about=\(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
    }

    static func farmer(_ key: String) -> String { String(key.prefix { $0 != "/" }) }
    static func name(_ key: String) -> String { String(key.drop { $0 != "/" }.dropFirst()) }

    // MARK: What is done

    private func act(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let key = try input.text("key")
        let word = try input.text("do")
        var arguments: FishWork.Arguments = [("id", .text(Self.name(key)))]
        switch word {
        case "decide": arguments = [("loan", .text(key))]
        case "accept": break
        case "repay": arguments.append(("amount", .unsigned(try input.scaled("amount", by: 100))))
        case "object": arguments.append(("why", .text(try input.text("why"))))
        default: throw Problem.badRequest("decide, accept, repay or object")
        }
        return try await work.submit(
            [("fish", word, arguments, "loan:\(key)")], as: session, title: "Recorded", back: Self.path("loan", key))
    }

    private func insure(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let key = try input.text("key")
        let word = try input.text("do")
        var arguments: FishWork.Arguments = [("id", .text(Self.name(key)))]
        switch word {
        case "quote": arguments = [("cover", .text(key))]
        case "bind": break
        case "claim":
            arguments += [
                ("dead", .unsigned(try input.scaled("dead", by: 1))), ("words", .text(try input.text("words"))),
            ]
        case "object": arguments += [("kind", "cover"), ("why", .text(try input.text("why")))]
        default: throw Problem.badRequest("quote, bind, claim or object")
        }
        return try await work.submit(
            [("fish", word, arguments, "cover:\(key)")], as: session, title: "Recorded", back: Self.path("cover", key))
    }
}
