import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// Forward from a lot: which boxes came of it, who holds them, who answered a recall, and the sheet that an authority asks for.
struct LotRoutes: Sendable {
    private typealias Agri = TracingContract

    /// Harvest lots, codes or records of one answer.
    private static let limit = 100_000

    let platform: Platform

    var routes: [Route] {
        let lot = Route.Parameter("lot", in: .path, "The harvest lot")
        return [
            Route(
                .get, "/api/v1/tracing/forward", "The boxes that came of a seed lot, a plot or a harvest lot",
                tag: "agricultural-tracing",
                parameters: [
                    .init(
                        "from", in: .query, "seedlot:NAME, plot:NAME or lot:NAME",
                        .pattern("(seedlot|plot|lot):[!-~]{1,60}"),
                        isRequired: true)
                ], problems: [404: "not-found"]
            ) { request in
                let start = request.query["from"] ?? ""
                return .json([
                    "items": try lots(from: start).map { name, lot in
                        [
                            "lot": name, "plot": lot.plot.map { $0 as Any } ?? NSNull(),
                            "seedLot": lot.seedLot.map { $0 as Any } ?? NSNull(), "lineage": lot.lineage,
                            "recall": lot.recall.map { $0 as Any } ?? NSNull(),
                            "boxes": try boxes(of: name).map { code, box in
                                [
                                    "code": code, "stage": box?.stage.rawValue ?? "soldOut",
                                    "holder": box.map { $0.holder as Any } ?? NSNull(),
                                ]
                            },
                        ]
                    }
                ])
            },
            Route(
                .get, "/api/v1/tracing/lots/{lot}/events", "Critical tracking events of a lot, one a row (FSMA 204)",
                tag: "agricultural-tracing", parameters: [lot], produces: "text/csv", problems: [404: "not-found"]
            ) { request in
                .text(try sheet(of: try request.parameter("lot")), "text/csv; charset=utf-8")
            },
            Route(
                .get, "/lots/{lot}", "A harvest lot and where its boxes are", tag: "agricultural-tracing",
                parameters: [lot], produces: "text/html", problems: [404: "not-found"]
            ) { request in
                try platform.page(try page(of: try request.parameter("lot")), request.session)
            },
        ]
    }

    // MARK: What came of it

    private func lots(from start: String) throws -> [(key: String, value: HarvestLot)] {
        let parts = start.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["seedlot", "plot", "lot"].contains(parts[0]) else {
            throw Problem.badRequest("from is seedlot:NAME, plot:NAME or lot:NAME")
        }
        let all = try platform.state.scan(Agri.harvestLots, limit: Self.limit)
        let begun = all.filter { name, lot in
            switch parts[0] {
            case "seedlot": lot.seedLot == parts[1]
            case "plot": lot.plot == parts[1]
            default: name == parts[1]
            }
        }
        guard !begun.isEmpty else { throw Problem.notFound("harvest from \(start)") }
        let origins = Set(begun.map(\.key))
        let found = all.filter { origins.contains($0.key) || !origins.isDisjoint(with: $0.value.lineage) }
        return found.map { ($0.key, $0.value) }
    }

    /// In the order of their codes; nil for one that is sold out.
    private func boxes(of lot: String) throws -> [(code: String, box: Box?)] {
        try platform.state.scan(Agri.codes, limit: Self.limit).filter { $0.value.harvestLot == lot }.map {
            ($0.key, try platform.state.get(Agri.boxes, $0.key))
        }
    }

    private func lot(_ name: String) throws -> HarvestLot {
        guard let lot = try platform.state.get(Agri.harvestLots, name) else {
            throw Problem.notFound("harvest lot \(name)")
        }
        return lot
    }

    private func plot(of lot: HarvestLot) throws -> Plot? {
        try lot.plot.flatMap { name throws(ContractError) in try platform.state.get(Agri.plots, name) }
    }

    private func product(of lot: HarvestLot) throws -> String {
        try lot.product ?? plot(of: lot)?.crop ?? "unknown crop"
    }

    // MARK: The sheet

    /// Harvesting, initial packing, transformation, shipping and receiving with their key data elements (21 CFR 1.1325 to 1.1350), oldest first.
    private func sheet(of name: String) throws -> String {
        let lot = try lot(name)
        let farm = try plot(of: lot)?.farm ?? ""
        let codes = Set(try boxes(of: name).map(\.code))
        let records = try platform.index.records(
            mentioning: ["lot:\(name)", "boxes-of:\(name)"] + codes, limit: Self.limit)
        let head = [
            "event", "traceabilityLotCode", "lotCodeSource", "product", "quantity", "unit", "from", "to", "date",
            "reference",
        ]
        let product = try product(of: lot)
        let rows = try records.filter { $0.rejection == nil && $0.contract == Agri.contractName }.compactMap {
            try row($0, name, codes).map { [$0.event, name, farm, product] + $0.rest }
        }
        return ([head] + rows).map { $0.map(CSV.field).joined(separator: ",") + "\r\n" }.joined()
    }

    private func row(
        _ record: IndexedRecord, _ lot: String, _ codes: Set<String>
    ) throws -> (event: String, rest: [String])? {
        let arguments = try platform.statement(of: record).operation.arguments
        func text(_ name: String) -> String { arguments[text: name]?.text ?? "" }
        func time(_ name: String) -> UInt64 { arguments[text: name]?.unsigned ?? record.time }
        func boxes() -> String { "\((arguments["boxes"]?.array ?? []).count { $0.text.map(codes.contains) ?? false })" }
        func rest(_ quantity: String, _ unit: String, _ from: String, _ to: String, _ at: UInt64) -> [String] {
            [quantity, unit, from, to, Moment(milliseconds: Int64(at)).iso, record.id.hex]
        }
        switch record.operation {
        case "harvest": return ("harvesting", rest("\(time("grams"))", "g", record.issuer, "", time("harvestedAt")))
        case "transform":
            func part(_ name: String) -> [(lot: String, grams: UInt64)] {
                (arguments[text: name]?.array ?? []).map {
                    ($0.map?["lot"]?.text ?? "", $0.map?["grams"]?.unsigned ?? 0)
                }
            }
            let (inputs, outputs) = (part("inputs"), part("outputs"))
            let grams = (inputs + outputs).first { $0.lot == lot }?.grams ?? 0
            func names(_ list: [(lot: String, grams: UInt64)]) -> String { list.map(\.lot).joined(separator: " ") }
            return (
                "transformation", rest("\(grams)", "g", names(inputs), names(outputs), time("performedAt"))
            )
        case "commission": return ("initial packing", rest("\(time("units"))", "units", record.issuer, "", record.time))
        case "dispatch": return ("shipping", rest(boxes(), "boxes", text("from"), text("to"), time("departedAt")))
        case "receive":
            let leg = try platform.state.get(Agri.legs, text("leg"))
            return ("receiving", rest(boxes(), "boxes", leg?.from ?? "", record.issuer, record.time))
        default: return nil
        }
    }

    // MARK: The page

    private func page(of name: String) throws -> WorkPage {
        let lot = try lot(name)
        let boxes = try boxes(of: name)
        let holders = Dictionary(grouping: boxes.compactMap { $0.box }, by: \.holder).sorted { $0.key < $1.key }
        return WorkPage(
            kicker: "Harvest lot", title: name,
            lead:
                "\(boxes.count) \(boxes.count == 1 ? "box" : "boxes") of \(try product(of: lot)).",
            facts: [
                lot.recall.map { Fact("Recalled", $0) },
                Fact("Grower", platform.name(of: lot.owner)), lot.plot.map { Fact("Plot", $0) },
                lot.plot.map { _ in Fact("Seed lot", lot.seedLot ?? "none") },
                lot.lineage.isEmpty ? nil : Fact("Lots in it", lot.lineage.joined(separator: ", ")),
                Fact(
                    lot.plot == nil ? "Mix" : "Harvest", "\(Double(lot.grams) / 1000) kg",
                    grounds: Grounds(about: ["lot:\(name)"])),
                Fact(
                    "Packed", "\(Double(lot.packedGrams) / 1000) kg",
                    note: "in \(boxes.count) \(boxes.count == 1 ? "box" : "boxes")",
                    grounds: Grounds(about: boxes.map(\.code))),
                lot.waitUntil.map {
                    Fact(
                        "Waiting period",
                        "It was cut before \(Moment(milliseconds: Int64($0)).text), when the wait ended")
                },
            ].compactMap { $0 },
            tables: [
                Table(
                    caption: "Who holds boxes of it",
                    columns: [.init("Holder"), .init("Boxes", isNumeric: true), .init("Recall")],
                    rows: try holders.map { holder, held in
                        [
                            .text(platform.name(of: holder)), .text("\(held.count)"),
                            try answer(holder, held.count, name, lot),
                        ]
                    }, empty: .init("Nobody holds a box of it any more.")),
                Table(
                    caption: "Its boxes", columns: [.init("Box"), .init("Stage"), .init("Holder")],
                    rows: boxes.prefix(Self.shownBoxes).map { code, box in
                        [
                            .link(code, href: "/\(code)"), .text(box?.stage.rawValue ?? "sold out"),
                            .text(box.map { platform.name(of: $0.holder) } ?? ""),
                        ]
                    }, empty: .init("No box was packed from it yet.")),
                Table(
                    caption: "For the authority", columns: [.init("Sheet"), .init("What it holds")],
                    rows: [
                        [
                            .link("Tracking events (CSV)", href: "/api/v1/tracing/lots/\(Self.escaped(name))/events"),
                            .text("Harvesting, packing, transformation, shipping and receiving, one event a row."),
                        ]
                    ], empty: .init("")),
            ])
    }

    static func page(of lot: String) -> String { "/lots/\(escaped(lot))" }

    static func escaped(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// Boxes that the page lists; the interface gives all.
    private static let shownBoxes = 200

    private func answer(_ holder: String, _ held: Int, _ name: String, _ lot: HarvestLot) throws -> Table.Cell {
        guard lot.recall != nil else { return .text("not recalled") }
        guard let answer = try platform.state.get(Agri.recallAnswers, "\(name)/\(holder)") else {
            return .mark("Not answered", .bad)
        }
        return answer.boxes >= UInt64(held)
            ? .mark("Set aside: \(answer.boxes)", .good) : .mark("Set aside: \(answer.boxes) of \(held)", .neutral)
    }
}
