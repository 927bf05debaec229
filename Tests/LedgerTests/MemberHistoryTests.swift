import Ledger
import TestSupport
import Testing

/// Who signs at each height, as somebody follows it who has genesis and the headers that announced a change.
struct MemberHistoryTests {
    private let keys = (0..<5).map { _ in SigningKey.generate() }
    private let genesis: Genesis
    private let four: MemberSet
    private let five: MemberSet

    init() throws {
        func set(_ keys: [SigningKey]) throws -> MemberSet {
            try MemberSet(keys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) })
        }
        four = try set(Array(keys.prefix(4)))
        five = try set(keys)
        genesis = Genesis(
            name: "Test", time: 1, members: four, memberNames: [], participants: [], contracts: [],
            parameters: CBORMap([]))
    }

    private func header(_ height: UInt64, next: MemberSet, logSize: UInt64 = 10) -> Bytes {
        BlockHeader(
            ledger: genesis.id, height: height, epoch: 0, previous: .zero, logSize: logSize, logRoot: .zero,
            stateRoot: .zero, resultsRoot: .zero, time: 1, nextMembers: next.hash, clocks: []
        ).encoded()
    }

    private func change(
        _ height: UInt64, to next: MemberSet, by signers: Range<Int>, logSize: UInt64 = 10
    ) -> MemberHistory.Announcement {
        let header = header(height, next: next, logSize: logSize)
        let votes = signers.map { Vote.sign(header, with: keys[$0]) }
        return .init(header: header, certificate: FinalityCertificate(votes: votes).encoded(), members: next)
    }

    @Test func eachHeightAndEachCheckpointHasItsMembers() throws {
        let changes = [change(7, to: five, by: 0..<3), change(9, to: four, by: 0..<4, logSize: 14)]
        let history = try MemberHistory(genesis, announced: changes)
        #expect([0, 7, 8, 9, 10, .max].map { history.members(at: $0).count } == [4, 4, 5, 5, 4, 4])
        #expect([0, 6, 7, 8, 9, .max].map { history.members(after: $0).count } == [4, 4, 5, 5, 4, 4])
        #expect([10, 11, 14, 15].map { history.members(atLogSize: $0).count } == [4, 5, 5, 4])
        #expect(try MemberHistory.announcements(MemberHistory.cbor(changes)) == changes)
    }

    @Test func whatNoQuorumOfThoseBeforeSignedIsRefused() {
        func isRefused(_ changes: MemberHistory.Announcement...) -> Bool {
            (try? MemberHistory(genesis, announced: changes)) == nil
        }
        #expect(isRefused(change(7, to: five, by: 0..<2)), "too few")
        #expect(isRefused(change(7, to: five, by: 2..<5)), "the newcomer signs its own admission")
        #expect(isRefused(change(7, to: four, by: 0..<3)), "nothing changes")
        #expect(isRefused(change(7, to: five, by: 0..<3), change(9, to: four, by: 0..<3)), "five need four")
        #expect(isRefused(change(7, to: five, by: 0..<3), change(7, to: four, by: 0..<4)), "twice at one height")
        let other = change(7, to: five, by: 0..<3)
        #expect(isRefused(.init(header: other.header, certificate: other.certificate, members: four)))
        // The last height and size that there are, signed and not: no arithmetic on them may trap.
        #expect(isRefused(change(.max, to: five, by: 0..<1)) && isRefused(change(.max, to: five, by: 0..<3)))
        #expect(isRefused(change(7, to: five, by: 0..<3, logSize: .max)))
    }

    @Test func aBundleWithTheLastHeightIsRefused() {
        let bundle = EvidenceBundle(
            genesis: genesis.bytes,
            blocks: [.init(header: header(.max, next: four), certificate: FinalityCertificate(votes: []).encoded())],
            records: [], state: [])
        #expect(!EvidenceVerifier.verify(bundle.encoded()).passed)
    }
}
