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
    typealias Fish = FishFarmingContract
    static let limit = 200
    /// Pages show this many incidents of a pond.
    private static let shownIncidents = 6
    /// Kilograms.
    private static let portions = ["1", "2", "5"]

    let platform: Platform
    var work: FishWork { FishWork(platform: platform) }
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
        let live = ponds.filter { !$0.value.aerators.isEmpty }.sorted {
            ($0.value.site ?? "", $0.key) < ($1.value.site ?? "", $1.key)
        }
        let hasFarm = try platform.state.get(Fish.farms, session.participant) != nil
        return FishFarmerPage(
            farm: session.name,
            ponds: try live.map { try pond($0.key, $0.value, session) },
            urgent: try AlarmRoutes(platform: platform).buttons(session),
            forms: hasFarm
                ? try RiskRoutes(platform: platform).forms(session) + AlarmRoutes(platform: platform).forms(session)
                    + [WarningRoutes(platform: platform).form(session)] + consentForms(session)
                    + moneyForms(session) : [],
            loans: try loans(session.participant),
            covers: try covers(session.participant), consents: try consents(session.participant),
            warnings: try WarningRoutes(platform: platform).rows(session),
            batches: try batches(session.participant), contracts: try contracts(session.participant),
            remark: hasFarm
                ? try helper(session.participant)
                : "Nothing is collected yet. Read the terms of a service company below, and sign them if you agree.")
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
            tasks: try tasks(name, pond, session),
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
                .suffix(Self.shownIncidents).reversed().map { Self.row($0.value, name, pond) },
            nights: NightRoutes.path(name), site: pond.site)
    }

    /// What is done every day, each by one press. The amounts are those that a feeder is asked for most often.
    private func tasks(_ name: String, _ pond: PondRecord, _ session: Session) throws -> [TaskButton] {
        func task(_ drawing: TaskButton.Drawing, _ words: String, _ action: String, _ fixed: [(String, String)])
            -> TaskButton
        {
            TaskButton(
                drawing, words, action: action, fixed: ([("pond", name)] + fixed).map { .init($0.0, $0.1) },
                csrfToken: session.formToken)
        }
        let feed =
            pond.feeder == nil
            ? []
            : Self.portions.map {
                task(.feed, "Feed \($0) kg", "/fish/feed", [("kilograms", $0)])
            }
        let batch = try platform.state.scan(Fish.batches, limit: 2000).last {
            $0.value.pond == name && $0.value.harvested == 0
        }
        return feed + [
            task(.fan, "Aerator on, 30 min", "/fish/aerate", [("on", "1"), ("minutes", "30")]),
            task(.stop, "Aerator off, 30 min", "/fish/aerate", [("on", "0"), ("minutes", "30")]),
            task(.drop, "Measure now", "/fish/measure", []),
            task(.check, "I do as suggested", "/fish/choose", [("choice", "as suggested")]),
        ] + (batch.map { [TaskButton(.fish, "Count fish", href: BatchRoutes.path($0.key))] } ?? [])
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

    private func consentForms(_ session: Session) throws -> [Form] {
        let institutions = try platform.state.scan(MembershipContract.participants, limit: 1000).filter { id, person in
            try (person.roles.contains(Fish.Role.bank) || person.roles.contains(Fish.Role.insurer))
                && TermsContract.isSigned(
                    Fish.financeTerms, of: id, by: session.participant, in: platform.state)
        }.map { Form.Choice($0.key, $0.value.name) }
        let kinds = DataClass.allCases.map { Form.Choice($0.rawValue, Self.words[$0] ?? $0.rawValue) }
        let collect = Form(
            id: "collect", title: "Collect data", action: "/fish/collect",
            fields: [
                .init("class", label: "Kind", kind: .choice(kinds)),
                .init(
                    "do", label: "Do",
                    kind: .choice([.init("allow", "collect it"), .init("withdraw", "collect no more")]),
                    hint: "Your lenders and insurers are told of a gap."),
            ], submit: "Record", csrfToken: session.formToken)
        guard try platform.state.get(Fish.farms, session.participant) != nil else { return [] }
        guard !institutions.isEmpty else { return [collect] }
        return [
            Form(
                id: "consent", title: "Show data", action: "/fish/consent",
                fields: [
                    .init("institution", label: "To", kind: .choice(institutions)),
                    .init(
                        "do", label: "Do",
                        kind: .choice([.init("share", "show all five kinds for a year"), .init("end", "end it now")]),
                        hint: "Without your consent no new loan or cover is decided; what was decided stays."),
                ], submit: "Record", csrfToken: session.formToken), collect,
        ]
    }
}
