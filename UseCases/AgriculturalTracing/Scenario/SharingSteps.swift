import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// Beyond the report's table: the farm shares its cold room with the shop, and nothing else.
///
/// The streams on the consumer's page and the scale are published; the others are sealed. The shop asks for cold room and
/// light, gets the cold room, opens a batch with its key, and is refused the light.
struct SharingSteps: Sendable {
    let stage: Stage

    private static let owner = FarmStage.owner
    private static let reader = "corner-shop"
    private static let coldRoom = "farm.coldroom"
    private static let light = "farm.light"
    /// How long the shop may read, ms.
    private static let term: UInt64 = 90 * 86_400_000

    /// - Parameter report: lets the cold-room probe measure.
    func run(report: () async throws -> Void) async throws {
        let (request, grant) = (WorkRoutes.serial(), WorkRoutes.serial())
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        func terms(_ streams: [String]) -> [(String, Value)] {
            [
                ("streams", .array(streams.map { .text($0) })),
                ("purpose", "Check that the cold chain holds before goods are put on the shelf"),
                ("from", .unsigned(now - Self.term)), ("to", .null), ("until", .unsigned(now + Self.term)),
            ]
        }
        try await stage.show(
            "E2", "Seller", "Farmer", "request to read cold room and light for 90 days",
            stage.require(
                "request",
                [("id", .text(request)), ("owner", .text(Self.owner))] + terms([Self.coldRoom, Self.light]),
                as: Self.reader, about: request))
        try await stage.show(
            "E3", "Farmer", "Seller", "grant for the cold room alone; the light stays sealed",
            stage.require(
                "grant",
                [("id", .text(grant)), ("reader", .text(Self.reader)), ("request", .text(request))]
                    + terms([Self.coldRoom]), as: Self.owner, about: grant))
        try await report()
        try await open(grant)
        try await refuse(grant)
    }

    private func open(_ grant: String) async throws {
        let start = ContinuousClock.now
        var found: (key: EpochKey, batch: Statement)?
        for _ in 0..<100 where found == nil {
            let answer = try await stage.fetchKeys(grant: grant, as: Self.reader)
            if let key = answer.keys.last { found = try await batch(under: key).map { (key, $0) } }
            if found == nil { try await Task.sleep(for: .milliseconds(200)) }
        }
        guard let (key, batch) = found, let sealed = batch.sealedBatch else {
            throw ScenarioError("no batch of the cold room can be opened under the grant \(grant)")
        }
        // Opening compares every reading with the root that the gateway signed.
        let readings = try key.open(sealed.body, of: sealed.batch)
        let evidence = try await StageEvidence(stage).verify(batch)
        stage.report(
            ScenarioStep(
                step: "E4", producer: "Farmer's key service", receiver: "Seller",
                exchanged:
                    "key of epoch \(key.epoch.number), wrapped; a batch of \(readings.count) readings opens with it",
                transactionId: batch.id.hex, blockHeight: nil,
                finalityMs: (ContinuousClock.now - start).milliseconds, receiptVerified: evidence && !readings.isEmpty))
    }

    /// A batch on the ledger that a key opens.
    private func batch(under key: EpochKey) async throws -> Statement? {
        let list = try await stage.node.json(
            "/api/v1/ledgers/\(stage.node.ledger.hex)/transactions?mentioning=\(key.epoch.stream)&limit=500")
        for item in (list["items"] as? [[String: Any]] ?? []).reversed() where item["operation"] as? String == "batch" {
            guard let id = item["id"] as? String else { continue }
            let bundle = try EvidenceBundle(
                decoding: try await stage.node.get("/api/v1/transactions/\(id)/evidence"))
            guard let record = bundle.records.first else { continue }
            let statement = try Statement(decoding: record.statement)
            if statement.sealedBatch?.epoch == key.epoch { return statement }
        }
        return nil
    }

    private func refuse(_ grant: String) async throws {
        let range = EpochRange(gateway: FarmStage.gateway, stream: Self.light, first: 1, last: 1)
        let answer = try await stage.fetchKeys(grant: grant, as: Self.reader, epochs: [range])
        guard let refusal = answer.refusal, refusal.code == "not-granted" else {
            throw ScenarioError("a grant for the cold room opened the light")
        }
        stage.report(
            ScenarioStep(
                step: "E5", producer: "Seller", receiver: "Farmer's key service",
                exchanged: "the light, under the grant for the cold room", transactionId: nil, blockHeight: nil,
                finalityMs: nil, receiptVerified: true, refusal: refusal.detail))
    }
}
