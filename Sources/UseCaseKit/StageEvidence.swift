import Foundation
import Ledger
import NodeClient

/// Verifies what a node hands out, from the bytes alone and with code that the node's engine does not use.
public struct StageEvidence: Sendable {
    private let stage: Stage

    public init(_ stage: Stage) {
        self.stage = stage
    }

    /// The receipts of all members in the transparent statement, and the evidence bundle with its quorum of signatures.
    public func verify(_ statement: Statement) async throws -> Bool {
        let transparent = try await stage.node.get("/entries/\(statement.id.hex)")
        guard case .tagged(18, .array(let parts)) = try CBOR.decode(transparent, limits: .large),
            let receipts = parts[1].map?[394]?.array?.compactMap(\.bytes)
        else { return false }
        let members = try await stage.node.members().current
        for receipt in receipts {
            guard
                members.members.contains(where: {
                    (try? Receipt.verify(receipt, for: statement.bytes, with: $0.key)) != nil
                })
            else { return false }
        }
        guard receipts.count >= members.quorum else { return false }
        return try await verify(transaction: statement.id.hex)
    }

    /// The evidence bundle of a transaction.
    public func verify(transaction id: String) async throws -> Bool {
        let bundle = try await stage.node.get("/api/v1/transactions/\(id)/evidence")
        return EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger).passed
    }

    public struct Found: Sendable {
        public let transaction: String
        public let height: UInt64
        public let milliseconds: Double
        public let isVerified: Bool
    }

    /// Waits for a transaction that mentions a name and that `isWanted`, and verifies it.
    public func transaction(
        mentioning name: String, seconds: Double = 30, _ isWanted: @Sendable (Statement) -> Bool
    ) async throws -> Found {
        let start = ContinuousClock.now
        var seen: Set<String> = []
        let asked = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        while ContinuousClock.now - start < .seconds(seconds) {
            let list = try await stage.node.json(
                "/api/v1/ledgers/\(stage.node.ledger.hex)/transactions?mentioning=\(asked)&limit=500")
            for item in (list["items"] as? [[String: Any]] ?? []).reversed() {
                guard let id = item["id"] as? String, seen.insert(id).inserted else { continue }
                let bundle = try await stage.node.get("/api/v1/transactions/\(id)/evidence")
                guard let record = try EvidenceBundle(decoding: bundle).records.first,
                    isWanted(try Statement(decoding: record.statement))
                else { continue }
                let height = (item["height"] as? NSNumber)?.uint64Value ?? 0
                return Found(
                    transaction: id, height: height, milliseconds: (ContinuousClock.now - start).milliseconds,
                    isVerified: EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger).passed)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioError("no record about \(name) came within \(Int(seconds)) s")
    }

    /// A state key with its proof: the decoded value, or that nothing lies there, by a header that a quorum signed.
    public func state(_ key: String) async throws -> (value: [String: Any]?, height: UInt64, isProven: Bool) {
        let path = key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await stage.node.json("/api/v1/ledgers/\(stage.node.ledger.hex)/state?key=\(path)")
        func bytes(_ name: String) -> Bytes { (answer[name] as? String).flatMap { Bytes(hex: $0) } ?? [] }
        let header = try BlockHeader(decoding: bytes("header"))
        let members = try await stage.node.members().members(at: header.height)
        let votes = try FinalityCertificate(decoding: bytes("certificate")).validVotes(
            over: bytes("header"), in: members)
        let proof = try StateProof(cbor: try CBOR.decode(bytes("proof")))
        let value = answer["value"] is String ? bytes("value") : nil
        let isProven =
            votes >= members.quorum && proof.verify(key: Bytes(key.utf8), value: value, root: header.stateRoot)
        return (answer["decoded"] as? [String: Any], header.height, isProven)
    }

    public struct ReadingProof: Sendable {
        public let batch: Hash32
        public let height: UInt64
        public let milliseconds: Double
        public let verified: Bool
    }

    /// Waits until a device's message is on the ledger, and verifies it down to the device's signature. Its owner reads it: for everybody
    /// else it may be sealed.
    public func reading(of device: String, sequence: UInt64) async throws -> ReadingProof {
        let start = ContinuousClock.now
        let node = try stage.seen(by: try await stage.knownDevices()[device] ?? "").node
        let path = device.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        for _ in 0..<300 {
            let found = try await node.json("/api/v1/readings?device=\(path)&sequence=\(sequence)")
            if let items = found["items"] as? [[String: Any]], let item = items.first,
                let batch = (item["batch"] as? String).flatMap({ Hash32(hex: $0) }),
                let position = item["position"] as? Int, let height = (item["height"] as? NSNumber)?.uint64Value
            {
                let elapsed = (ContinuousClock.now - start).milliseconds
                let bundle = try await node.get("/api/v1/transactions/\(batch.hex)/evidence?reading=\(position)")
                let report = EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger)
                let parsed = try EvidenceBundle(decoding: bundle)
                let reading = try parsed.readings.first.map { try Reading(decoding: $0.reading) }
                let right = reading?.device == device && reading?.sequence == sequence
                return ReadingProof(
                    batch: batch, height: height, milliseconds: elapsed, verified: report.passed && right)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioError("message \(sequence) of \(device) did not reach the ledger within 30 s")
    }
}
