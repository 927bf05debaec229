import ContractKit
import Foundation
import Ledger
import LedgerStore
import Replica
import Sequencing
import Testing

/// Members whose nodes run apart: they agree, they catch up, and none has to trust another.
@Suite struct MembersApartTests {
    private let network: MembersApart
    private var consortium: TestConsortium { network.consortium }

    init() throws { network = try MembersApart() }

    private func heads(_ nodes: [LedgerNode]) -> Set<Hash32> { Set(nodes.map { $0.serving.head.hash }) }

    @Test func whatOneNodeTakesIsFinalOnAll() async throws {
        defer { consortium.remove() }
        try await network.run([0, 1, 2, 3]) { nodes in
            var last: UInt64 = 0
            for (index, node) in nodes.enumerated() {
                let outcome = try await consortium.send(try consortium.issue(10, to: index), to: node)
                #expect(outcome.word == "FINAL")
                last = max(last, outcome.height)
            }
            for node in nodes { try await node.waitForFinal(last) }
            let roots = try await Set(nodes.asyncMap { try await $0.finalBlock(at: last).header.stateRoot })
            #expect(roots.count == 1)
        }
    }

    @Test func aQuorumGoesOnAndTheOneThatReturnsCatchesUp() async throws {
        defer { consortium.remove() }
        _ = try await network.run([0, 1, 2, 3]) { nodes in
            try await consortium.send(consortium.issue(5, to: 1), to: nodes[0])
        }
        let height = try await network.run([0, 1, 2]) { nodes in
            for _ in 0..<5 { try await consortium.send(consortium.issue(5, to: 1), to: nodes[1]) }
            return nodes[0].finalHeight
        }
        try await network.run([0, 1, 2, 3]) { nodes in
            for node in nodes { try await node.waitForFinal(height) }
            let headers = try await Set(nodes.asyncMap { try await $0.finalBlock(at: height).block.headerBytes })
            #expect(headers.count == 1)
        }
    }

    @Test func aLostDiskIsFilledFromPeersAndSignsNothingTwice() async throws {
        defer { consortium.remove() }
        let height = try await network.run([0, 1, 2, 3]) { nodes in
            for _ in 0..<6 { try await consortium.send(consortium.issue(1, to: 2), to: nodes[3]) }
            return nodes[0].finalHeight
        }
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: consortium.path(3) + suffix)
        }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            // It asks its peers once it has their blocks.
            while try nodes[3].serving.store.voteStart() == nil { try await Task.sleep(for: .milliseconds(10)) }
            let start = try nodes[3].serving.store.voteStart()
            #expect(start.map { $0 > height } ?? false, "peers hold a vote of its own for \(height)")
            let outcome = try await consortium.send(consortium.issue(1, to: 2), to: nodes[3])
            #expect(outcome.height > height)
            for node in nodes { #expect(try node.contradictions().isEmpty) }
        }
        let audit = try LedgerStore(path: consortium.path(3)).audit(verifyingSignatures: true)
        #expect(audit?.head.height ?? 0 > height)
    }

    /// A node that takes blocks turns to another peer when one sends statements that do not belong to the header, and keeps what it sent.
    @Test func aPeerThatSendsOtherStatementsIsPutAside() async throws {
        defer { consortium.remove() }
        let height = try await network.run([0, 1, 2]) { nodes in
            for _ in 0..<4 { try await consortium.send(consortium.issue(5, to: 1), to: nodes[1]) }
            return nodes[1].finalHeight
        }
        network.liar.withLock { $0 = 0 }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            let outcome = try await consortium.send(consortium.issue(5, to: 1), to: nodes[3])
            #expect(outcome.height > height)
            for found in try nodes[3].misleadingBlocks() {
                #expect(found.member == "m0")
                let block = try CertifiedBlock(cbor: CBOR.decode(found.block, limits: .large))
                #expect(block.statements.isEmpty && block.isSigned(by: consortium.memberKeys[0].verifyingKey))
            }
            #expect(try nodes[3].misleadingBlocks().count == 1)
        }
    }

    /// The members admit a fifth, which takes part from the next block on; then they put another one out.
    @Test func membersChangeByVotes() async throws {
        defer { consortium.remove() }
        func admit(_ nodes: [LedgerNode]) async throws -> UInt64 {
            let proposal = try network.statement(
                "proposeMember",
                [
                    ("id", "m4"), ("name", "Member 4"), ("key", .bytes(network.keys[4].verifyingKey.coseKey)),
                    ("address", .null),
                ], of: 0)
            #expect(try await consortium.send(proposal, to: nodes[0]).word == "FINAL")
            return try await vote(proposal.id, by: [1, 2], nodes)
        }
        func vote(_ proposal: Hash32, by voters: [Int], _ nodes: [LedgerNode]) async throws -> UInt64 {
            var height: UInt64 = 0
            for voter in voters {
                let ballot = try network.statement(
                    "voteOnMember", [("proposal", .hash(proposal)), ("approve", true)], of: voter)
                let outcome = try await consortium.send(ballot, to: nodes[0])
                #expect(outcome.word == "FINAL")
                height = outcome.height
            }
            return height
        }
        let admitted = try await network.run([0, 1, 2, 3]) { nodes in
            let height = try await admit(nodes)
            #expect(nodes[0].members.current.count == 5 && nodes[0].members.members(at: height).count == 4)
            return height
        }
        // One of the four stays away: without the fifth there is no quorum.
        let removed = try await network.run([0, 1, 2, 4]) { nodes in
            try await nodes[3].waitForFinal(admitted)
            let outcome = try await consortium.send(consortium.issue(3, to: 1), to: nodes[3])
            #expect(outcome.word == "FINAL" && outcome.height > admitted)
            let final = try await nodes[0].finalBlock(at: outcome.height)
            let votes = try FinalityCertificate(decoding: final.certificate).votes
            #expect(votes.count == 4 && votes.contains { $0.kid == network.keys[4].kid })
            let paid = try consortium.issue(4, to: 1)
            try await consortium.send(paid, to: nodes[3])
            let bundle = try await nodes[3].evidence(for: [paid.id])
            #expect(bundle.changes.count == 1)
            #expect(EvidenceVerifier.verify(bundle.encoded(), expectedLedger: consortium.genesis.id).passed)
            var without = bundle
            without.changes = []
            #expect(!EvidenceVerifier.verify(without.encoded(), expectedLedger: consortium.genesis.id).passed)
            let removal = try network.statement("proposeRemoval", [("id", "m3")], of: 1)
            try await consortium.send(removal, to: nodes[1])
            return try await vote(removal.id, by: [0, 2, 4], nodes)
        }
        // Who is out follows, signs nothing, and is not asked; the fifth has lost its disk and comes back.
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: consortium.path(4) + suffix)
        }
        try await network.run([0, 1, 3, 4]) { nodes in
            try await nodes[3].waitForFinal(removed)
            let outcome = try await consortium.send(consortium.issue(3, to: 1), to: nodes[3])
            #expect(outcome.height > removed)
            try await nodes[2].waitForFinal(outcome.height)
            let final = try await nodes[2].finalBlock(at: outcome.height)
            let votes = try FinalityCertificate(decoding: final.certificate).votes
            #expect(votes.count == 3 && !votes.contains { $0.kid == network.keys[3].kid })
            await #expect(throws: ReplicaError(.notMember, "")) {
                try await consortium.send(consortium.issue(3, to: 1), to: nodes[2])
            }
        }
        for member in [3, 4] {
            let audit = try LedgerStore(path: consortium.path(member)).audit(verifyingSignatures: true)
            #expect(audit?.members.current.members.map(\.id) == ["m0", "m1", "m2", "m4"])
        }
    }

    /// A statement that nobody verified on its way is refused by all alike.
    @Test func aForgedStatementInTheOrderIsRejected() async throws {
        defer { consortium.remove() }
        try await network.run([0, 1, 2, 3]) { nodes in
            let genuine = try consortium.issue(7, to: 1)
            var bytes = genuine.bytes
            bytes[bytes.count - 1] ^= 1
            let forged = try Statement(decoding: bytes)
            try await network.order([forged], by: 2)
            try await network.order([try consortium.issue(1, to: 1)], by: 2)
            try await nodes[0].waitForFinal(2)
            let block = try await nodes[0].finalBlock(at: 1)
            #expect(block.block.items.first?.result.rejection?.code == 6)
            #expect(block.block.items.first?.result.rejection?.contract == "ledger")
        }
    }

    /// A member that signs two headers of one height is shown, and its second signature counts for nothing.
    @Test func twoSignaturesAtOneHeightAreEvidence() async throws {
        defer { consortium.remove() }
        try await network.run([0, 1, 2, 3]) { nodes in
            let outcome = try await consortium.send(consortium.issue(7, to: 1), to: nodes[0])
            try await nodes[1].waitForFinal(outcome.height)
            let final = try await nodes[1].finalBlock(at: outcome.height)
            let certificate = try FinalityCertificate(decoding: final.certificate)
            let liar = try #require(
                (0..<4).first { index in
                    index != 1 && certificate.votes.contains { $0.kid == consortium.memberKeys[index].kid }
                })
            var other = final.header
            other.stateRoot = Hash32.sha256(Bytes("another".utf8))
            let second = other.encoded()
            nodes[1].take([SignedHeader(header: second, vote: Vote.sign(second, with: consortium.memberKeys[liar]))])
            while try nodes[1].contradictions().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            let found = try #require(try nodes[1].contradictions().first)
            #expect(found.member == "m\(liar)" && found.height == outcome.height)
            for vote in [found.first, found.second] {
                let vouched = Vote(kid: consortium.memberKeys[liar].kid, signature: vote.signature)
                #expect(vouched.isValid(over: vote.header, with: consortium.memberKeys[liar].verifyingKey))
            }
            #expect(found.first.header != found.second.header)
            let next = try await consortium.send(consortium.issue(7, to: 1), to: nodes[1])
            #expect(next.word == "FINAL")
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var found: [T] = []
        for element in self { found.append(try await transform(element)) }
        return found
    }
}
