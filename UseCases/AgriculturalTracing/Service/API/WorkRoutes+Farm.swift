import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

extension WorkRoutes {
    /// GTIN of the demo's product; a farm has one for each kind of box.
    static let gtin = "04012345000016"
    static let back = Site.Link(title: "Back to the farm", href: "/farm")

    var farmRoutes: [Route] {
        [
            page("/farm", "The farmer's page", role: Agri.Role.farmer) { _, session in
                try platform.page(try farmerPage(session), session)
            },
            page("/farm/picture", "Form for a picture", role: Agri.Role.farmer) { _, session in
                let places =
                    try lots(of: session).map { PicturePage.Place("lot:\($0.key)", "Lot \($0.key)") }
                    + plots(of: session).map { PicturePage.Place("plot:\($0.key)", "Plot \($0.key), \($0.value.crop)") }
                let page = PicturePage(
                    places: places, action: "/farm/picture", documents: DocumentRoutes.address(""),
                    csrfToken: session.formToken, back: Self.back)
                return try platform.page(page, session)
            },
            action("/farm/picture", "Sign a picture's hash", role: Agri.Role.farmer) { input, session in
                guard let document = Hash32(hex: try input.text("document")) else {
                    throw Problem.badRequest("document is the SHA-256 of the picture, 64 hexadecimal digits")
                }
                let original = try input.optional("original").map { text in
                    guard let hash = Hash32(hex: text) else {
                        throw Problem.badRequest("original is the SHA-256 of the original, 64 hexadecimal digits")
                    }
                    return hash
                }
                let about = try input.text("about")
                let arguments: Arguments = [
                    ("document", .hash(document)), ("about", .text(about)), ("mediaType", "image/jpeg"),
                    ("caption", .text(try input.text("caption"))), ("takenAt", .unsigned(platform.node.ledgerTime)),
                ]
                return try await submit(
                    [("attach", arguments + (original.map { [("original", .hash($0))] } ?? []), about)], as: session,
                    title: "Picture recorded", back: Self.back)
            },
        ]
            + FarmOperation.allCases.flatMap { operation in
                let path = "/farm/\(operation.rawValue)"
                return [
                    page(path, "Form for \(operation.rawValue)", role: Agri.Role.farmer) { _, session in
                        let page = FarmOperationPage(
                            operation: operation, places: try places(operation, session), action: path,
                            today: Self.today(), csrfToken: session.formToken, farmURL: "/farm")
                        return try platform.page(page, session)
                    },
                    action(path, "Record \(operation.rawValue)", role: Agri.Role.farmer) { input, session in
                        try await record(operation, input, session)
                    },
                ]
            }
    }

    private func plots(of session: Session) throws -> [(key: String, value: Plot)] {
        let farms = try platform.state.scan(Agri.farms, limit: 1000).filter { $0.value.owner == session.participant }
        let owned = Set(farms.map(\.key))
        return try platform.state.scan(Agri.plots, limit: 5000).filter { owned.contains($0.value.farm) }
    }

    private func lots(of session: Session) throws -> [(key: String, value: HarvestLot)] {
        try platform.state.scan(Agri.harvestLots, limit: 5000).filter { $0.value.owner == session.participant }
    }

    private func places(_ operation: FarmOperation, _ session: Session) throws -> [Form.Choice] {
        if [.packing, .affixing, .storing, .recall].contains(operation) {
            return try lots(of: session).map {
                .init($0.key, "\($0.key), \(($0.value.grams - $0.value.packedGrams) / 1000) kg left")
            }
        }
        return try plots(of: session).map { .init($0.key, "\($0.key), \($0.value.crop)") }
    }

    private func farmerPage(_ session: Session) throws -> FarmerPage {
        FarmerPage(
            farm: session.name, scoreURL: "/credit/\(session.participant)", operationURL: "/farm/",
            plots: try plots(of: session).map { name, plot in
                let last = try platform.index.records(mentioning: ["plot:\(name)"]).last {
                    $0.operation == "recordOperation" || $0.operation == "harvest"
                }
                let kind = try last.map {
                    try platform.statement(of: $0).operation.arguments["kind"]?.text ?? "harvest"
                }
                return .init(
                    name: name, crop: plot.crop, lastOperation: kind ?? "nothing yet",
                    lastTime: last.map { Moment(milliseconds: Int64($0.time)) },
                    href: "/plots/\(LotRoutes.escaped(name))")
            },
            lots: try lots(of: session).map { name, lot in
                .init(
                    id: name, product: try product(ofLot: name),
                    harvested: Moment(milliseconds: Int64(lot.harvestedAt)),
                    kilograms: Double(lot.grams) / 1000, boxes: Int(lot.boxes), state: Self.state(lot),
                    href: LotRoutes.page(of: name), labels: "/farm/labels/\(LotRoutes.escaped(name))")
            },
            sent: try sent(by: session))
    }

    static func state(_ lot: HarvestLot) -> CodeState {
        if lot.recall != nil { return .recalled }
        return lot.failedTest != nil ? .held : .active
    }

    private func record(_ operation: FarmOperation, _ input: FormInput, _ session: Session) async throws -> APIResponse
    {
        let title = "Recorded"
        func work(_ kind: String, _ extra: Arguments) async throws -> APIResponse {
            let plot = try input.text("plot")
            let time = min(try input.day("date").milliseconds, platform.node.ledgerTime)
            let arguments: Arguments = [("plot", .text(plot)), ("kind", .text(kind)), ("performedAt", .unsigned(time))]
            return try await submit(
                [("recordOperation", arguments + extra, "plot:\(plot)")], as: session, title: title, back: Self.back)
        }
        switch operation {
        case .sowing:
            return try await work(
                "sowing",
                [
                    ("seedLot", .text(try input.text("seedLot"))), ("unit", "GRM"),
                    ("quantity", .unsigned(try input.scaled("kilograms", by: 1000))),
                ])
        case .fertilising:
            return try await work(
                "fertilising",
                [
                    ("product", .text(try input.text("product"))), ("unit", "E43"),
                    ("quantity", .unsigned(try input.scaled("kilogramsPerHectare", by: 1))),
                ])
        case .watering:
            return try await work(
                "watering", [("quantity", .unsigned(try input.scaled("millimetres", by: 1))), ("unit", "MMT")])
        case .harvest:
            let plot = try input.text("plot")
            let lot =
                "\(plot)-\(Self.today().iso.filter(\.isNumber))-\(String(UInt16.random(in: 0 ... .max), radix: 36))"
                .uppercased()
            let time = min(try input.day("date").milliseconds, platform.node.ledgerTime)
            return try await submit(
                [
                    (
                        "harvest",
                        [
                            ("lot", .text(lot)), ("plot", .text(plot)), ("harvestedAt", .unsigned(time)),
                            ("grams", .unsigned(try input.scaled("kilograms", by: 1000))),
                        ], "lot:\(lot)"
                    )
                ], as: session, title: "Harvest recorded as lot \(lot)", back: Self.back)
        case .packing:
            return try await pack(input, session)
        case .affixing:
            let lot = try input.text("lot")
            let printed = try boxes {
                $0.harvestLot == lot && $0.stage == .commissioned && $0.holder == session.participant
            }
            return try await submit(
                printed.map { ("affix", [("code", .text($0.code))], $0.code) }, as: session,
                title: "\(printed.count) labels confirmed", back: Self.back)
        case .storing:
            let lot = try input.text("lot")
            let held = try boxes {
                $0.harvestLot == lot && $0.holder == session.participant && $0.stage != .inTransit
            }
            let arguments: Arguments = [
                ("boxes", .array(held.prefix(Agri.maximumBoxesPerLeg).map { .text($0.code) })),
                ("room", .text(try input.text("room"))), ("storedAt", .unsigned(platform.node.ledgerTime)),
            ]
            return try await submit(
                [("store", arguments, "lot:\(lot)")], as: session, title: "\(held.count) boxes stored", back: Self.back)
        case .recall:
            let lot = try input.text("lot")
            let arguments: Arguments = [("lot", .text(lot)), ("reason", .text(try input.text("reason")))]
            return try await submit(
                [("recall", arguments, "lot:\(lot)")], as: session, title: "Lot \(lot) is recalled", back: Self.back)
        }
    }

    /// A new code for each box. The labels are confirmed on their boxes in a second step.
    private func pack(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let lot = try input.text("lot")
        let count = try input.scaled("boxes", by: 1)
        let grams = try input.scaled("gramsPerBox", by: 1)
        let units = try input.scaled("unitsPerBox", by: 1)
        let expiry = try input.day("useBy").yymmdd
        guard (1...100).contains(count) else { throw Problem.badRequest("pack 1 to 100 boxes at once") }
        let operations = try (0..<count).map { _ -> (name: String, arguments: Arguments, subject: String) in
            let code = try ProductCode(gtin: Self.gtin, lot: String(lot.suffix(20)), serial: Self.serial()).path
            return (
                "commission",
                [
                    ("code", .text(code)), ("lot", .text(lot)), ("grams", .unsigned(grams)),
                    ("units", .unsigned(units)),
                    ("expiry", .text(expiry)), ("utcOffsetMinutes", 0),
                ], code
            )
        }
        return try await submit(operations, as: session, title: "\(count) boxes packed", back: Self.back)
    }

    /// 10 characters of 32, about 50 bits: nobody finds a live code by counting.
    static func serial() -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        return String((0..<10).map { _ in alphabet[Int.random(in: 0..<32)] })
    }
}
