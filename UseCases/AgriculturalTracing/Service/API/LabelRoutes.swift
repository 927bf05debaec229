import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Labels to print, as the market wants them, with the tag's EPC; and another label for a box whose own cannot be read any more.
struct LabelRoutes: Sendable {
    private typealias Agri = TracingContract

    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .get, "/farm/labels/{lot}", "A sheet of labels of a lot", tag: "agricultural-tracing",
                access: .role(Agri.Role.farmer), parameters: [.init("lot", in: .path, "The lot")],
                produces: "text/html",
                problems: [404: "not-found"]
            ) { request in
                let session = try request.requireSession()
                return try platform.page(try sheet(of: try request.parameter("lot"), session), session)
            },
            Route(
                .get, "/labels/replace", "Form for another label", tag: "agricultural-tracing",
                access: .roles([Agri.Role.farmer, Agri.Role.seller]), produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                return try platform.page(
                    WorkPage(
                        kicker: "Label", title: "Another label for a box",
                        lead:
                            "When a label is torn or cannot be read: the box gets a new code, and nobody can use the old one again. Put the new label on before you record it.",
                        forms: [
                            Form(
                                id: "replace", title: "The old code", action: "/labels/replace",
                                fields: [
                                    Form.Field(
                                        "code", label: "Code", kind: .text(maximumLength: 200),
                                        hint: "As printed: (01) … (10) … (21) …, or the address of its page."),
                                    Form.Field(
                                        "reason", label: "Why", kind: .text(maximumLength: 100), value: "damaged"),
                                ], submit: "Replace the label", csrfToken: session.formToken)
                        ]), session)
            },
            platform.form(
                "/labels/replace", "Replace a label", tag: "agricultural-tracing",
                access: .roles([Agri.Role.farmer, Agri.Role.seller])
            ) { input, session in
                let old = try WorkRoutes.code(try input.text("code"))
                let new = try ProductCode(gtin: old.gtin, lot: old.lot, serial: WorkRoutes.serial())
                return try await platform.submit(
                    [
                        .init(
                            .init(
                                Agri.contractName, "replaceLabel",
                                [
                                    ("code", .text(old.path)), ("replacement", .text(new.path)),
                                    ("reason", .text(try input.text("reason"))),
                                ]), about: old.path)
                    ], as: session, title: "The label is \(new.path) now",
                    back: .init(title: "The box", href: "/\(new.path)"))
            },
        ]
    }

    /// The labels of boxes that wait for theirs.
    private func sheet(of name: String, _ session: Session) throws -> LabelSheetPage {
        guard let lot = try platform.state.get(Agri.harvestLots, name), lot.owner == session.participant else {
            throw Problem.notFound("lot \(name) of yours")
        }
        let plot = try lot.plot.flatMap { try platform.state.get(Agri.plots, $0) }
        let farm = try plot.flatMap { try platform.state.get(Agri.farms, $0.farm) }
        let fields = try farm?.market.flatMap { try platform.state.get(Agri.markets, $0) }?.labelFields ?? ["useBy"]
        let product = lot.product ?? plot?.crop ?? name
        let printed = try platform.state.scan(Agri.boxes, limit: 5000).filter {
            $0.value.harvestLot == name && $0.value.stage == .commissioned
        }
        let labels = try printed.map { path, box in
            let code = try ProductCode(path: path)
            let useBy = Moment(milliseconds: Int64(box.expiresAt) - 1).day
            let lines = fields.compactMap { field -> String? in
                switch field {
                case "origin": farm.map { "Origin: \($0.region)" }
                case "useBy": "Use by \(useBy.text)"
                case "weight": "\(box.grams) g"
                case "lot": "Lot \(name)"
                case "packer": platform.name(of: box.holder)
                default: nil
                }
            }
            return LabelSheetPage.Label(
                code: BoxCode(gtin: code.gtin, lot: code.lot, serial: code.serial),
                digitalLink: "\(platform.address)/\(path)", lines: lines,
                tag: farm?.companyPrefix.flatMap { TagCode(code, companyPrefix: $0) }.map { ($0.urn, $0.hex) })
        }
        return LabelSheetPage(
            product: product, labels: labels,
            back: .init(title: "Confirm them when they are on", href: "/farm/affixing"))
    }
}
