import ContractKit
import Foundation
import Ledger
import LedgerStore
import Replica
import TestSupport
import Testing

@Suite(.serialized)
struct EmbeddedConsortiumTests {
    @Test func finalRejectedExpiredRepeated() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        try await consortium.run { node in
            let issued = try await consortium.send(try consortium.issue(100, to: 1), to: node)
            #expect(issued.word == "FINAL" && issued.leafIndex != nil)

            let transfer = try consortium.transfer(30, from: 1, to: 2)
            let first = try await consortium.send(transfer, to: node)
            #expect(first.word == "FINAL")
            // The same statement again is answered with the first result and moves nothing.
            let again = try await consortium.send(transfer, to: node)
            #expect(again.height == first.height && again.position == first.position)

            let short = try await consortium.send(try consortium.transfer(71, from: 1, to: 2), to: node)
            #expect(short.word == "REJECTED" && short.leafIndex == nil && short.result.rejection?.code == 100)
            let forbidden = try await consortium.send(
                try consortium.statement(
                    Operation("wallet", "issue", [("to", "person1"), ("amount", 5), ("currency", "EUR")]), from: 1),
                to: node)
            #expect(forbidden.result.rejection?.code == 5)

            let late = try consortium.statement(
                Operation("wallet", "transfer", [("to", "person2"), ("amount", 1), ("currency", "EUR")]), from: 1)
            let expired = try Statement.sign(
                late.operation, issuer: "person1", subject: "s", validUntil: 1_700_000_100,
                nonce: late.nonce, ledger: consortium.genesis.id, with: consortium.people[1].key)
            #expect(try await consortium.send(expired, to: node).word == "EXPIRED")

            #expect(try node.violations() == [])
            for replica in node.replicas { #expect(replica.head.stateRoot == node.serving.head.stateRoot) }
        }
    }

    @Test func refusedAtTheDoor() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let other = try TestConsortium(name: "other")
        defer { other.remove() }
        try await consortium.run { node in
            let good = try consortium.transfer(1, from: 1, to: 2)
            var forged = good.bytes
            forged[forged.count - 1] ^= 1
            #expect(throws: ReplicaError(.signature, "")) { try node.admit(forged) }
            #expect(throws: ReplicaError(.otherLedger, "")) {
                try node.admit(try other.transfer(1, from: 1, to: 2).bytes)
            }
            let unknown = try Statement.sign(
                good.operation, issuer: "person1", subject: "s", validUntil: good.validUntil, nonce: good.nonce,
                ledger: consortium.genesis.id, with: SigningKey.generate())
            #expect(throws: ReplicaError(.unknownKey, "")) { try node.admit(unknown.bytes) }
            // Another's key, also one that the node has met before.
            try await consortium.send(try consortium.transfer(1, from: 2, to: 1), to: node)
            let borrowed = try Statement.sign(
                good.operation, issuer: "person1", subject: "s", validUntil: good.validUntil, nonce: good.nonce,
                ledger: consortium.genesis.id, with: consortium.people[2].key)
            #expect(throws: ReplicaError(.unknownKey, "")) { try node.admit(borrowed.bytes) }
            let eternal = try consortium.statement(good.operation, from: 1, validFor: 400 * 24 * 3600)
            #expect(throws: ReplicaError(.validity, "")) { try node.admit(eternal.bytes) }
        }
    }

    /// Random batches: replicas stay equal, money is conserved, and a restart finds the same roots and catches up a replica that lost its file.
    @Test func replicasAgreeAndReopen() async throws {
        var random = SeededGenerator.fresh()
        let consortium = try TestConsortium(people: 12)
        defer { consortium.remove() }
        let root = try await consortium.run { node in
            for person in 1..<12 { try await consortium.send(try consortium.issue(1000, to: person), to: node) }
            var statements: [Statement] = []
            for _ in 0..<600 {
                statements.append(
                    try consortium.transfer(
                        UInt64.random(in: 1...400, using: &random), from: Int.random(in: 1..<12, using: &random),
                        to: Int.random(in: 1..<12, using: &random)))
            }
            for statement in statements { try node.submit(try node.admit(statement.bytes)) }
            var accepted = 0
            for statement in statements {
                let outcome = try #require(try await node.outcome(of: statement.id, within: 20_000))
                if outcome.leafIndex != nil { accepted += 1 }
                // A proof of each accepted one reaches the log root of its block.
                #expect((try node.record(of: statement.id) != nil) == (outcome.leafIndex != nil))
            }
            #expect(accepted > 0)
            #expect(try node.violations() == [])
            for replica in node.replicas { #expect(replica.head == node.serving.head) }
            return node.serving.head.stateRoot
        }
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: consortium.path(0) + suffix) }
        try await consortium.run { node in
            #expect(node.replicas.count == 4 && node.damaged.isEmpty)
            for replica in node.replicas { #expect(replica.head.stateRoot == root) }
            // The member that answers lost its file, certificates included: old evidence is whole all the same.
            let old = try #require(try node.serving.store.block(at: 1)).items[0].result.transaction
            let bundle = try await node.evidence(for: [old]).encoded()
            #expect(EvidenceVerifier.verify(bundle, expectedLedger: consortium.genesis.id).passed)
            let outcome = try await consortium.send(try consortium.issue(1, to: 1), to: node)
            #expect(outcome.word == "FINAL")
        }
    }

    /// Evidence verifies from its bytes alone; one altered byte anywhere does not.
    @Test func evidence() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let bytes = try await consortium.run { node in
            let issue = try consortium.issue(100, to: 1)
            try await consortium.send(issue, to: node)
            let transfer = try consortium.transfer(30, from: 1, to: 2)
            try await consortium.send(transfer, to: node)
            return try await node.evidence(for: [issue.id, transfer.id]).encoded()
        }
        let report = EvidenceVerifier.verify(bytes, expectedLedger: consortium.genesis.id)
        #expect(report.passed, "\(report.checks.filter { !$0.passed })")
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1 << UInt8(index % 8)
            let passed = EvidenceVerifier.verify(altered, expectedLedger: consortium.genesis.id).passed
            #expect(
                !passed,
                "byte \(index) of \(bytes.count): \(bytes[max(0, index - 40)...min(index + 12, bytes.count - 1)].hex)")
        }
    }
}
