import AutomatedParkingContract
import AutomatedParkingGateway
import AutomatedParkingSimulator
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// The twelve steps of a stay, and exceptions 1, 3, 4 and 5, on running processes.
struct ParkingScenario: Sendable {
    let stage: Stage
    let field: ParkingStage

    init(stage: Stage) {
        self.stage = stage
        field = ParkingStage(stage: stage)
    }

    func run() async throws {
        try await field.prepare()
        let site = try ParkingSite(stage: field)
        do {
            try await site.connect()
            try await play(site)
        } catch {
            await site.close()
            throw error
        }
        await site.close()
    }

    private func play(_ site: ParkingSite) async throws {
        let key = try field.plateKey()
        try await register(key)
        let anna = try plate(of: "driver-7f3a")
        // The camera's clock says two hours and ten minutes ago; the car leaves now.
        let entered = Date(timeIntervalSinceNow: -7800)
        let arrival = try await passage(("2", "3"), "harbour-in", anna, site, at: entered, "arrive")
        let session = try await opened(anna, key, arrival.transaction)
        let departure = try await passage(("5", "6"), "harbour-out", anna, site, at: Date(), "depart")
        try await billed(session, departure.transaction)
        let payment = try await paid(session, "driver-7f3a")
        try await barrier(departure.sighting, lane: "harbour-out")
        try await receipt(session, payment)
        try await replay(departure.sighting, anna, key, site)
        try await ParkingExceptions(scenario: self, site: site, key: key).play(session)
    }

    func plate(of driver: String) throws -> PlateName {
        guard let plate = ParkingPlan.drivers.first(where: { $0.id == driver })?.plateName else {
            throw ScenarioError("\(driver) has no plate")
        }
        return plate
    }

    // MARK: Step 1

    private func register(_ key: Bytes) async throws {
        for driver in ParkingPlan.drivers {
            try await field.mandate(of: driver, for: "harbour")
            let plate = try plate(of: driver.id)
            let subject = "plate:\(plate.hash(key).hex)"
            guard try await stage.state("parking/plates/\(plate.hash(key).hex)") == nil else { continue }
            try await stage.step(
                "1", driver.name, "Platform", ParkingStage.registration(plate, key, lot: "harbour"), as: driver.id,
                about: subject, "plate as keyed hash, country, mandate, hash of the paper; signed by the wallet")
            try await stage.step(
                "1", "Vehicle Office", "Platform",
                Ledger.Operation(ParkingContract.contractName, "check", [("plate", .hash(plate.hash(key)))]),
                as: ParkingStage.registrar, about: subject, "the registration paper is \(driver.name)'s")
        }
        let anna = try plate(of: "driver-7f3a")
        try await stage.refusal(
            "1", "Driver 29C1", "Platform", ParkingStage.registration(anna, key, lot: "harbour"), as: "driver-29c1",
            about: "plate:\(anna.hash(key).hex)", "a plate that another account answers for", code: "parking-104")
        let forged: [(String, CBOR)] = [
            ("device", "urn:dev:ops:32473-platecamera-forged"), ("time", .unsigned(ParkingStage.now)),
            ("confidence", 990), ("image", .hash(Hash32.sha256([1]))), ("plate", .hash(anna.hash(key))),
            ("shape", .hash(anna.shape(key))), ("reads", 1),
        ]
        try await stage.refusal(
            "3", "Camera without a lane", "Platform",
            Ledger.Operation(ParkingContract.contractName, "arrive", forged), as: ParkingPlan.gateway,
            about: "urn:dev:ops:32473-platecamera-forged", "an arrival from no authorised device", code: "parking-100")
        // Gateways read the list of plates at intervals.
        try await Task.sleep(for: .seconds(2))
    }

    // MARK: Steps 2, 3, 5, 6

    struct Passed: Sendable {
        let sighting: PlateCamera.Sighting
        let transaction: Hash32
    }

    @discardableResult
    func passage(
        _ steps: (device: String, gateway: String), _ lane: String, _ plate: PlateName, _ site: ParkingSite,
        at date: Date, _ operation: String
    ) async throws -> Passed {
        let sighting = try await site.pass(lane, plate, at: date)
        let camera = ParkingPlan.lanes.first { $0.id == lane }?.camera ?? ""
        let proof = try await StageEvidence(stage).reading(of: camera, sequence: sighting.sequence)
        stage.report(
            ScenarioStep(
                step: steps.device, producer: "Camera \(lane)", receiver: "IoT gateway",
                exchanged:
                    "keyed hash, sure to \(Int(sighting.confidence * 100)) %, picture \(sighting.image.hex.prefix(12))",
                transactionId: proof.batch.hex, blockHeight: proof.height, finalityMs: proof.milliseconds,
                receiptVerified: proof.verified))
        let found = try await transaction(operation, mentioning: "image:\(sighting.image.hex)")
        try await report(
            steps.gateway, "IoT gateway", "Platform",
            "\(operation == "arrive" ? "arrival" : "departure"), reads of one passage merged", found)
        return Passed(sighting: sighting, transaction: found.id)
    }

    /// Waits for an accepted record of an operation, or for a refused one.
    func transaction(
        _ operation: String, mentioning name: String, isRefused: Bool = false
    ) async throws -> (id: Hash32, height: UInt64) {
        for _ in 0..<200 {
            let list = try await stage.node.json(
                "/api/v1/ledgers/\(stage.node.ledger.hex)/transactions?mentioning=\(name)&limit=100")
            for item in list["items"] as? [[String: Any]] ?? []
            where item["operation"] as? String == operation && (item["status"] as? String == "REJECTED") == isRefused {
                guard let id = (item["id"] as? String).flatMap({ Hash32(hex: $0) }),
                    let height = (item["height"] as? NSNumber)?.uint64Value
                else { continue }
                return (id, height)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioError("no \(operation) of \(name) within 20 s")
    }

    /// An old picture with a new time: the ledger has seen it.
    private func replay(
        _ sighting: PlateCamera.Sighting, _ plate: PlateName, _ key: Bytes, _ site: ParkingSite
    ) async throws {
        try await site.replay("hill-in", sighting, plate)
        let refused = try await transaction(
            "arrive", mentioning: "image:\(sighting.image.hex)", isRefused: true)
        guard try await present(plate, key) == nil else { throw ScenarioError("an old picture opened a session") }
        stage.report(
            ScenarioStep(
                step: "2", producer: "Camera hill-in", receiver: "IoT gateway",
                exchanged: "an old picture with a new time", transactionId: refused.id.hex,
                blockHeight: refused.height, finalityMs: nil, receiptVerified: true,
                refusal: "the picture was evidence before"))
    }

    func report(
        _ step: String, _ producer: String, _ receiver: String, _ exchanged: String,
        _ transaction: (id: Hash32, height: UInt64), milliseconds: Double? = nil
    ) async throws {
        let bundle = try await stage.node.get("/api/v1/transactions/\(transaction.id.hex)/evidence")
        stage.report(
            ScenarioStep(
                step: step, producer: producer, receiver: receiver, exchanged: exchanged,
                transactionId: transaction.id.hex, blockHeight: transaction.height, finalityMs: milliseconds,
                receiptVerified: EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger).passed))
    }

    // MARK: Steps 4, 7 to 12

    func session(of key: String) async throws -> ParkingSession {
        guard let value = try await stage.state("parking/sessions/\(key)") else {
            throw ScenarioError("there is no session \(key)")
        }
        return try ParkingSession(cbor: value)
    }

    func present(_ plate: PlateName, _ key: Bytes) async throws -> String? {
        try await stage.state("parking/present/\(plate.hash(key).hex)")?.text
    }

    private func opened(_ plate: PlateName, _ key: Bytes, _ transaction: Hash32) async throws -> String {
        guard let name = try await present(plate, key) else { throw ScenarioError("no session was opened") }
        let session = try await session(of: name)
        let height = try await transactionHeight(transaction)
        try await report(
            "4", "Platform", "Wallet and manager",
            "session \(name) of \(session.driver ?? "a visitor"), tariff version \(session.tariff) fixed",
            (transaction, height))
        return name
    }

    private func transactionHeight(_ id: Hash32) async throws -> UInt64 {
        (try await stage.node.json("/api/v1/transactions/\(id.hex)")["height"] as? NSNumber)?.uint64Value ?? 0
    }

    /// Step 7, computed again from the facts on the ledger.
    private func billed(_ name: String, _ transaction: Hash32) async throws {
        let session = try await session(of: name)
        let lot = String(name.prefix { $0 != "/" })
        guard let bill = session.bill, let exit = session.exit,
            let value = try await stage.state("parking/tariffs/\(lot)/\(session.tariff)")
        else { throw ScenarioError("no bill was made for \(name); it is \(session.stage.rawValue)") }
        let again = try Bill.compute(
            try PublishedTariff(cbor: value).tariff, entry: session.entry.time / 1000, exit: exit.time / 1000)
        guard again.total == bill.total else { throw ScenarioError("the bill computes to \(again.total)") }
        let lines = bill.lines.map { "\($0.label) \($0.count)×: \($0.amount)" }.joined(separator: "; ")
        let height = try await transactionHeight(transaction)
        try await report(
            "7", "Smart contract", "Platform",
            "\(lines); total \(bill.total) with tax \(bill.tax); computed again, the same",
            (transaction, height))
    }

    private func paid(_ name: String, _ driver: String) async throws -> (id: Hash32, height: UInt64) {
        let found = try await transaction("charge", mentioning: "session:\(name)")
        let session = try await session(of: name)
        guard session.stage == .paid else {
            throw ScenarioError("\(name) is \(session.stage.rawValue): \(session.reason ?? "")")
        }
        try await report("8", "Platform", "Wallet", "bill of \(session.paid), checked against the mandate", found)
        try await report(
            "9", "Wallet of \(driver)", "Platform", "\(session.paid) points under the signed mandate", found)
        try await report("10", "Members", "Ledger", "payment, plate reference, wallets, time: final by quorum", found)
        return found
    }

    private func barrier(_ sighting: PlateCamera.Sighting, lane: String) async throws {
        let found = try await transaction("barrier", mentioning: "image:\(sighting.image.hex)")
        guard let words = try await stage.state("parking/openings/\(sighting.image.hex)")?.text,
            let elapsed = words.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) })
        else { throw ScenarioError("the barrier of \(lane) was not told to open") }
        guard words.hasPrefix("done"), elapsed < 500 else {
            throw ScenarioError("the barrier answered \(words); the decision has to take less than 500 ms")
        }
        try await report("11", "IoT gateway", "Barrier \(lane)", "open, \(words)", found, milliseconds: elapsed)
    }

    private func receipt(_ name: String, _ payment: (id: Hash32, height: UInt64)) async throws {
        let bundle = try await stage.node.get("/api/v1/transactions/\(payment.id.hex)/evidence")
        let report = EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger)
        stage.report(
            ScenarioStep(
                step: "12", producer: "Platform", receiver: "Wallet and manager",
                exchanged: "receipt of \(name) with proof, \(bundle.count) octets", transactionId: payment.id.hex,
                blockHeight: payment.height, finalityMs: nil, receiptVerified: report.passed))
    }
}
