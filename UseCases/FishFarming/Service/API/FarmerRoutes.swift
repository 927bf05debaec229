import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The farmer's page and what is done on it.
struct FarmerRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    private static let limit = 200
    /// Pages show this many incidents of a pond.
    private static let shownIncidents = 6

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }
    private var access: Route.Access { .role(Fish.Role.farmer) }

    var routes: [Route] {
        [
            work.page("/fish", "The fish farmer's page", access: access) { _, session in
                try platform.page(try page(session), session)
            },
            work.action("/fish/aerate", "Switch an aerator by hand", access: access) { try await aerate($0, $1) },
            work.action("/fish/feed", "Give feed", access: access) { try await feed($0, $1) },
            work.action("/fish/measure", "Let the probe measure now", access: access) { try await measure($0, $1) },
            work.action("/fish/choose", "Follow a suggestion or not", access: access) { try await choose($0, $1) },
            work.action("/fish/consent", "Show data to an institution, or end it", access: access) {
                try await consent($0, $1)
            },
            work.action("/fish/apply", "Apply for a loan", access: access) { try await apply($0, $1) },
            work.action("/fish/insure", "Ask for cover", access: access) { try await insure($0, $1) },
            work.action("/fish/collect", "Let a class of data be collected, or not", access: access) {
                try await collect($0, $1)
            },
        ]
    }

    // MARK: The page

    private func page(_ session: Session) throws -> FishFarmerPage {
        let ponds = try platform.state.scan(Fish.ponds, limit: Self.limit).filter {
            $0.value.owner == session.participant
        }
        // Ponds with aerators are looked after here; replayed ones have none.
        let live = ponds.filter { !$0.value.aerators.isEmpty }
        return FishFarmerPage(
            farm: session.name, ponds: try live.map { try pond($0.key, $0.value, session) },
            forms: try AlarmRoutes(platform: platform).forms(session)
                + RiskRoutes(platform: platform).forms(session)
                + (live.first.map { try forms($0.key, session) } ?? []) + moneyForms(session),
            loans: try loans(session.participant),
            covers: try covers(session.participant), consents: try consents(session.participant),
            batches: try batches(session.participant))
    }

    private func pond(_ name: String, _ pond: PondRecord, _ session: Session) throws -> FishFarmerPage.Pond {
        let view = try PondView(name, pond, platform, session)
        let about = ["pond:\(name)"]
        func latest(_ quantity: String, _ title: String, _ unit: String, decimals: Int) -> Fact? {
            view.latest.first { $0.quantity == quantity }.map {
                Fact(title, "\(figure($0.value, decimals: decimals)) \(unit)", grounds: Grounds($0, about: about))
            }
        }
        let state =
            view.isManual ? "\(view.isRunning ? "on" : "off"), by hand" : view.isRunning ? "on" : "off"
        let more = [
            Fact(
                "At dawn", "\(figure(view.forecast.expected, decimals: 1)) mg/L",
                note:
                    "\(figure(view.forecast.low, decimals: 1)) to \(figure(view.forecast.high, decimals: 1)) in nine of ten nights"
            ),
            Fact("Aerator", state, note: "as the device says"),
        ]
        let outcome = view.lastChoice.map {
            Fact(
                "Your last choice", $0.choice,
                note: $0.lowest.map { "lowest oxygen after it: \(FishExchange.hundredths($0)) mg/L" }
                    ?? "no report since"
            )
        }
        let water = [
            latest("temperature", "Water", "°C", decimals: 1), latest("acidity", "Acidity", "pH", decimals: 1),
            latest("unionised", "Poisonous ammonia", "mg/L", decimals: 3),
        ].compactMap { $0 }
        return FishFarmerPage.Pond(
            name: name, species: pond.species,
            oxygen: Fact(
                "Oxygen", view.oxygen.map { "\(figure($0.value, decimals: 1)) mg/L" } ?? "no reading",
                note: view.oxygen == nil ? "the probe has not reported" : "\(view.age) s old",
                grounds: view.oxygen.map { Grounds($0, about: about) }),
            more: more + water + (outcome.map { [$0] } ?? []), suggestion: view.suggestion,
            chart: LineChart(
                title: "Oxygen in \(name)", unit: "mg/L",
                series: [
                    .init(
                        name: "Oxygen", source: "probe, signed",
                        points: view.series.filter { $0.value.isFinite }.map {
                            .init(FishWork.moment($0.time), $0.value)
                        })
                ], limits: [.init("aerate from", Double(pond.on) / 100), .init("alarm", Double(pond.alarm) / 100)],
                grounds: Grounds(
                    about: about, devices: [pond.probe], from: view.series.first?.time ?? 0,
                    to: (view.series.last?.time ?? 0) + 1)),
            incidents: try platform.state.scan(Fish.incidents, prefix: "\(name)/", limit: 5000)
                .suffix(Self.shownIncidents).reversed().map { Self.row($0.value, name, pond) })
    }

    private static func row(_ incident: IncidentRecord, _ name: String, _ pond: PondRecord) -> [Table.Cell] {
        let lowest = FishExchange.hundredths(incident.lowest)
        let minutes = (incident.endedAt - incident.startedAt) / 60_000
        let grounds = Grounds(
            about: ["pond:\(name)"], devices: [pond.probe] + pond.aerators, from: incident.startedAt,
            to: incident.endedAt + 1)
        let end = incident.hasWorked ? "recovered after \(minutes) min" : "the remedy did not work"
        return [
            .time(FishWork.moment(incident.startedAt)),
            .link("\(incident.cause), lowest \(lowest) mg/L", href: grounds.href),
            .text(incident.isByHand ? "\(incident.command), switched by hand" : incident.command),
            .mark(end, incident.hasWorked ? .good : .bad),
        ]
    }

    private func forms(_ pond: String, _ session: Session) throws -> [Form] {
        let institutions = try platform.state.scan(MembershipContract.participants, limit: 1000).filter {
            $0.value.roles.contains(Fish.Role.bank) || $0.value.roles.contains(Fish.Role.insurer)
        }.map { Form.Choice($0.key, $0.value.name) }
        let kinds = DataClass.allCases.map { Form.Choice($0.rawValue, Self.words[$0] ?? $0.rawValue) }
        return [
            Form(
                id: "measure", title: "Measure now", action: "/fish/measure", fields: [], fixed: [.init("pond", pond)],
                submit: "Wake the probe", csrfToken: session.formToken),
            Form(
                id: "aerate", title: "Aerator by hand", action: "/fish/aerate",
                fields: [
                    .init("on", label: "Switch", kind: .choice([.init("1", "on"), .init("0", "off")])),
                    .init(
                        "minutes", label: "For", kind: .number(unit: "min", step: "1"),
                        hint: "Then the gateway decides again.", value: "30"),
                ], fixed: [.init("pond", pond)], submit: "Switch", csrfToken: session.formToken),
            Form(
                id: "feed", title: "Feed", action: "/fish/feed",
                fields: [.init("kilograms", label: "Amount", kind: .number(unit: "kg", step: "0.1"), value: "2")],
                fixed: [.init("pond", pond)], submit: "Give feed", csrfToken: session.formToken),
            Form(
                id: "choose", title: "Tonight's suggestion", action: "/fish/choose",
                fields: [
                    .init(
                        "choice", label: "I will",
                        kind: .choice([.init("as suggested", "do as suggested"), .init("otherwise", "do otherwise")]))
                ], fixed: [.init("pond", pond)], submit: "Record my choice", csrfToken: session.formToken),
            Form(
                id: "consent", title: "Show data", action: "/fish/consent",
                fields: [
                    .init("institution", label: "To", kind: .choice(institutions)),
                    .init(
                        "do", label: "Do",
                        kind: .choice([.init("share", "show all five kinds for a year"), .init("end", "end it now")]),
                        hint: "Without your consent no new loan or cover is decided; what was decided stays."),
                ], submit: "Record", csrfToken: session.formToken),
            Form(
                id: "collect", title: "Collect data", action: "/fish/collect",
                fields: [
                    .init("class", label: "Kind", kind: .choice(kinds)),
                    .init(
                        "do", label: "Do",
                        kind: .choice([.init("allow", "collect it"), .init("withdraw", "collect no more")]),
                        hint: "Your lenders and insurers are told of a gap."),
                ], submit: "Record", csrfToken: session.formToken),
        ]
    }

    /// Applications, pre-filled with what the ledger holds: published models, confirmed orders, the farmer's fish.
    private func moneyForms(_ session: Session) throws -> [Form] {
        func choices(_ kind: String) throws -> [Form.Choice] {
            try platform.state.scan(Fish.models, limit: Self.limit).filter { $0.value.kind == kind }.map { key, model in
                let institution = platform.name(of: String(key.prefix { $0 != "/" }))
                return .init(
                    key, "\(institution), up to \(FishWork.money(model.maximum)) at \(Double(model.rate) / 10) %")
            }
        }
        let fish = try platform.state.scan(Fish.batches, limit: 2000).filter { $0.value.owner == session.participant }
            .map { Form.Choice($0.key, "\($0.key), \($0.value.species)") }
        let orders = try platform.state.scan(Fish.orders, limit: 2000).filter {
            $0.value.owner == session.participant && $0.value.isConfirmed && $0.value.usedBy == nil
        }.map { Form.Choice($0.key, "\($0.value.goods), \(FishWork.money($0.value.amount))") }
        let (lenders, insurers) = (try choices("loan"), try choices("cover"))
        var forms: [Form] = []
        if !fish.isEmpty, !orders.isEmpty, !lenders.isEmpty {
            forms.append(
                Form(
                    id: "apply", title: "Apply for a loan", action: "/fish/apply",
                    fields: [
                        .init("model", label: "From", kind: .choice(lenders)),
                        .init("order", label: "To pay", kind: .choice(orders), hint: "The money goes to the seller."),
                        .init("batch", label: "For the fish", kind: .choice(fish)),
                        .init("amount", label: "Amount", kind: .number(unit: "XPT", step: "0.01")),
                    ], submit: "Apply", csrfToken: session.formToken))
        }
        if !fish.isEmpty, !insurers.isEmpty {
            forms.append(
                Form(
                    id: "insure", title: "Ask for cover", action: "/fish/insure",
                    fields: [
                        .init("model", label: "From", kind: .choice(insurers)),
                        .init("batch", label: "For the fish", kind: .choice(fish)),
                        .init("sum", label: "Sum insured", kind: .number(unit: "XPT", step: "1")),
                    ], submit: "Ask", csrfToken: session.formToken))
        }
        return forms
    }

    private static let words: [DataClass: String] = [
        .water: "water", .operations: "aerator and feeder", .fry: "fry and deaths", .feed: "feed",
        .medicine: "medicine",
    ]

    private func loans(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.loans, prefix: "\(farmer)/", limit: Self.limit).map { key, loan in
            [
                .link(String(key.dropFirst(farmer.count + 1)), href: DeskRoutes.path("loan", key)),
                .text(platform.name(of: loan.institution)), .text(FishWork.money(loan.amount)),
                .text(FishWork.money(loan.owed)), FishWork.stage(loan.stage.rawValue),
            ]
        }
    }

    private func covers(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.covers, prefix: "\(farmer)/", limit: Self.limit).map { key, cover in
            [
                .link(String(key.dropFirst(farmer.count + 1)), href: DeskRoutes.path("cover", key)),
                .text(platform.name(of: cover.insurer)), .text(FishWork.money(cover.sum)),
                .text(FishWork.money(cover.paid + cover.auditPaid)), FishWork.stage(cover.stage.rawValue),
            ]
        }
    }

    private func consents(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.shares, prefix: "\(farmer)/", limit: Self.limit).map { key, share in
            let kinds = share.classes.compactMap { DataClass(rawValue: $0).flatMap { Self.words[$0] } }
            return [
                .text(platform.name(of: String(key.dropFirst(farmer.count + 1)))), .text(kinds.joined(separator: ", ")),
                share.isLive(at: platform.now) ? .time(FishWork.moment(share.until)) : .mark("ended", .neutral),
            ]
        }
    }

    private func batches(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.batches, limit: 2000).filter { $0.value.owner == farmer }.map { key, batch in
            [
                .link(key, href: Grounds(about: ["batch:\(key)"]).href), .text(batch.species),
                .text("\(batch.count - batch.dead)"),
                .text(batch.meanGrams == 0 ? "not weighed" : "\(batch.meanGrams) g"),
                .text("\(figure(Double(batch.feed) / 1000)) kg"),
                batch.isConfirmed ? .mark("confirmed by the supplier", .good) : .mark("stated", .neutral),
            ]
        }
    }

    // MARK: What is done

    private func ownPond(_ input: FormInput, _ session: Session) throws -> (name: String, pond: PondRecord) {
        let name = try input.text("pond")
        guard let pond = try platform.state.get(Fish.ponds, name), pond.owner == session.participant else {
            throw Problem.notFound("pond \(name) of yours")
        }
        return (name, pond)
    }

    private func command(_ device: String, _ name: String, _ json: String) -> FishWork.Arguments {
        [
            ("id", .text(FishWork.identifier("hand-"))), ("device", .text(device)), ("name", .text(name)),
            ("arguments", .bytes(Bytes(json.utf8))), ("timeout", 20),
        ]
    }

    private func aerate(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (_, pond) = try ownPond(input, session)
        let isOn = try input.text("on") == "1"
        let minutes = try input.scaled("minutes", by: 1)
        guard (1...720).contains(minutes) else { throw Problem.badRequest("switch by hand for 1 to 720 minutes") }
        return try await work.submit(
            pond.aerators.map {
                ("devices", "command", command($0, "aerate", #"{"on":\#(isOn ? 1 : 0),"minutes":\#(minutes)}"#), $0)
            }, as: session, title: "Asked; the page shows “\(isOn ? "on" : "off")” once the aerator says so",
            back: "/fish")
    }

    private func feed(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (name, pond) = try ownPond(input, session)
        let grams = try input.scaled("kilograms", by: 1000)
        guard let feeder = pond.feeder, (1...1_000_000).contains(grams) else {
            throw Problem.badRequest("give 1 g to 1 t, at a pond with a feeder")
        }
        // The contract refuses at low oxygen, and then the feeder is never told.
        return try await work.submit(
            [
                ("fish", "requestFeeding", [("pond", .text(name)), ("grams", .unsigned(grams))], "pond:\(name)"),
                ("devices", "command", command(feeder, "feed", #"{"grams":\#(grams)}"#), feeder),
            ], as: session, title: "Asked; the gateway records what the feeder counts", back: "/fish")
    }

    private func measure(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (_, pond) = try ownPond(input, session)
        return try await work.submit(
            [("devices", "command", command(pond.probe, "read", "{}"), pond.probe)], as: session,
            title: "Asked; the page shows the reading with its age", back: "/fish")
    }

    private func choose(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (name, pond) = try ownPond(input, session)
        let view = try PondView(name, pond, platform, session)
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((max(0, min(50, value)) * 100).rounded())) }
        return try await work.submit(
            [
                (
                    "fish", "choose",
                    [
                        ("pond", .text(name)), ("id", .text(FishWork.identifier("c-"))),
                        ("suggestion", .text(view.suggestion)), ("expected", hundredths(view.forecast.expected)),
                        ("band", hundredths(view.forecast.band)), ("choice", .text(try input.text("choice"))),
                    ], "pond:\(name)"
                )
            ], as: session, title: "Your choice is recorded", back: "/fish")
    }

    private func consent(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let institution = try input.text("institution")
        let ends = try input.text("do") == "end"
        let all = CBOR.array(DataClass.allCases.map { .text($0.rawValue) })
        let until = CBOR.unsigned(platform.now + FishStage.term)
        return try await work.submit(
            [
                ends
                    ? ("fish", "endShare", [("institution", .text(institution))], session.participant)
                    : (
                        "fish", "share", [("institution", .text(institution)), ("classes", all), ("until", until)],
                        session.participant
                    )
            ], as: session, title: ends ? "Ended" : "Recorded", back: "/fish")
    }

    private func collect(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let name = try input.text("do") == "allow" ? "allow" : "withdraw"
        return try await work.submit(
            [("fish", name, [("classes", .array([.text(try input.text("class"))]))], session.participant)],
            as: session, title: "Recorded", back: "/fish")
    }

    private func apply(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let id = FishWork.identifier("L-")
        return try await work.submit(
            [
                (
                    "fish", "apply",
                    [
                        ("id", .text(id)), ("model", .text(try input.text("model"))),
                        ("order", .text(try input.text("order"))), ("batch", .text(try input.text("batch"))),
                        ("amount", .unsigned(try input.scaled("amount", by: 100))),
                    ], "loan:\(session.participant)/\(id)"
                )
            ], as: session, title: "Applied; the bank sees the page of this case as you do",
            back: DeskRoutes.path("loan", "\(session.participant)/\(id)"))
    }

    private func insure(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let id = FishWork.identifier("C-")
        return try await work.submit(
            [
                (
                    "fish", "requestCover",
                    [
                        ("id", .text(id)), ("model", .text(try input.text("model"))),
                        ("batch", .text(try input.text("batch"))),
                        ("sum", .unsigned(try input.scaled("sum", by: 100))),
                    ], "cover:\(session.participant)/\(id)"
                )
            ], as: session, title: "Asked; the insurer sees the page of this case as you do",
            back: DeskRoutes.path("cover", "\(session.participant)/\(id)"))
    }
}
