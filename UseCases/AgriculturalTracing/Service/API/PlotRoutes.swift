import APIKit
import AgriculturalTracingContract
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import SimulationKit
import UseCaseKit

/// A plot as it is known: its probes beside the laboratory's values, the weather of others with its source, growth beside what was expected,
/// nitrogen beside its limit.
struct PlotRoutes: Sendable {
    private typealias Agri = TracingContract
    /// Largest weather file, bytes.
    private static let largestFile = 4 << 20
    private static let millisecondsPerDay: UInt64 = 86_400_000

    let platform: Platform

    var routes: [Route] {
        let plot = Route.Parameter("plot", in: .path, "The plot")
        return [
            Route(
                .get, "/plots/{plot}", "A plot: soil, weather, growth", tag: "agricultural-tracing", parameters: [plot],
                produces: "text/html", problems: [404: "not-found"]
            ) { request in
                try platform.page(try page(of: try request.parameter("plot"), request.session), request.session)
            },
            Route(
                .get, "/api/v1/tracing/plots/{plot}",
                "A plot's soil by probe and laboratory, its growth and what is marked",
                tag: "agricultural-tracing", parameters: [plot], problems: [404: "not-found"]
            ) { request in
                .json(try told(try request.parameter("plot"), request.session))
            },
            Route(
                .post, "/api/v1/tracing/weather", "Import a station's year (TMY3) as third-party weather",
                tag: "agricultural-tracing", access: .role(Agri.Role.farmer),
                parameters: [
                    .init("source", in: .query, "Who measured it, in words", isRequired: true),
                    .init("month", in: .query, "One month of it, 1 to 12; all unless given", .integer(1...12)),
                ], consumes: "text/csv", bodyLimit: Self.largestFile, success: (201, "Recorded"),
                problems: [413: "too-large", 422: "weather"]
            ) { request in
                .json(try await importWeather(request), status: 201)
            },
        ]
    }

    // MARK: Weather of others

    private func importWeather(_ request: APIRequest) async throws -> [String: Any] {
        let source = request.query["source"] ?? ""
        guard 1...200 ~= source.utf8.count else { throw Problem.badRequest("name the source in 1 to 200 bytes") }
        let session = try request.requireSession()
        let year: WeatherYear
        do {
            year = try WeatherYear(content: Data(request.body), named: "the file")
        } catch {
            throw Problem(422, "weather", error.description)
        }
        let wanted = request.query["month"].flatMap { Int($0) }
        let hash = Hash32.sha256(request.body)
        var recorded: [[String: Any]] = []
        for month in WeatherDays(year).months where wanted == nil || wanted == month.number {
            let (id, outcome) = try await platform.perform(
                .init(
                    Agri.contractName, "recordWeather",
                    [
                        ("station", .text(year.identifier)), ("place", .text(year.station)), ("source", .text(source)),
                        ("file", .hash(hash)), ("month", .text(month.name)),
                        (
                            "days",
                            .array(
                                month.days.map {
                                    .array([Value($0.lowest), Value($0.highest), Value($0.rain), Value($0.sun)])
                                })
                        ),
                    ]), as: session.signer, about: "station:\(year.identifier)")
            if let rejection = outcome.result.rejection { throw Problem(422, "weather", rejection.message) }
            recorded.append(["month": month.name, "days": month.days.count, "transaction": id.hex])
        }
        return ["station": year.identifier, "place": year.station, "file": hash.hex, "months": recorded]
    }

    // MARK: What is known

    private struct Known {
        let plot: Plot
        let records: [(record: IndexedRecord, statement: Statement)]
        let probe: [IndexedReading]
        let heights: [GrowthCurve.Height]
        let curve: GrowthCurve
    }

    private func known(_ name: String, _ session: Session?) throws -> Known {
        guard let plot = try platform.state.get(Agri.plots, name) else { throw Problem.notFound("plot \(name)") }
        let owner = try platform.state.get(Agri.farms, plot.farm)?.owner
        let records = try platform.index.records(mentioning: ["plot:\(name)"]).filter { $0.rejection == nil }
            .map { ($0, try platform.statement(of: $0)) }
        func times(_ operation: String, _ argument: String, _ isWanted: (Statement) -> Bool) -> [UInt64] {
            records.filter { $0.0.operation == operation && isWanted($0.1) }
                .compactMap { $0.1.operation.arguments[text: argument]?.unsigned }
        }
        let sown = times("recordOperation", "performedAt") { $0.operation.arguments["kind"]?.text == "sowing" }.max()
        let readings = try platform.readings(for: session)
        let devices = try platform.state.scan(MembershipContract.devices, limit: 10_000).filter {
            $0.value.owner == owner
        }
        func values(_ profile: String, _ quantity: String) throws -> [IndexedReading] {
            try devices.first { $0.value.profile == profile }
                .map { try readings.readings(device: $0.key, quantity: quantity) } ?? []
        }
        return Known(
            plot: plot, records: records, probe: try values("soil-probe", "acidity"),
            heights: try values("crop-sensor", "height").map { .init(time: $0.time, metres: $0.value) },
            curve: GrowthCurve(
                sownAt: sown, expected: plot.expectedHeights.map { Double($0) / 1000 },
                harvests: times("harvest", "harvestedAt") { _ in true }.sorted()))
    }

    /// A laboratory's value of the plot's soil.
    private struct SoilValue {
        let analyte: String
        let value: Double
        let unit: String
        let takenAt: UInt64
        let place: String
        let depth: UInt64?
        let laboratory: String
        let record: IndexedRecord
    }

    private func soil(_ known: Known) -> [SoilValue] {
        known.records.filter { $0.record.operation == "reportSoil" }.map { record, statement in
            let arguments = statement.operation.arguments
            return SoilValue(
                analyte: arguments["analyte"]?.text ?? "",
                value: Double(arguments["value"]?.int ?? 0) / pow(10, Double(arguments["decimals"]?.unsigned ?? 0)),
                unit: arguments["unit"]?.text ?? "", takenAt: arguments["takenAt"]?.unsigned ?? record.time,
                place: arguments["place"]?.text ?? "", depth: arguments["depthMillimetres"]?.unsigned,
                laboratory: platform.name(of: record.issuer), record: record)
        }
    }

    private func told(_ name: String, _ session: Session?) throws -> [String: Any] {
        let known = try known(name, session)
        return [
            "plot": name, "crop": known.plot.crop,
            "nitrogen": [
                "year": known.plot.nitrogenYear, "gramsPerHectare": known.plot.nitrogen, "limit": Agri.nitrogenLimit,
            ],
            "soil": soil(known).map {
                [
                    "analyte": $0.analyte, "value": $0.value, "unit": $0.unit, "takenAt": $0.takenAt, "place": $0.place,
                    "laboratory": $0.laboratory, "transaction": $0.record.id.hex,
                ] as [String: Any]
            },
            "probe": known.probe.map { ["time": $0.time, "value": $0.value] },
            "heights": known.heights.map { ["time": $0.time, "metres": $0.metres] },
            "marks": known.curve.marks(known.heights).map {
                ["at": $0.at.time, "kind": $0.kind == .falling ? "falling" : "off-curve", "words": $0.words]
            },
        ]
    }

    // MARK: The page

    private func page(of name: String, _ session: Session?) throws -> WorkPage {
        let known = try known(name, session)
        let soil = soil(known)
        let marks = known.curve.marks(known.heights)
        let isOver = known.plot.nitrogen > Agri.nitrogenLimit
        return WorkPage(
            kicker: "Plot", title: name, lead: "\(known.plot.crop), \(known.plot.squareMetres) m².",
            facts: [
                Fact("Seed lot", known.plot.seedLot ?? "none sown yet"),
                Fact(
                    "Nitrogen", "\(known.plot.nitrogen / 1000) kg/ha",
                    note: known.plot.nitrogenYear == 0
                        ? "none recorded"
                        : "in \(known.plot.nitrogenYear); \(isOver ? "above" : "within") the limit of \(Agri.nitrogenLimit / 1000)",
                    grounds: Grounds(about: ["plot:\(name)"])),
            ],
            charts: try acidity(known, soil) + growth(known) + weather(),
            tables: [
                Table(
                    caption: "Soil by laboratory",
                    columns: [
                        .init("Tested for"), .init("Found", isNumeric: true), .init("Where"), .init("When"),
                        .init("Laboratory"),
                    ],
                    rows: soil.map {
                        [
                            .link(
                                $0.analyte,
                                href: ExplorerPaths.transaction($0.record.id.hex, ledger: platform.node.ledger.hex)),
                            .text("\(figure($0.value, decimals: 2)) \($0.unit)"),
                            .text($0.place + ($0.depth.map { ", \($0 / 10) cm deep" } ?? "")),
                            .time(Moment(milliseconds: Int64($0.takenAt))), .text($0.laboratory),
                        ]
                    }, empty: .init("No laboratory has tested this soil yet.")),
                Table(
                    caption: "Growth that is marked", columns: [.init("When"), .init("What")],
                    rows: marks.map {
                        [
                            .time(Moment(milliseconds: Int64($0.at.time))),
                            .mark($0.words, $0.kind == .falling ? .bad : .neutral),
                        ]
                    }, empty: .init("Nothing fell without a harvest, and nothing lies far off the expected curve.")),
            ])
    }

    /// Both kinds on one chart, each named.
    private func acidity(_ known: Known, _ soil: [SoilValue]) -> [LineChart] {
        let tested = soil.filter { $0.unit == "pH" }
        guard !known.probe.isEmpty || !tested.isEmpty else { return [] }
        return [
            LineChart(
                title: "Soil acidity", unit: "pH",
                series: [
                    .init(
                        name: "Probe", source: "signed by the soil probe",
                        points: known.probe.map { .init(Moment(milliseconds: Int64($0.time)), $0.value) }),
                    .init(
                        name: "Laboratory", source: tested.last.map { "signed by \($0.laboratory)" } ?? "none yet",
                        points: tested.map { .init(Moment(milliseconds: Int64($0.takenAt)), $0.value) }),
                ].filter { !$0.points.isEmpty })
        ]
    }

    private func growth(_ known: Known) -> [LineChart] {
        guard let first = known.heights.first, let last = known.heights.last else { return [] }
        let wanted = stride(from: first.time, through: last.time, by: Int(max(1, (last.time - first.time) / 60)))
            .compactMap { time in
                known.curve.expected(at: time).map { LineChart.Point(Moment(milliseconds: Int64(time)), $0) }
            }
        return [
            LineChart(
                title: "Crop height", unit: "m",
                series: [
                    .init(
                        name: "Measured", source: "signed by the crop sensor",
                        points: known.heights.map { .init(Moment(milliseconds: Int64($0.time)), $0.metres) }),
                    .init(name: "Expected", source: "stated by the grower", points: wanted),
                ].filter { !$0.points.isEmpty })
        ]
    }

    /// Months that others measured, as they were brought, with whose they are.
    private func weather() throws -> [LineChart] {
        let records = try platform.index.latest(contract: Agri.contractName, limit: 5000)
            .filter { $0.operation == "recordWeather" && $0.rejection == nil }
        guard let newest = records.first else { return [] }
        let station = try platform.statement(of: newest).operation.arguments["station"]?.text
        var days: [(date: UInt64, values: [Int64])] = []
        var source = ""
        for record in records {
            let arguments = try platform.statement(of: record).operation.arguments
            guard arguments["station"]?.text == station, let month = arguments["month"]?.text else { continue }
            source =
                "third party: \(arguments["source"]?.text ?? ""), station \(station ?? ""), brought by \(platform.name(of: record.issuer))"
            for (number, day) in (arguments["days"]?.array ?? []).enumerated() {
                days.append((WeatherDays.date(month, number + 1), (day.array ?? []).compactMap(\.int)))
            }
        }
        func series(_ name: String, _ place: Int) -> LineChart.Series {
            .init(
                name: name, source: source,
                points: days.filter { $0.values.count == 4 }.map {
                    .init(Moment(milliseconds: Int64($0.date)), Double($0.values[place]) / 100)
                })
        }
        return [
            LineChart(title: "Weather, air", unit: "°C", series: [series("Lowest", 0), series("Highest", 1)]),
            LineChart(title: "Weather, rain", unit: "mm", series: [series("Rain", 2)]),
        ]
    }
}
