import Ledger
import Replica
import Testing

/// CHAT-29: signatures of later members over older blocks.
@Suite struct RenewalTests {
    /// A renewed bundle verifies by the members of today; one altered byte anywhere, and it does not.
    @Test func everyByteOfARenewalMatters() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let (bundle, members) = try await consortium.run { node in
            let issue = try consortium.issue(100, to: 1)
            try await consortium.send(issue, to: node)
            let bundle = try await node.evidence(for: [issue.id])
            // What is at the head has nothing later that could sign it.
            let heights = try bundle.heights()
            await #expect(throws: ReplicaError(.notFound, "")) { try await node.renewal(of: heights) }
            try await consortium.send(try consortium.transfer(30, from: 1, to: 2), to: node)
            let (renewal, changes) = try await node.renewal(of: heights)
            #expect(renewal.seals.count == heights.count)
            return (bundle.renewed(by: renewal, changes: changes), node.members.current.hash)
        }
        func passes(_ bytes: Bytes, _ trusted: Hash32?) -> Bool {
            EvidenceVerifier.verify(bytes, expectedLedger: consortium.genesis.id, trustedMembers: trusted).passed
        }
        let bytes = bundle.encoded()
        #expect(passes(bytes, members) && passes(bytes, nil) && !passes(bytes, .sha256([1])))
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1 << UInt8(index % 8)
            #expect(!passes(altered, members), "byte \(index) of \(bytes.count)")
        }
    }

    @Test func aRenewalOfOtherBlocksOrOfSomeOnlyIsNone() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        try await consortium.run { node in
            let first = try consortium.issue(100, to: 1)
            try await consortium.send(first, to: node)
            let bundle = try await node.evidence(for: [first.id])
            for _ in 0..<3 { try await consortium.send(try consortium.issue(1, to: 2), to: node) }
            let heights = try bundle.heights()
            for wrong in [heights.map { $0 + 1 }, Array(heights.dropLast()), heights + [1]] {
                let (renewal, changes) = try await node.renewal(of: wrong)
                let renewed = bundle.renewed(by: renewal, changes: changes).encoded()
                #expect(!EvidenceVerifier.verify(renewed, expectedLedger: consortium.genesis.id).passed, "\(wrong)")
            }
            let answer = try await node.renewal(of: heights)
            let (renewal, changes) = try Renewal.answer(decoding: answer.renewal.answer(with: answer.changes))
            let renewed = bundle.renewed(by: renewal, changes: changes).encoded()
            #expect(EvidenceVerifier.verify(renewed, expectedLedger: consortium.genesis.id).passed)
        }
    }
}
