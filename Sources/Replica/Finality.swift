import Ledger
import LedgerStore

/// What members signed, and which of a replica's blocks are final by it: a value without clock, disk or network, that is told what happened
/// and says what follows.
package struct Finality: Sendable {
    /// Heights above the last final block for which votes of others are taken.
    static let voteWindow: UInt64 = 10_000
    /// Final heights of which votes are kept, since a member's second vote may come late.
    static let keptHeights: UInt64 = 64

    /// A header that members signed.
    private struct Candidate {
        let header: Bytes
        var votes: [Vote] = []
    }

    /// How many members' signatures make a block final.
    package typealias Rule = @Sendable (MemberSet) -> Int

    /// Up to those who sign the block after the last one that was executed.
    private(set) var members: MemberHistory
    let rule: Rule
    private var votes: [UInt64: [Hash32: Candidate]] = [:]
    /// The highest header that each other member signed.
    private(set) var lastVotes: [String: SeenVote] = [:]
    /// Blocks that the serving replica has executed and no quorum has signed yet, in order.
    private(set) var unsigned: [(block: StoredBlock, headerHash: Hash32)] = []
    /// nil until a quorum has signed genesis.
    private(set) var finalHeight: UInt64?
    /// Members and heights of which there is evidence already.
    private var accused: Set<String> = []

    init(members: MemberHistory, rule: @escaping Rule) {
        self.members = members
        self.rule = rule
    }

    /// How many signatures make the block of a height final.
    func quorum(at height: UInt64) -> Int { rule(members.members(at: height)) }

    // MARK: What happened

    /// Takes up what a disk holds: the last final height.
    mutating func resume(at final: UInt64) { finalHeight = final }

    /// Takes up what a disk holds: the blocks above the last final height, and the last votes of others.
    mutating func resume(unsigned: [StoredBlock], seen: [SeenVote]) {
        self.unsigned = unsigned.map { ($0, Hash32.sha256($0.headerBytes)) }
        for vote in seen { lastVotes[vote.member] = vote }
    }

    /// The serving replica has a block on its disk.
    mutating func executed(_ block: StoredBlock, _ headerHash: Hash32) { unsigned.append((block, headerHash)) }

    /// A block that was executed changed who signs those after it.
    mutating func changed(_ members: MemberHistory) { self.members = members }

    /// The serving replica took over the state of a final block, and what was before it.
    mutating func jumped(to height: UInt64, _ members: MemberHistory) {
        unsigned.removeAll { $0.block.header.height <= height }
        votes = votes.filter { $0.key > height }
        self.members = members
        finalHeight = height
    }

    /// Whether a vote is near enough to be looked at, and was not counted before.
    func isNew(_ vote: Vote, on hash: Hash32, at height: UInt64) -> Bool {
        let final = finalHeight ?? 0
        let lowest = final >= Self.keptHeights ? final - Self.keptHeights + 1 : 0
        guard height >= lowest, height <= final + Self.voteWindow else { return false }
        return !(votes[height]?[hash]?.votes.contains { $0.kid == vote.kid } ?? false)
    }

    /// Counts a valid vote. If its member signed another header of this height before, it counts for nothing, and the first such pair of a
    /// member and height is returned: a member that signs a hundred fills no disk.
    mutating func count(_ vote: Vote, on header: Bytes, _ hash: Hash32, at height: UInt64) -> Contradiction? {
        let other = votes[height]?.first { $0.key != hash && $0.value.votes.contains { $0.kid == vote.kid } }
        if let other, let first = other.value.votes.first(where: { $0.kid == vote.kid }) {
            let member = members.members(at: height).member(kid: vote.kid)?.id ?? ""
            guard accused.insert("\(member) \(height)").inserted else { return nil }
            return Contradiction(
                SeenVote(member: member, height: height, header: other.value.header, signature: first.signature),
                SeenVote(member: member, height: height, header: header, signature: vote.signature))
        }
        // A member that lost its disk signs again what peers hold signed by it already: that is one vote.
        if isNew(vote, on: hash, at: height) {
            votes[height, default: [:]][hash, default: Candidate(header: header)].votes.append(vote)
        }
        return nil
    }

    /// Notes the highest header that another member signed; false where a higher one is known.
    mutating func note(_ vote: SeenVote) -> Bool {
        guard vote.height >= lastVotes[vote.member]?.height ?? 0 else { return false }
        lastVotes[vote.member] = vote
        return true
    }

    // MARK: What follows

    /// The next block that the serving replica holds and a quorum has signed.
    ///
    /// - Throws: `diverged` where the quorum signed another one.
    mutating func nextFinalBlock() throws(ReplicaError) -> FinalBlock? {
        guard let first = unsigned.first else { return nil }
        let height = first.block.header.height
        // A vote may have come before it was known who signs at this height.
        let signers = members.members(at: height)
        let quorum = rule(signers)
        let counted = votes[height]?.lazy.map { hash, candidate in
            (hash: hash, votes: candidate.votes.filter { signers.member(kid: $0.kid) != nil })
        }
        guard let signed = counted?.first(where: { $0.votes.count >= quorum }) else { return nil }
        guard signed.hash == first.headerHash else {
            throw ReplicaError(
                .diverged, "another block \(height) was computed here than the quorum signed; restore it")
        }
        unsigned.removeFirst()
        finalHeight = height
        if height >= Self.keptHeights { votes.removeValue(forKey: height - Self.keptHeights) }
        // A quorum is enough, and keeps certificates of one size.
        let certificate = FinalityCertificate(votes: Array(signed.votes.prefix(quorum)))
        return FinalBlock(block: first.block, certificate: certificate.encoded())
    }

    /// Signed headers of blocks from a height on that are not final, for those who lack them.
    func openVotes(from height: UInt64, limit: Int) -> [SignedHeader] {
        unsigned.prefix(limit).filter { $0.block.header.height >= height }.flatMap { item in
            (votes[item.block.header.height]?[item.headerHash]?.votes ?? []).map {
                SignedHeader(header: item.block.headerBytes, vote: $0)
            }
        }
    }

    /// The lowest height that one of the present members, but for this one, is not known to have signed yet.
    func neededFrom(besides id: String) -> UInt64 {
        members.current.members.filter { $0.id != id }.map { (lastVotes[$0.id]?.height).map { $0 + 1 } ?? 0 }.min()
            ?? .max
    }

    /// What a member that asks is told: how far this node is, and the highest header it knows the member to have signed.
    func standing(for id: String, resolutions: [Resolution]) -> PeerStanding {
        let vote = lastVotes[id].flatMap { seen in
            members.members(at: seen.height).members.first { $0.id == id }.map {
                SignedHeader(header: seen.header, vote: Vote(kid: $0.key.kid, signature: seen.signature))
            }
        }
        return PeerStanding(finalHeight: finalHeight ?? 0, lastVote: vote, resolutions: resolutions)
    }
}
