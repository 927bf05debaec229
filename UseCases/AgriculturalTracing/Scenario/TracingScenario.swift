import AgriculturalTracingContract
import AgriculturalTracingSimulator
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// Table 4 of ISO/IEC TR 30176:2021, step by step against a running node: from sensors to the shopper.
///
/// It runs on any node any number of times: each run grows its own lot. Besides the step table it leaves boxes in the other states that a
/// shopper can meet (sold, recalled, expired) and shows one refusal that must happen.
struct TracingScenario: Sendable {
    let stage: Stage
    private let run: String

    init(stage: Stage) {
        self.stage = stage
        run = WorkRoutes.serial()
    }

    private typealias Arguments = [(String, Value)]
    private var farmGLN: String { "4012345000009" }
    private var plot: String { "TOMATO-1" }
    private var seedLot: String { "SEED-\(run)" }
    private var lot: String { "LOT-\(run)" }

    func run() async throws {
        let farmStage = FarmStage(stage: stage)
        try await farmStage.enrolDevices()
        try await farmStage.publishStreams()
        let farm = try FarmSimulation(try farmStage.configuration(interval: 5))
        try await farm.connect()
        do {
            try await play(farm)
        } catch {
            await farm.close()
            throw error
        }
        await farm.close()
    }

    private func play(_ farm: FarmSimulation) async throws {
        try await grow()
        let box = try code()
        try await sense(farm)
        try await record(
            "T4.1", "Farmer", "harvest",
            [("lot", .text(lot)), ("plot", .text(plot)), ("harvestedAt", .unsigned(now())), ("grams", 120_000)],
            about: "lot:\(lot)", "harvest of 120 kg, lot \(lot)")
        let short = try await packShortLived()
        try await weigh(farm, box)
        try await report()
        try await pack(box)
        try await record(
            "T4.4", "Farmer", "store",
            [("boxes", .texts([box.path])), ("room", .text(Self.room)), ("storedAt", .unsigned(now()))],
            about: "room:\(Self.room)", "the box stands in room \(Self.room)")
        try await transport([box], on: Pallet(serial: UInt64(Date().timeIntervalSince1970 * 1000)))
        try await tell(box)
        try await otherStates()
        try await refuse(box)
        try await share(farm)
        try await expire(short.code, at: short.end)
    }

    // MARK: Step 1: sensing data and data of the whole procedure

    private func grow() async throws {
        if try await stage.node.json("/api/v1/ledgers/\(stage.node.ledger.hex)/state?key=agri/farms/\(farmGLN)")[
            "value"] is NSNull
        {
            try await record(
                "T4.1", "Farmer", "registerFarm",
                [("farm", .text(farmGLN)), ("name", "Hillside Farm"), ("region", "Green Valley")],
                about: "farm:\(farmGLN)", "farm, GLN \(farmGLN)")
            try await record(
                "T4.1", "Farmer", "registerPlot",
                [("plot", .text(plot)), ("farm", .text(farmGLN)), ("crop", "Vine tomatoes"), ("squareMetres", 4200)],
                about: "plot:\(plot)", "plot \(plot), 4,200 m²")
            try await furnish()
        }
        try await record(
            "T4.1", "Farmer", "registerSeedLot",
            [
                ("seedLot", .text(seedLot)), ("supplier", "Sunrise Seeds"), ("variety", "Campari F1"),
                ("germinationPermille", 948),
            ], about: "seedlot:\(seedLot)", "seed lot \(seedLot), germination 94.8 %")
        for (kind, extra) in [
            ("sowing", [("seedLot", .text(seedLot)), ("quantity", 850), ("unit", "GRM")] as Arguments),
            ("fertilising", [("product", "Compost NPK 3-2-4"), ("quantity", 300), ("unit", "E43")]),
            ("watering", [("quantity", 12), ("unit", "MMT")]),
        ] {
            let arguments: Arguments = [
                ("plot", .text(plot)), ("kind", .text(kind)), ("performedAt", .unsigned(now())),
            ]
            try await record("T4.1", "Farmer", "recordOperation", arguments + extra, about: "plot:\(plot)", kind)
        }
    }

    /// What is said once of a farm: its brand, its certificate, where its cold-room probe hangs.
    private func furnish() async throws {
        try await record(
            "T4.1", "Farmer", "stateBrand",
            [
                ("gtin", .text(WorkRoutes.gtin)), ("brand", "Green Valley"),
                ("statement", "Grown in soil, picked ripe, packed within a day."),
            ], about: WorkRoutes.gtin, "brand Green Valley")
        try await record(
            "T4.3", "Accreditation body", "certify",
            [
                ("certificate", "GGN-4049929999999"), ("holder", "farm"), ("scheme", "GLOBALG.A.P. IFA v6"),
                ("scope", "Tomatoes"), ("from", .unsigned(now() - 1)), ("until", .unsigned(now() + Self.accreditation)),
            ], about: "farm", "certificate GLOBALG.A.P. IFA v6, two years", as: "accreditor")
        let probe = try FarmStage(stage: stage).configuration(interval: 5).devices.first { $0.kind == .coldRoomProbe }
        try await record(
            "T4.1", "Farmer", "placeDevice",
            [("device", .text(probe?.urn.text ?? "")), ("room", .text(Self.room)), ("since", .unsigned(now()))],
            about: "room:\(Self.room)", "the cold-room probe hangs in room \(Self.room)")
    }

    private static let room = "COLD-1"

    // MARK: Steps 1 and 2: devices report, the gateway sends the batch

    private func sense(_ farm: FarmSimulation) async throws {
        for device in farm.configuration.devices where device.kind != .boxScale {
            let sequence = try await farm.report(device.urn)
            if device.kind == .soilProbe {
                let proof = try await StageEvidence(stage).reading(of: device.urn.text, sequence: sequence)
                stage.report(
                    ScenarioStep(
                        step: "T4.1", producer: "Sensor node \(device.urn.text)", receiver: "IoT gateway",
                        exchanged: "signed SenML, message \(sequence): soil moisture, acidity, temperature",
                        transactionId: proof.batch.hex, blockHeight: proof.height, finalityMs: nil,
                        receiptVerified: proof.verified))
                stage.report(
                    ScenarioStep(
                        step: "T4.2", producer: "IoT gateway", receiver: "Platform",
                        exchanged: "batch of signed readings with their Merkle root", transactionId: proof.batch.hex,
                        blockHeight: proof.height, finalityMs: proof.milliseconds, receiptVerified: proof.verified))
            }
        }
    }

    private func weigh(_ farm: FarmSimulation, _ box: ProductCode) async throws {
        let sequence = try await farm.weigh(box: box.path, grams: 5040)
        let scale = farm.configuration.devices.first { $0.kind == .boxScale }?.urn.text ?? ""
        let proof = try await StageEvidence(stage).reading(of: scale, sequence: sequence)
        stage.report(
            ScenarioStep(
                step: "T4.1", producer: "Scale \(scale)", receiver: "IoT gateway",
                exchanged: "signed weight 5,040 g of \(box.path)",
                transactionId: proof.batch.hex, blockHeight: proof.height, finalityMs: proof.milliseconds,
                receiptVerified: proof.verified))
    }

    // MARK: Step 3

    private func report() async throws {
        try await record(
            "T4.3", "Accreditation body", "accredit",
            [
                ("agency", "agrilab"), ("number", "NAB-17025-0042"), ("scope", .texts(["Nitrate"])),
                ("from", .unsigned(now() - 1)), ("until", .unsigned(now() + Self.accreditation)),
            ], about: "agrilab", "accreditation for nitrate, two years", as: "accreditor")
        try await record(
            "T4.3", "Testing agency", "reportTest", testArguments(lot: lot, value: 11_800), about: "lot:\(lot)",
            "nitrate 118 mg/kg, limit 250 mg/kg: passed", as: "agrilab")
    }

    private func testArguments(lot: String, value: UInt64) -> Arguments {
        [
            ("report", .text("R-\(WorkRoutes.serial())")), ("lot", .text(lot)), ("sample", .text("S-\(lot)")),
            ("analyte", "Nitrate"),
            ("value", .unsigned(value)), ("limit", 25_000), ("decimals", 2), ("unit", "mg/kg"),
            ("method", "EN 12014-2"),
            ("document", .hash(Hash32.sha256(Bytes("report \(lot)".utf8)))),
        ]
    }

    /// Two years, ms.
    private static let accreditation: UInt64 = 2 * 365 * 86_400_000

    // MARK: Packing, and step 4

    private func pack(
        _ box: ProductCode, lot: String? = nil, expiry: String? = nil, utcOffset: Int64 = 0, units: UInt64 = 10
    ) async throws {
        let expiry = expiry ?? Self.yymmdd(daysAhead: 12)
        try await record(
            "T4.1", "Farmer", "commission",
            [
                ("code", .text(box.path)), ("lot", .text(lot ?? self.lot)), ("grams", 5040),
                ("units", .unsigned(units)), ("expiry", .text(expiry)), ("utcOffsetMinutes", Value(utcOffset)),
            ], about: box.path, "product code \(box.path)")
        try await record(
            "T4.1", "Tag reader", "affix", [("code", .text(box.path))], about: box.path,
            "second scan: the tag is on the box")
    }

    /// Boxes under one SSCC, from packing to the shop's back door.
    private struct Pallet {
        /// Extension digit, GS1 company prefix, serial reference and check digit (General Specifications §2.2.1).
        let sscc: String

        init(serial: UInt64) {
            let digits = "34012345" + String(String(serial).suffix(9))
            sscc = (0...9).map { digits + String($0) }.first(where: CheckDigit.isValid) ?? digits
        }
    }

    private func transport(_ boxes: [ProductCode], on pallet: Pallet? = nil) async throws {
        let leg = "LEG-\(WorkRoutes.serial())"
        let codes = Value.array(boxes.map { .text($0.path) })
        func load(_ name: String, _ words: String, as participant: String) async throws {
            guard let pallet else { return }
            try await record(
                "T4.4", "Tag reader", name, [("sscc", .text(pallet.sscc)), ("boxes", codes)],
                about: "sscc:\(pallet.sscc)",
                "\(words) \(pallet.sscc)", as: participant)
        }
        try await load("aggregate", "boxes on pallet", as: "farm")
        try await record(
            "T4.4", "Logistics provider", "dispatch",
            [
                ("leg", .text(leg)), ("from", "farm"), ("to", "corner-shop"), ("boxes", codes),
                ("maximumTemperature", 700), ("departedAt", .unsigned(now())),
            ], about: "leg:\(leg)", "hand-over, \(boxes.count) boxes, at most 7 °C", as: "coldline")
        try await record(
            "T4.4", "Logistics provider", "deliver",
            [("leg", .text(leg)), ("deliveredAt", .unsigned(now())), ("highestTemperature", 520), ("minutesOver", 0)],
            about: "leg:\(leg)", "delivery, highest 5.2 °C", as: "coldline")
        try await record(
            "T4.4", "Seller", "receive", [("leg", .text(leg)), ("boxes", codes)], about: "leg:\(leg)",
            "arrival, counted and signed", as: "corner-shop")
        try await load("disaggregate", "boxes off pallet", as: "corner-shop")
        for box in boxes {
            try await record(
                "T4.4", "Seller", "offer", [("code", .text(box.path))], about: box.path, "on the shelf",
                as: "corner-shop")
        }
    }

    // MARK: Steps 5 and 6

    private func tell(_ box: ProductCode) async throws {
        let path = box.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let start = ContinuousClock.now
        let bundle = try await stage.node.get("/api/v1/evidence/box?code=\(path)")
        let verdict = EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger)
        let parsed = try EvidenceBundle(decoding: bundle)
        let head = try BlockHeader(decoding: parsed.blocks.last?.header ?? [])
        stage.report(
            ScenarioStep(
                step: "T4.5", producer: "Platform", receiver: "HMI/APP",
                exchanged:
                    "\(parsed.records.count) records and \(parsed.readings.count) device readings with proofs, \(verdict.checks.count) checks",
                transactionId: nil, blockHeight: head.height, finalityMs: (ContinuousClock.now - start).milliseconds,
                receiptVerified: verdict.passed))
        let page = String(decoding: try await stage.node.get("/" + box.path), as: UTF8.self)
        let words = [
            "Campari F1 of Sunrise Seeds, germination 94.8 %", "Sown", "Harvested", "Test passed",
            "Taken over by the carrier", "On the shelf",
        ]
        let complete = words.allSatisfy { page.contains($0) }
        guard complete else { throw ScenarioError("the consumer's page of \(box.path) lacks a part of the box's way") }
        stage.report(
            ScenarioStep(
                step: "T4.6", producer: "HMI/APP", receiver: "Consumer",
                exchanged: "tracing page, seed to shelf, \(page.utf8.count / 1024) kB, at /\(box.path)",
                transactionId: nil,
                blockHeight: head.height, finalityMs: nil, receiptVerified: verdict.passed))
    }

    // MARK: The other states a shopper can meet

    private func otherStates() async throws {
        let sold = try code()
        try await pack(sold, units: 2)
        try await transport([sold])
        try await record(
            "T4.6", "Seller", "sell", [("code", .text(sold.path)), ("units", 2)], about: sold.path,
            "the last units: the code leaves the live state", as: "corner-shop")

        let recalledLot = "LOT-\(WorkRoutes.serial())"
        try await record(
            "T4.1", "Farmer", "harvest",
            [("lot", .text(recalledLot)), ("plot", .text(plot)), ("harvestedAt", .unsigned(now())), ("grams", 20_000)],
            about: "lot:\(recalledLot)", "harvest of 20 kg, lot \(recalledLot)")
        let recalled = try code(lot: recalledLot)
        try await pack(recalled, lot: recalledLot)
        try await record(
            "T4.3", "Testing agency", "recall",
            [("lot", .text(recalledLot)), ("reason", "Glass fragments were found in a box of this lot")],
            about: "lot:\(recalledLot)", "recall of lot \(recalledLot)", as: "agrilab")
        try await record(
            "T4.6", "Holder", "confirmRecall", [("lot", .text(recalledLot)), ("boxes", .texts([recalled.path]))],
            about: "lot:\(recalledLot)", "its boxes are set aside")
        // This lot was never tested: its page says so instead of leaving the step out.
        let page = String(decoding: try await stage.node.get("/" + recalled.path), as: UTF8.self)
        guard page.contains("Laboratory test is not recorded") else {
            throw ScenarioError("the page of \(recalled.path) does not name the missing test")
        }
    }

    /// A box whose day of expiry ends, in a time zone chosen for it, at a full minute that is near.
    private func packShortLived() async throws -> (code: ProductCode, end: Date) {
        let midnight = ComingMidnight(after: Date(), spare: 15)
        let code = try code()
        try await pack(code, expiry: midnight.day, utcOffset: midnight.utcOffset)
        return (code, midnight.end)
    }

    /// Waits for local midnight: the ledger marks the box by its own time, without anybody asking.
    private func expire(_ code: ProductCode, at end: Date) async throws {
        let key = "agri/boxes/\(code.path)".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let deadline = end.addingTimeInterval(60)
        while Date() < deadline {
            let state = try await stage.node.json("/api/v1/ledgers/\(stage.node.ledger.hex)/state?key=\(key)")
            if (state["decoded"] as? [String: Any])?["stage"] as? String == "expired" {
                stage.report(
                    ScenarioStep(
                        step: "T4.6", producer: "Smart contract", receiver: "Consumer",
                        exchanged: "\(code.path) expired by ledger time at local midnight", transactionId: nil,
                        blockHeight: nil, finalityMs: nil,
                        receiptVerified: try await verified(state, key: "agri/boxes/\(code.path)")))
                return
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw ScenarioError("\(code.path) did not expire at \(end)")
    }

    /// Verifies a state answer: header, quorum of signatures, path to the state root.
    private func verified(_ state: [String: Any], key: String) async throws -> Bool {
        func bytes(_ name: String) -> Bytes { (state[name] as? String).flatMap { Bytes(hex: $0) } ?? [] }
        let header = try BlockHeader(decoding: bytes("header"))
        let members = try await stage.node.members().members(at: header.height)
        let votes = try FinalityCertificate(decoding: bytes("certificate"))
            .validVotes(over: bytes("header"), in: members)
        let proof = try StateProof(cbor: try CBOR.decode(bytes("proof")))
        return votes >= members.quorum
            && proof.verify(key: Bytes(key.utf8), value: bytes("value"), root: header.stateRoot)
    }

    // MARK: What must be refused

    private func refuse(_ box: ProductCode) async throws {
        try await stage.refusal(
            "E1", "Farmer", "Platform",
            operation(
                "commission",
                [
                    ("code", .text(box.path)), ("lot", .text(lot)), ("grams", 1000), ("units", 1),
                    ("expiry", .text(Self.yymmdd(daysAhead: 5))), ("utcOffsetMinutes", 0),
                ]), as: "farm", about: box.path, "a product code for the second time", code: "agri-124")
    }

    // MARK: Beyond the table

    private func share(_ farm: FarmSimulation) async throws {
        try await SharingSteps(stage: stage).run {
            for device in farm.configuration.devices where device.kind == .coldRoomProbe {
                try await farm.report(device.urn)
            }
        }
    }

    // MARK: Records

    private func operation(_ name: String, _ arguments: Arguments) -> Ledger.Operation {
        Ledger.Operation(TracingContract.contractName, name, arguments)
    }

    /// Signs, submits, waits for FINAL, and verifies receipts and evidence from their bytes.
    private func record(
        _ step: String, _ producer: String, _ name: String, _ arguments: Arguments, about subject: String,
        _ exchanged: String, as participant: String = "farm"
    ) async throws {
        try await stage.step(
            step, producer, "Platform", operation(name, arguments), as: participant, about: subject, exchanged)
    }

    private func code(lot: String? = nil) throws -> ProductCode {
        try ProductCode(gtin: WorkRoutes.gtin, lot: lot ?? self.lot, serial: WorkRoutes.serial())
    }

    private func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    static func yymmdd(daysAhead days: Int) -> String {
        let date = Date().addingTimeInterval(Double(days) * 86_400)
        return date.formatted(.iso8601.year().month().day()).filter(\.isNumber).suffix(6).description
    }
}
