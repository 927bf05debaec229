import FishFarmingContract
import FishFarmingSimulator
import Foundation
import Ledger
import UseCaseKit

/// Steps 1 to 6 of table 7: probe, gateway, aerator, platform and the farmer's phone.
struct PondSteps: Sendable {
    let scenario: FishScenario
    let water: PondSimulation

    private var stage: Stage { scenario.stage }
    /// How soon an aerator has to run after a low reading, s.
    private static let startsWithin = 2.0

    func run() async throws {
        let reporting = Task { try await water.run() }
        defer { reporting.cancel() }
        try await sense()
        try await aerate()
        try await feed()
        try await tell()
    }

    /// T7.1 and T7.2.
    private func sense() async throws {
        let sequence = try await water.report(.probe)
        let device = water.configuration.devices.first { $0.kind == .probe }?.urn.text ?? ""
        let proof = try await scenario.evidence.reading(of: device, sequence: sequence)
        stage.report(
            ScenarioStep(
                step: "T7.1", producer: "Sensor node \(device)", receiver: "IoT gateway",
                exchanged: "signed SenML, message \(sequence): oxygen, acidity, temperature, ammonia",
                transactionId: proof.batch.hex, blockHeight: proof.height, finalityMs: nil,
                receiptVerified: proof.verified))
        stage.report(
            ScenarioStep(
                step: "T7.2", producer: "IoT gateway", receiver: "Platform",
                exchanged: "sealed batch of signed readings with their Merkle root", transactionId: proof.batch.hex,
                blockHeight: proof.height, finalityMs: proof.milliseconds, receiptVerified: proof.verified))
    }

    /// T7.3 and T7.4: oxygen falls, the gateway starts the aerator by itself, and tells the whole story once it is
    /// over.
    private func aerate() async throws {
        // The gateway reads its ponds from the ledger once a second.
        try await Task.sleep(for: .seconds(2))
        let began = Date().timeIntervalSince1970
        await water.set(oxygen: 2.6, hour: 2)
        let start = ContinuousClock.now
        try await water.report(.probe)
        while await !water.isRunning {
            guard ContinuousClock.now - start < .seconds(20) else {
                throw ScenarioError("the aerator did not start within 20 s")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        let elapsed = (ContinuousClock.now - start).milliseconds
        let isInTime = elapsed <= Self.startsWithin * 1000
        stage.report(
            ScenarioStep(
                step: "T7.3", producer: "IoT gateway", receiver: "Oxygen controller",
                exchanged: "oxygen 2.6 mg/L: start; the aerator runs \(Int(elapsed)) ms after the reading",
                transactionId: nil, blockHeight: nil, finalityMs: elapsed, receiptVerified: isInTime))
        let found = try await scenario.evidence.transaction(mentioning: "pond:\(scenario.pond)", seconds: 90) {
            $0.operation.name == "reportIncident"
                && Double($0.operation.arguments[text: "endedAt"]?.unsigned ?? 0) / 1000 >= began
        }
        let id = try await incident(found.transaction)
        let record = try await scenario.state("incidents/\(scenario.pond)/\(id)")
        let isWhole = record["hasWorked"] as? Bool == true && !(record["recoveredAt"] is NSNull)
        stage.report(
            ScenarioStep(
                step: "T7.4", producer: "IoT gateway", receiver: "Platform",
                exchanged:
                    "one incident: \(record["cause"] ?? ""), command “\(record["command"] ?? "")”, answer, recovery and end",
                transactionId: found.transaction, blockHeight: found.height, finalityMs: nil,
                receiptVerified: found.isVerified && isWhole))
    }

    private func incident(_ transaction: String) async throws -> String {
        let bundle = try EvidenceBundle(
            decoding: try await stage.node.get("/api/v1/transactions/\(transaction)/evidence"))
        guard let record = bundle.records.first,
            let id = try Statement(decoding: record.statement).operation.arguments[text: "incident"]?.text
        else { throw ScenarioError("the record of the incident cannot be read") }
        return id
    }

    /// Feed by a feeder that counts: asked for by the farmer, told by the gateway.
    private func feed() async throws {
        // What counts is the gateway's last report, which comes every ten seconds.
        for _ in 0..<300 {
            let pond = try await scenario.state("ponds/\(scenario.pond)")
            if let oxygen = pond["oxygen"] as? NSNumber, oxygen.intValue >= 350 { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await scenario.record(
            "T7.6", "Farmer", "requestFeeding", [("pond", .text(scenario.pond)), ("grams", 1800)],
            about: "pond:\(scenario.pond)", "asks for 1.8 kg of feed; oxygen is high enough")
        guard let feeder = water.configuration.devices.first(where: { $0.kind == .feeder })?.urn.text else { return }
        try await scenario.record(
            "T7.6", "Farmer", "command",
            [
                ("id", .text("feed-\(scenario.run)")), ("device", .text(feeder)), ("name", "feed"),
                ("arguments", .bytes(Bytes(#"{"grams":1800}"#.utf8))), ("timeout", 20),
            ], about: feeder, to: "Feeder", contract: "devices", "command to the feeder")
        let found = try await scenario.evidence.transaction(mentioning: "batch:\(scenario.batch)") {
            $0.operation.name == "recordFeed"
        }
        stage.report(
            ScenarioStep(
                step: "T7.2", producer: "IoT gateway", receiver: "Platform",
                exchanged: "1,800 g of feed as the feeder counted it", transactionId: found.transaction,
                blockHeight: found.height, finalityMs: found.milliseconds, receiptVerified: found.isVerified))
    }

    /// T7.5 and T7.6.
    private func tell() async throws {
        let start = ContinuousClock.now
        let pond = try await stage.seen(by: FishStage.farmer).node.json("/api/v1/fish/ponds/\(scenario.pond)/now")
        guard let oxygen = pond["oxygen"] as? NSNumber, let suggestion = pond["suggestion"] as? String,
            let expected = pond["expected"] as? NSNumber, let band = pond["band"] as? NSNumber
        else { throw ScenarioError("the APP's view of pond \(scenario.pond) lacks oxygen, forecast or suggestion") }
        stage.report(
            ScenarioStep(
                step: "T7.5", producer: "Platform", receiver: "APP",
                exchanged: "oxygen \(oxygen) mg/L, dawn forecast \(expected) ± \(band) mg/L, aerator",
                transactionId: nil, blockHeight: nil, finalityMs: (ContinuousClock.now - start).milliseconds,
                // The pond's record, from which the view follows, has its proof.
                receiptVerified: try await scenario.evidence.state("fish/ponds/\(scenario.pond)").isProven))
        try await scenario.record(
            "T7.6", "APP", "choose",
            [
                ("pond", .text(scenario.pond)), ("id", .text("c-\(scenario.run)")), ("suggestion", .text(suggestion)),
                ("expected", .unsigned(UInt64((expected.doubleValue * 100).rounded()))),
                ("band", .unsigned(UInt64((band.doubleValue * 100).rounded()))), ("choice", "as suggested"),
            ], about: "pond:\(scenario.pond)", to: "Farmer", "suggestion and the farmer's choice: \(suggestion)")
    }
}
