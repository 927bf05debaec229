import APIKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The page of a batch, from stocking to harvest: all its records, each with its proof, and what is counted by hand.
struct BatchRoutes: Sendable {
    typealias Fish = FishFarmingContract
    /// Records of a batch that are looked at, and shown of one kind.
    static let limit = 20_000
    static let shown = 100

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }

    static func path(_ batch: String) -> String {
        "/fish/batch?id=\(batch.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
    }

    var routes: [Route] {
        [
            work.page("/fish/batch", "A batch of fish with all its records", access: .signedIn) { request, session in
                let id = request.query["id"] ?? ""
                guard let batch = try platform.state.get(Fish.batches, id) else {
                    throw Problem.notFound("batch \(id)")
                }
                let classes = try visible(id, batch, to: session)
                return try platform.page(try page(id, batch, classes, session), session)
            },
            Route(
                .get, "/api/v1/fish/batches/{batch}/population",
                "A batch as a FishPopulation of the Smart Data Models, with an estimate of its weight and value",
                tag: PondRoutes.tag, parameters: [.init("batch", in: .path, "The batch's id")],
                problems: [403: "not-yours", 404: "not-found"]
            ) { request in
                let session = try request.requireSession()
                let id = try request.parameter("batch")
                guard let batch = try platform.state.get(Fish.batches, id) else {
                    throw Problem.notFound("batch \(id)")
                }
                guard try visible(id, batch, to: session).contains(DataClass.fry.rawValue) else {
                    throw Problem(403, "not-yours", "the farmer does not show you fry and growth")
                }
                return .json(try StockView(id, batch, platform, session).population(id, batch))
            },
            work.action("/fish/batch", "Count deaths, weigh or harvest", access: .role(Fish.Role.farmer)) {
                try await record($0, $1)
            },
        ]
    }

    /// The farmer sees all; a bank or insurer with a case on the batch sees what the farmer lets it see.
    private func visible(_ id: String, _ batch: BatchRecord, to session: Session) throws -> Set<String> {
        guard let classes = try seen(id, batch, by: session) else {
            throw Problem(403, "not-yours", "a batch is for its farmer, and for whom the farmer shows it")
        }
        return classes
    }

    /// The classes of data of a batch that somebody may see; nil for a stranger.
    func seen(_ id: String, _ batch: BatchRecord, by session: Session) throws -> Set<String>? {
        if batch.owner == session.participant { return Set(DataClass.allCases.map(\.rawValue)) }
        let hasCase =
            try platform.state.scan(Fish.loans, prefix: "\(batch.owner)/", limit: Self.limit).contains {
                $0.value.batch == id && $0.value.institution == session.participant
            }
            || platform.state.scan(Fish.covers, prefix: "\(batch.owner)/", limit: Self.limit).contains {
                $0.value.batch == id && $0.value.insurer == session.participant
            }
        guard hasCase, let share = try platform.state.get(Fish.shares, "\(batch.owner)/\(session.participant)"),
            share.isLive(at: platform.now)
        else { return nil }
        return Set(share.classes)
    }

    // MARK: Records

    /// Kinds of records in the order of a fish's life, with the class of data that shows them.
    private static let kinds: [(title: String, operations: Set<String>, kind: DataClass, empty: String)] = [
        ("Fry", ["stock", "confirmFry"], .fry, "No fry yet."),
        ("Feed", ["recordFeed"], .feed, "No feed yet. A feeder that counts is told by its gateway."),
        ("Medicine", ["recordMedicine"], .medicine, "No medicine was given."),
        ("Deaths", ["recordMortality"], .fry, "No death was told."),
        ("Growth", ["weigh"], .fry, "Not weighed yet. Weigh a few fish, so that feed and levels fit them."),
        ("Harvest", ["harvest"], .fry, "Not harvested yet."),
    ]

    struct Line {
        let record: IndexedRecord
        let statement: Statement
    }

    private func lines(_ id: String) throws -> [Line] {
        try platform.index.records(mentioning: ["batch:\(id)"], limit: Self.limit)
            .filter { $0.rejection == nil && $0.contract == Fish.contractName }
            .map { Line(record: $0, statement: try platform.statement(of: $0)) }
    }

    private func table(
        _ kind: (title: String, operations: Set<String>, kind: DataClass, empty: String), _ lines: [Line]
    )
        -> Table
    {
        Table(
            caption: kind.title, columns: [.init("When"), .init("What"), .init("Who stands for it"), .init("Proof")],
            rows: lines.filter { kind.operations.contains($0.record.operation) }.suffix(Self.shown).map { line in
                let arguments = line.statement.operation.arguments
                let device = arguments[text: "device"]?.text
                return [
                    .time(FishWork.moment(line.record.time)), .text(Self.words(line.statement)),
                    .text(device ?? platform.name(of: line.record.issuer)),
                    .link(
                        "Evidence",
                        href: ExplorerPaths.transaction(line.record.id.hex, ledger: platform.node.ledger.hex)),
                ]
            }, empty: .init(kind.empty))
    }

    private static func words(_ statement: Statement) -> String {
        let arguments = statement.operation.arguments
        func text(_ name: String) -> String { arguments[text: name]?.text ?? "" }
        func number(_ name: String) -> UInt64 { arguments[text: name]?.unsigned ?? 0 }
        switch statement.operation.name {
        case "stock":
            return "\(number("count")) fry of \(text("species")), health certificate "
                + "\(arguments[text: "certificate"]?.hash32?.hex.prefix(12) ?? "")…"
        case "confirmFry": return "confirmed by the supplier"
        case "recordFeed": return "\(figure(Double(number("grams")) / 1000)) kg"
        case "recordMedicine":
            return "\(text("product")), \(text("dose")), harvest \(number("withdrawalDays")) days later at the earliest"
        case "recordMortality":
            return "\(number("count")) fish" + (text("cause").isEmpty ? "" : ", \(text("cause"))")
        case "weigh": return "\(number("meanGrams")) g a fish"
        case "harvest": return "\(figure(Double(number("grams")) / 1000)) kg"
        default: return statement.operation.name
        }
    }

    // MARK: The page

    private func page(
        _ id: String, _ batch: BatchRecord, _ classes: Set<String>, _ session: Session
    ) throws -> WorkPage {
        let lines = try lines(id)
        let weighings = lines.filter { $0.record.operation == "weigh" }.compactMap { line in
            line.statement.operation.arguments[text: "meanGrams"]?.unsigned.map {
                LineChart.Point(FishWork.moment(line.record.time), Double($0))
            }
        }
        let isOwn = batch.owner == session.participant
        return WorkPage(
            kicker: "Batch", title: id,
            lead: "From stocking to harvest. Each line is a signed record that can be checked by itself.",
            facts: try facts(id, batch, classes)
                + (classes.contains(DataClass.fry.rawValue) && batch.harvested == 0
                    ? StockView(id, batch, platform, session).facts(Grounds(about: ["batch:\(id)"])) : []),
            charts: classes.contains(DataClass.fry.rawValue) && weighings.count > 1
                ? [
                    LineChart(
                        title: "Growth", unit: "g",
                        series: [.init(name: "Mean weight", source: "weighed by the farmer", points: weighings)],
                        grounds: Grounds(about: ["batch:\(id)"]))
                ] : [],
            tables: [try causes(id, batch, classes, lines, session), try reports(id, batch, classes, session)]
                + Self.kinds.filter { classes.contains($0.kind.rawValue) }.map { table($0, lines) },
            forms: isOwn
                ? try corrections(id, session) + (batch.harvested == 0 ? forms(id, session) : []) : [])
    }

    private func facts(_ id: String, _ batch: BatchRecord, _ classes: Set<String>) throws -> [Fact] {
        let grounds = Grounds(about: ["batch:\(id)"])
        let pond = try platform.state.get(Fish.ponds, batch.pond)
        var facts = [
            Fact("Farm", platform.name(of: batch.owner), note: pond?.site), Fact("Pond", batch.pond),
            Fact("Species", batch.species),
        ]
        if classes.contains(DataClass.fry.rawValue) {
            facts += [
                Fact("Stocked", FishWork.moment(batch.stockedAt), note: "\(batch.count) fish", grounds: grounds),
                Fact(
                    "Alive", "\(batch.count - batch.dead)",
                    note: FishWords.percent((batch.count - batch.dead) * 1000 / max(1, batch.count)), grounds: grounds),
            ]
            if batch.meanGrams > 0 {
                let biomass = Double((batch.count - batch.dead) * batch.meanGrams) / 1000
                facts.append(
                    Fact(
                        "Weight", "\(batch.meanGrams) g a fish",
                        note: "about \(figure(biomass, decimals: 0)) kg in all",
                        grounds: grounds))
            }
        }
        if classes.contains(DataClass.feed.rawValue) {
            facts.append(Fact("Feed", "\(figure(Double(batch.feed) / 1000)) kg", grounds: grounds))
        }
        if classes.contains(DataClass.medicine.rawValue), batch.withheldUntil > platform.now {
            facts.append(Fact("No harvest before", FishWork.moment(batch.withheldUntil), note: "medicine was given"))
        }
        if batch.harvested > 0 {
            facts.append(Fact("Harvested", "\(figure(Double(batch.harvested) / 1000)) kg", grounds: grounds))
        }
        return facts
    }

    /// By choice alone: nothing has to be typed.
    private func forms(_ id: String, _ session: Session) -> [Form] {
        func form(_ word: String, _ title: String, _ submit: String, _ fields: [Form.Field]) -> Form {
            Form(
                id: word, title: title, action: "/fish/batch", fields: fields,
                fixed: [.init("batch", id), .init("do", word)], submit: submit, csrfToken: session.formToken)
        }
        func choices(_ values: [Int], _ unit: String) -> Form.Kind {
            .choice(values.map { .init("\($0)", "\($0) \(unit)") })
        }
        return [
            form(
                "recordMortality", "Dead fish", "Record",
                [
                    .init("count", label: "How many", kind: choices([1, 2, 3, 5, 10, 20, 50, 100, 200, 500], "fish")),
                    .init(
                        "cause", label: "Why",
                        kind: .choice(
                            ["not known", "lack of oxygen", "disease", "birds", "transport"].map { .init($0, $0) })),
                ]),
            form(
                "weigh", "A fish weighs", "Record",
                [
                    .init(
                        "meanGrams", label: "On average",
                        kind: choices([2, 5, 10, 20, 50, 85, 120, 160, 200, 250, 300, 400, 500, 700], "g"))
                ]),
            form(
                "harvest", "Harvest", "Record",
                [
                    .init(
                        "kilograms", label: "In all",
                        kind: choices([50, 100, 200, 400, 600, 800, 1000, 1500, 2000, 3000], "kg"))
                ]),
        ]
    }

    private func record(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let batch = try input.text("batch")
        let word = try input.text("do")
        var arguments: FishWork.Arguments = [("batch", .text(batch))]
        switch word {
        case "recordMortality":
            arguments += [
                ("count", .unsigned(try input.scaled("count", by: 1))), ("cause", .text(try input.text("cause"))),
            ]
        case "weigh": arguments.append(("meanGrams", .unsigned(try input.scaled("meanGrams", by: 1))))
        case "correct":
            arguments += [
                ("report", .unsigned(try input.scaled("report", by: 1))),
                ("value", .unsigned(try input.scaled("value", by: 1))),
            ]
        case "harvest": arguments.append(("grams", .unsigned(try input.scaled("kilograms", by: 1000))))
        default: throw Problem.badRequest("recordMortality, weigh, harvest or correct")
        }
        return try await work.submit(
            [("fish", word, arguments, "batch:\(batch)")], as: session, title: "Recorded", back: Self.path(batch))
    }
}
