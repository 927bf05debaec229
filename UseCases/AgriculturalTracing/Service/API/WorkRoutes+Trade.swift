import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Laboratory, carrier and shop.
extension WorkRoutes {
    private static let analyte = (name: "Nitrate", unit: "mg/kg", limit: "250", method: "EN 12014-2")

    var laboratoryRoutes: [Route] {
        [
            page("/laboratory", "The testing agency's page", role: Agri.Role.laboratory) { _, session in
                let lots = try platform.state.scan(Agri.harvestLots, limit: 1000)
                    .filter { $0.value.passedTests == 0 && $0.value.failedTest == nil }
                let accreditation = try platform.state.get(Agri.accreditations, session.participant)
                let page = LaboratoryPage(
                    agency: session.name, accreditation: accreditation.map(words) ?? "No accreditation is recorded",
                    isAccredited: accreditation.map { $0.from <= platform.now && platform.now < $0.until } ?? false,
                    awaited: try lots.map { name, lot in
                        .init(
                            lot: name, product: try product(ofLot: name), sampleID: "S-\(name)",
                            sampled: Moment(milliseconds: Int64(lot.harvestedAt)), analyte: Self.analyte.name,
                            href: "/laboratory/report?lot=\(name)")
                    }, results: try results(of: session), sent: try sent(by: session))
                return try platform.page(page, session)
            },
            page("/laboratory/report", "Form for a result", role: Agri.Role.laboratory) { request, session in
                guard let lot = request.query["lot"] else { throw Problem.badRequest("name the lot") }
                let page = LaboratoryReportPage(
                    lot: lot, product: try product(ofLot: lot), analyte: Self.analyte.name, unit: Self.analyte.unit,
                    limit: Self.analyte.limit, method: Self.analyte.method, sampleID: "S-\(lot)",
                    action: "/laboratory/report", csrfToken: session.formToken, laboratoryURL: "/laboratory")
                return try platform.page(page, session)
            },
            action("/laboratory/report", "Report a result", role: Agri.Role.laboratory) { input, session in
                let lot = try input.text("lot")
                guard let document = Hash32(hex: try input.text("documentHash")) else {
                    throw Problem.badRequest("documentHash is the SHA-256 of the signed report, 64 hexadecimal digits")
                }
                return try await submit(
                    [
                        (
                            "reportTest",
                            [
                                ("report", .text("R-\(Self.serial())")), ("lot", .text(lot)),
                                ("sample", .text(try input.text("sample"))),
                                ("analyte", .text(try input.text("analyte"))),
                                ("value", .unsigned(try input.scaled("value", by: 100))),
                                ("limit", .unsigned(try input.scaled("limit", by: 100))), ("decimals", 2),
                                ("unit", .text(try input.text("unit"))), ("method", .text(try input.text("method"))),
                                ("document", .hash(document)),
                            ], "lot:\(lot)"
                        )
                    ], as: session, title: "Result reported",
                    back: .init(title: "Back to the list", href: "/laboratory"))
            },
        ]
    }

    private func results(of session: Session) throws -> [TestResult] {
        try platform.index.latest(contract: Agri.contractName, issuer: session.participant, limit: 50)
            .filter { $0.operation == "reportTest" && $0.rejection == nil }
            .map { TestResult(record: $0, statement: try platform.statement(of: $0), platform: platform) }
    }

    /// What the carrier stated on delivery.
    private func minutesOver(_ leg: String) throws -> Int {
        let delivery = try platform.index.records(mentioning: ["leg:\(leg)"])
            .last { $0.operation == "deliver" && $0.rejection == nil }
        let minutes = try delivery.map { try platform.statement(of: $0).operation.arguments["minutesOver"]?.unsigned }
        return Int(clamping: minutes.flatMap { $0 } ?? 0)
    }

    private func words(_ accreditation: Accreditation) -> String {
        "\(accreditation.number) of \(platform.name(of: accreditation.by)) for \(accreditation.scope.joined(separator: ", ")), until \(Moment(milliseconds: Int64(accreditation.until)).day.text)"
    }

    var carrierRoutes: [Route] {
        let back = Site.Link(title: "Back to the legs", href: "/carrier")
        return [
            page("/carrier", "The carrier's page", role: Agri.Role.carrier) { _, session in
                try platform.page(try carrierPage(session), session)
            },
            action("/carrier/ship", "Take boxes over", role: Agri.Role.carrier) { input, session in
                let lot = try input.text("lot")
                let count = try input.scaled("boxes", by: 1)
                let ready = try boxes { $0.harvestLot == lot && $0.stage == .affixed }.prefix(Int(min(count, 500)))
                guard let first = ready.first else { throw Problem.badRequest("lot \(lot) has no box to ship") }
                let leg = "L-\(Self.serial())"
                return try await submit(
                    [
                        (
                            "dispatch",
                            [
                                ("leg", .text(leg)), ("from", .text(first.box.holder)),
                                ("to", .text(try input.text("destination"))),
                                ("boxes", .array(ready.map { .text($0.code) })), ("maximumTemperature", coldChainLimit),
                                ("departedAt", .unsigned(platform.node.ledgerTime)),
                            ], "leg:\(leg)"
                        )
                    ], as: session, title: "\(ready.count) boxes taken over", back: back)
            },
            action("/carrier/deliver", "Hand boxes over", role: Agri.Role.carrier) { input, session in
                let leg = try input.text("shipment")
                return try await submit(
                    [
                        (
                            "deliver",
                            [
                                ("leg", .text(leg)), ("deliveredAt", .unsigned(platform.now)),
                                ("highestTemperature", Value(try input.hundredths("highest"))),
                                ("minutesOver", .unsigned(try input.scaled("minutesAbove", by: 1))),
                            ], "leg:\(leg)"
                        )
                    ], as: session, title: "Hand-over recorded", back: back)
            },
        ]
    }

    /// Hundredths of a degree Celsius, a parameter of the ledger.
    private var coldChainLimit: Value {
        platform.node.genesis.parameters[.text(Agri.contractName)]?.map?["coldChainLimit"] ?? 700
    }

    private func carrierPage(_ session: Session) throws -> CarrierPage {
        let ready = Dictionary(grouping: try boxes { $0.stage == .affixed }) { $0.box.harvestLot }.sorted {
            $0.key < $1.key
        }
        let legs = try platform.state.scan(Agri.legs, limit: 1000).filter { $0.value.carrier == session.participant }
        let open = legs.filter { $0.value.deliveredAt == nil }
        let shops = try platform.state.scan(MembershipContract.participants, limit: 1000)
            .filter { $0.value.roles.contains(Agri.Role.seller) }
        return CarrierPage(
            carrier: session.name,
            waiting: try ready.map {
                .init(
                    lot: $0.key, product: try product(ofLot: $0.key), boxes: $0.value.count,
                    place: platform.name(of: $0.value[0].box.holder))
            },
            legs: try legs.map { name, leg in
                .init(
                    shipment: name, from: platform.name(of: leg.from), to: platform.name(of: leg.to),
                    boxes: leg.boxes.count,
                    departed: Moment(milliseconds: Int64(leg.departedAt)),
                    arrived: leg.deliveredAt.map { Moment(milliseconds: Int64($0)) },
                    minutesAboveLimit: try minutesOver(name),
                    href: nil)
            }, temperature: nil,
            forms: [
                ready.isEmpty
                    ? nil
                    : CarrierPage.shipForm(
                        lots: ready.map { .init($0.key, $0.key) },
                        destinations: shops.map { .init($0.key, $0.value.name) },
                        action: "/carrier/ship", csrfToken: session.formToken),
                open.isEmpty
                    ? nil
                    : CarrierPage.deliverForm(
                        shipments: open.map { .init($0.key, $0.key) }, action: "/carrier/deliver",
                        csrfToken: session.formToken),
            ].compactMap { $0 },
            sent: try sent(by: session))
    }

    var shopRoutes: [Route] {
        let back = Site.Link(title: "Back to the shop", href: "/shop")
        return [
            page("/shop", "The seller's page", role: Agri.Role.seller) { _, session in
                try platform.page(try sellerPage(session), session)
            },
            action("/shop/receive", "Receive boxes", role: Agri.Role.seller) { input, session in
                let name = try input.text("shipment")
                guard let leg = try platform.state.get(Agri.legs, name) else {
                    throw Problem.notFound("shipment \(name)")
                }
                let missing = try (input.optional("missing") ?? "").split(whereSeparator: \.isWhitespace)
                    .map { try Self.code(String($0)).path }
                let arrived = leg.boxes.filter { !missing.contains($0) }
                var wishes: [(name: String, arguments: Arguments, subject: String)] = [
                    ("receive", [("leg", .text(name)), ("boxes", .array(arrived.map { .text($0) }))], "leg:\(name)")
                ]
                if input.optional("temperature") != nil, let box = arrived.first {
                    wishes.append(
                        (
                            "measureArrival",
                            [
                                ("code", .text(box)), ("leg", .text(name)),
                                ("temperature", CBOR(try input.hundredths("temperature"))),
                                ("measuredAt", .unsigned(platform.now)),
                            ], box
                        ))
                }
                return try await submit(
                    wishes, as: session, title: "\(arrived.count) boxes received", back: back)
            },
            action("/shop/offer", "Put a box on the shelf", role: Agri.Role.seller) { input, session in
                let code = try Self.code(try input.text("code"))
                return try await submit(
                    [("offer", [("code", .text(code.path))], code.path)], as: session, title: "On the shelf", back: back
                )
            },
            action("/shop/weigh", "Weigh a box again", role: Agri.Role.seller) { input, session in
                let code = try Self.code(try input.text("code"))
                return try await submit(
                    [
                        (
                            "weighBox",
                            [
                                ("code", .text(code.path)),
                                ("grams", .unsigned(try input.scaled("kilograms", by: 1000))),
                                ("weighedAt", .unsigned(platform.now)),
                            ], code.path
                        )
                    ], as: session, title: "Weighed", back: back)
            },
            action("/shop/sell", "Sell units of a box", role: Agri.Role.seller) { input, session in
                let code = try Self.code(try input.text("code"))
                let units = try input.scaled("units", by: 1)
                return try await submit(
                    [("sell", [("code", .text(code.path)), ("units", .unsigned(units))], code.path)], as: session,
                    title: "Sold", back: back)
            },
            action("/shop/take-back", "Take units back", role: Agri.Role.seller) { input, session in
                let code = try Self.code(try input.text("code"))
                let arguments: Arguments = [
                    ("code", .text(code.path)), ("units", .unsigned(try input.scaled("units", by: 1))),
                    ("reason", .text(try input.text("reason"))),
                ]
                return try await submit(
                    [("takeBack", arguments, code.path)], as: session, title: "Taken back", back: back)
            },
            action("/shop/set-aside", "Answer a recall", role: Agri.Role.seller) { input, session in
                let lot = try input.text("lot")
                let held = try boxes { $0.harvestLot == lot && $0.holder == session.participant }
                return try await submit(
                    [
                        (
                            "confirmRecall",
                            [("lot", .text(lot)), ("boxes", .array(held.map { .text($0.code) }))], "lot:\(lot)"
                        )
                    ], as: session, title: "\(held.count) boxes set aside",
                    back: .init(title: "Where boxes of the lot are", href: LotRoutes.page(of: lot)))
            },
            action("/shop/waste", "Take units out", role: Agri.Role.seller) { input, session in
                let code = try Self.code(try input.text("code"))
                let arguments: Arguments = [
                    ("code", .text(code.path)), ("units", .unsigned(try input.scaled("units", by: 1))),
                    ("reason", .text(try input.text("reason"))),
                ]
                return try await submit([("waste", arguments, code.path)], as: session, title: "Recorded", back: back)
            },
        ]
    }

    /// A code as it is scanned or typed: a Digital Link, its path, or `(01) … (10) … (21) …`.
    static func code(_ text: String) throws -> ProductCode {
        if let code = try? ProductCode(path: text) { return code }
        if let link = DigitalLink(text, permitsFormerNames: true) {
            let parts = link.elements.prefix(3)
            if parts.map(\.identifier) == ["01", "10", "21"],
                let code = try? ProductCode(gtin: parts[0].value, lot: parts[1].value, serial: parts[2].value)
            {
                return code
            }
        }
        let parts = text.replacing(" ", with: "").split(separator: "(").map {
            $0.split(separator: ")").map(String.init)
        }
        if parts.map(\.first) == ["01", "10", "21"], parts.allSatisfy({ $0.count == 2 }),
            let code = try? ProductCode(gtin: parts[0][1], lot: parts[1][1], serial: parts[2][1])
        {
            return code
        }
        throw Problem.badRequest("\(text) is not the code of a box; scan it")
    }

    private func sellerPage(_ session: Session) throws -> SellerPage {
        let incoming = try platform.state.scan(Agri.legs, limit: 1000)
            .filter { $0.value.to == session.participant && !$0.value.received }
        let delivered = incoming.filter { $0.value.deliveredAt != nil }
        let shelf = try boxes { $0.holder == session.participant }
        let received = shelf.filter { $0.box.stage == .received }
        let recalled = try Set(shelf.map(\.box.harvestLot)).sorted().filter { lot in
            let answer = try platform.state.get(Agri.recallAnswers, "\(lot)/\(session.participant)")
            return try answer == nil && platform.state.get(Agri.harvestLots, lot)?.recall != nil
        }
        return SellerPage(
            shop: session.name,
            incoming: try incoming.map { name, leg in
                let lot = try leg.boxes.first.flatMap { code throws(ContractError) in
                    try platform.state.get(Agri.boxes, code)
                }
                return .init(
                    shipment: name, product: try lot.map { try product(ofLot: $0.harvestLot) } ?? "",
                    boxes: leg.boxes.count,
                    carrier: platform.name(of: leg.carrier))
            },
            shelf: try shelf.map { path, box in
                let code = try ProductCode(path: path)
                let days = (Int64(box.expiresAt) - Int64(platform.now)) / 86_400_000
                return .init(
                    code: BoxCode(gtin: code.gtin, lot: code.lot, serial: code.serial),
                    product: try product(ofLot: box.harvestLot),
                    useBy: Moment(milliseconds: Int64(box.expiresAt) - 1).day,
                    daysLeft: Int(max(0, days)), state: box.stage == .expired ? .expired : .active)
            },
            forms: [
                recalled.isEmpty
                    ? nil
                    : SellerPage.setAsideForm(
                        lots: recalled.map { .init($0, $0) }, action: "/shop/set-aside", csrfToken: session.formToken),
                SellerPage.sellForm(action: "/shop/sell", csrfToken: session.formToken),
                delivered.isEmpty
                    ? nil
                    : SellerPage.receiveForm(
                        shipments: delivered.map { .init($0.key, $0.key) }, action: "/shop/receive",
                        csrfToken: session.formToken),
                received.isEmpty
                    ? nil
                    : SellerPage.offerForm(
                        boxes: received.map { .init($0.code, $0.code) }, action: "/shop/offer",
                        csrfToken: session.formToken),
                shelf.isEmpty
                    ? nil
                    : SellerPage.weighForm(
                        boxes: shelf.map { .init($0.code, $0.code) }, action: "/shop/weigh",
                        csrfToken: session.formToken),
                SellerPage.takeBackForm(action: "/shop/take-back", csrfToken: session.formToken),
                SellerPage.wasteForm(action: "/shop/waste", csrfToken: session.formToken),
            ].compactMap { $0 }, sent: try sent(by: session))
    }
}
