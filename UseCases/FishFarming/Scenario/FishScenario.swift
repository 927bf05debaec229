import ContractKit
import FishFarmingContract
import FishFarmingSimulator
import Foundation
import Ledger
import UseCaseKit

/// Table 7 of ISO/IEC TR 30176:2021, step by step against a running node: from a pond's probe to a bank's answer.
///
/// It runs on a node any number of times: each run has its own batch, orders, models and applications. Besides the
/// table it shows the payout of a cover by its index and three refusals, among them a loan against withdrawn consent.
struct FishScenario: Sendable {
    let stage: Stage
    let fish: FishStage
    let evidence: StageEvidence
    let run: String

    init(stage: Stage) {
        self.stage = stage
        fish = FishStage(stage: stage)
        evidence = StageEvidence(stage)
        run = String(UInt32.random(in: 0 ... .max), radix: 36)
    }

    typealias Arguments = [(String, CBOR)]
    var farmer: String { FishStage.farmer }
    var pond: String { FishStage.pond }
    var batch: String { "B-\(run)" }

    func run() async throws {
        for (words, performed) in try await fish.prepare() {
            try await stage.show("T7.0", "Farmer", "Platform", words, performed)
        }
        let water = try PondSimulation(try fish.configuration(interval: 0.5, acceleration: 900))
        try await water.connect()
        do {
            try await grow()
            try await PondSteps(scenario: self, water: water).run()
            try await FinanceSteps(scenario: self).run()
        } catch {
            await water.close()
            throw error
        }
        await water.close()
    }

    /// Fish, feed, medicine: with those who stand for them.
    private func grow() async throws {
        try await record(
            "T7.0", "Farmer", "stock",
            [
                ("batch", .text(batch)), ("pond", .text(pond)), ("species", "Nile tilapia"),
                ("supplier", "delta-feeds"),
                ("count", 12_000), ("certificate", .hash(Hash32.sha256(Bytes("health \(run)".utf8)))),
            ], about: "batch:\(batch)", "12,000 fry of Nile tilapia with their health certificate")
        try await record(
            "T7.0", "Fry supplier", "confirmFry", [("batch", .text(batch))], as: "delta-feeds", about: "batch:\(batch)",
            "confirms the fry")
        try await record(
            "T7.0", "Veterinarian", "recordMedicine",
            [("batch", .text(batch)), ("product", "Sea salt bath"), ("dose", "5 g/L"), ("withdrawalDays", 0)],
            as: "pond-vet", about: "batch:\(batch)", "medicine with its withdrawal period")
        try await record(
            "T7.0", "Farmer", "recordMortality", [("batch", .text(batch)), ("count", 240), ("cause", "transport")],
            about: "batch:\(batch)", "240 fish died after transport")
        try await record(
            "T7.0", "Farmer", "weigh", [("batch", .text(batch)), ("meanGrams", 85)], about: "batch:\(batch)",
            "mean weight 85 g")
    }

    // MARK: Records

    /// Performs, verifies receipts and evidence from their bytes, and reports.
    @discardableResult
    func record(
        _ step: String, _ producer: String, _ operation: String, _ arguments: Arguments,
        as participant: String = FishStage.farmer, about subject: String, to receiver: String = "Platform",
        contract: String = FishFarmingContract.contractName, _ exchanged: String
    ) async throws -> Stage.Performed {
        let performed = try await fish.must(
            operation, arguments, as: participant, about: subject, contract: contract)
        try await stage.show(step, producer, receiver, exchanged, performed)
        return performed
    }

    /// Performs what must be refused, with a certain code.
    func refused(
        _ step: String, _ producer: String, _ receiver: String, _ operation: String, _ arguments: Arguments,
        as participant: String = FishStage.farmer, about subject: String, code: String, _ exchanged: String
    ) async throws {
        try await stage.refusal(
            step, producer, receiver, Ledger.Operation(FishFarmingContract.contractName, operation, arguments),
            as: participant, about: subject, exchanged, code: code)
    }

    /// A value of the contract's state, verified against the quorum's state root.
    func state(_ key: String) async throws -> [String: Any] {
        let found = try await evidence.state("fish/\(key)")
        guard let value = found.value else { throw ScenarioError("there is no fish/\(key)") }
        guard found.isProven else { throw ScenarioError("the proof of fish/\(key) does not verify") }
        return value
    }

    func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }
}
