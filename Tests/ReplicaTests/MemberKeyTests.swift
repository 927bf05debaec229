import ContractKit
import Foundation
import Ledger
import LedgerStore
import Replica
import Testing

/// A member takes another key, and its node goes on with it.
@Suite struct MemberKeyTests {
    private let network: MembersApart
    private var consortium: TestConsortium { network.consortium }

    init() throws { network = try MembersApart() }

    private func rotation(of member: Int, to next: SigningKey) throws -> Statement {
        let old = network.folders.withLock { $0[member][0] }
        let proof = next.sign(MembershipContract.possession(of: "m\(member)", after: old.kid))
        return try network.statement(
            "rotateMember", [("key", .bytes(next.verifyingKey.coseKey)), ("proof", .bytes(proof))], of: member)
    }

    private func signers(_ node: LedgerNode, _ height: UInt64) async throws -> Set<Hash32> {
        Set(try FinalityCertificate(decoding: try await node.finalBlock(at: height).certificate).votes.map(\.kid))
    }

    @Test func itSignsWithTheNewKeyFromTheNextBlockOn() async throws {
        defer { consortium.remove() }
        let (old, next) = (network.keys[1], SigningKey.generate())
        network.folders.withLock { $0[1].append(next) }
        // One of four is away: the others are needed.
        let rotated = try await network.run([0, 1, 2]) { nodes in
            let outcome = try await consortium.send(rotation(of: 1, to: next), to: nodes[0])
            #expect(outcome.word == "FINAL")
            #expect(try await signers(nodes[0], outcome.height).contains(old.kid))
            for node in nodes { try await node.waitForFinal(outcome.height) }
            let paid = try consortium.issue(3, to: 1)
            let later = try await consortium.send(paid, to: nodes[1])
            #expect(later.word == "FINAL")
            let votes = try await signers(nodes[2], later.height)
            #expect(votes.contains(next.kid) && !votes.contains(old.kid))
            let bundle = try await nodes[2].evidence(for: [paid.id])
            #expect(bundle.changes.count == 1)
            #expect(EvidenceVerifier.verify(bundle.encoded(), expectedLedger: consortium.genesis.id).passed)
            let receipts = try await nodes[0].receipts(for: paid.id)
            #expect(receipts?.count == 3)
            // The old one is not kept once the change is final.
            while network.folders.withLock({ $0[1].count }) > 1 { try await Task.sleep(for: .milliseconds(10)) }
            return outcome.height
        }
        // The disk is lost, and the old key too: it takes the blocks of the others and signs with what it has.
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: consortium.path(1) + suffix)
        }
        try await network.run([0, 1, 3]) { nodes in
            try await nodes[1].waitForFinal(rotated)
            while try nodes[1].serving.store.voteStart() == nil { try await Task.sleep(for: .milliseconds(10)) }
            let start = try nodes[1].serving.store.voteStart()
            #expect(start.map { $0 > rotated + 1 } ?? false, "peers hold votes of both keys")
            let outcome = try await consortium.send(consortium.issue(3, to: 1), to: nodes[1])
            #expect(try await signers(nodes[0], outcome.height).contains(next.kid))
            for node in nodes { #expect(try node.contradictions().isEmpty) }
        }
        let audit = try LedgerStore(path: consortium.path(1)).audit(verifyingSignatures: true)
        #expect(audit?.members.current.members.first { $0.id == "m1" }?.key == next.verifyingKey)
    }

    @Test func aNodeWithoutTheNewKeyFollowsAndSaysSo() async throws {
        defer { consortium.remove() }
        let next = SigningKey.generate()
        try await network.run([0, 1, 2, 3]) { nodes in
            let outcome = try await consortium.send(rotation(of: 1, to: next), to: nodes[0])
            try await nodes[1].waitForFinal(outcome.height)
            #expect(nodes[1].trouble?.contains("key folder") == true)
            await #expect(throws: ReplicaError(.notMember, "")) {
                try await consortium.send(consortium.issue(1, to: 1), to: nodes[1])
            }
            let later = try await consortium.send(consortium.issue(1, to: 1), to: nodes[0])
            try await nodes[1].waitForFinal(later.height)
            network.folders.withLock { $0[1].append(next) }
            #expect(nodes[1].trouble == nil)
            let again = try await consortium.send(consortium.issue(1, to: 1), to: nodes[1])
            #expect(again.word == "FINAL")
        }
    }

    /// As a slot that a node signed with its last key, and that came behind the block that changed it.
    @Test func whatASlotHeldThatCountsForNothingIsOrderedAgain() async throws {
        defer { consortium.remove() }
        try await network.run([0, 1, 2, 3]) { nodes in
            let slot = await network.nextSlot()
            for place in slot..<slot + 3 { network.blank.withLock { _ = $0.insert(place) } }
            let statements = try (0..<5).map { try consortium.issue(UInt64($0 + 1), to: 1) }
            for statement in statements { try nodes[0].submit(try nodes[0].admit(statement.bytes)) }
            for statement in statements {
                let outcome = try #require(try await nodes[0].outcome(of: statement.id, within: 20_000))
                #expect(outcome.word == "FINAL")
            }
            #expect(await network.nextSlot() > slot + 3)
        }
    }
}
