import Ledger
import LedgerStore

/// Votes of members, those here and those elsewhere.
extension LedgerNode {
    /// Counts what other members' nodes sent. A signature that does not hold counts for nothing; a second header of a member at one height is kept
    /// as evidence and counts for nothing either.
    public func take(_ signed: [SignedHeader]) {
        for item in signed {
            guard let header = try? BlockHeader(decoding: item.header), header.ledger == ledger,
                let member = genesis.members.member(kid: item.vote.kid)
            else { continue }
            let hash = Hash32.sha256(item.header)
            let counts = state.withLock { isNew(item.vote, on: hash, at: header.height, $0) }
            guard counts, item.vote.isValid(over: item.header, with: member.key) else { continue }
            let (settled, failure) = state.withLock { state in
                if isNew(item.vote, on: hash, at: header.height, state) {
                    count(item.vote, on: item.header, hash, at: header.height, &state)
                    note(
                        SeenVote(
                            member: member.id, height: header.height, header: item.header,
                            signature: item.vote.signature), &state)
                }
                return (settleFinalBlocks(&state), state.failure)
            }
            announce(settled)
            if let failure { stop(with: failure) }
            if !settled.blocks.isEmpty { wake.yield() }
        }
    }

    private func isNew(_ vote: Vote, on hash: Hash32, at height: UInt64, _ state: State) -> Bool {
        let final = state.finalHeight ?? 0
        let lowest = final >= UInt64(Limits.recentBlocks) ? final - UInt64(Limits.recentBlocks) + 1 : 0
        guard height >= lowest, height <= final + Limits.voteWindow else { return false }
        return !(state.votes[height]?[hash]?.votes.contains { $0.kid == vote.kid } ?? false)
    }

    /// Counts a valid vote, or keeps it as evidence if its member signed another header of this height before.
    func count(_ vote: Vote, on header: Bytes, _ hash: Hash32, at height: UInt64, _ state: inout State) {
        let other = state.votes[height]?.first { $0.key != hash && $0.value.votes.contains { $0.kid == vote.kid } }
        if let other, let first = other.value.votes.first(where: { $0.kid == vote.kid }) {
            let member = genesis.members.member(kid: vote.kid)?.id ?? ""
            serving.note(
                Contradiction(
                    SeenVote(member: member, height: height, header: other.value.header, signature: first.signature),
                    SeenVote(member: member, height: height, header: header, signature: vote.signature)))
            return
        }
        state.votes[height, default: [:]][hash, default: Candidate(header: header)].votes.append(vote)
    }

    private func note(_ vote: SeenVote, _ state: inout State) {
        guard vote.height >= state.lastVotes[vote.member]?.height ?? 0 else { return }
        state.lastVotes[vote.member] = vote
        serving.note(vote)
    }

    /// Members that signed two headers at one height, with both.
    public func contradictions() throws -> [Contradiction] { try serving.store.contradictions() }

    // MARK: Receipts

    /// How often peers that do not have a transaction yet are asked for their receipt, and the pause between.
    private static let receiptAttempts = 20, receiptPause = Duration.milliseconds(50)

    /// A receipt of each member that answers, this node's first; nil where the transaction was not accepted.
    public func receipts(for id: Hash32) async throws -> [Bytes]? {
        guard let own = try ownReceipts(for: id) else { return nil }
        guard let peers, let statement = try record(of: id)?.statement else { return own }
        var found: [String: Bytes] = [:]
        for attempt in 0..<Self.receiptAttempts {
            if attempt > 0 { try await Task.sleep(for: Self.receiptPause) }
            for member in peers.members where found[member] == nil {
                guard let key = genesis.members.members.first(where: { $0.id == member })?.key,
                    let receipt = try? await peers.receipts(for: id, of: member).first,
                    (try? Receipt.verify(receipt, for: statement, with: key)) != nil
                else { continue }
                found[member] = receipt
            }
            if own.count + found.count >= genesis.members.quorum { break }
        }
        return own + found.sorted { $0.key < $1.key }.map(\.value)
    }

    // MARK: For peers

    /// What a member that asks is told: how far this node is, and the highest header it knows the member to have signed.
    public func standing(for member: String) -> PeerStanding {
        state.withLock { state in
            let vote = state.lastVotes[member].flatMap { seen in
                genesis.members.members.first { $0.id == member }.map {
                    SignedHeader(header: seen.header, vote: Vote(kid: $0.key.kid, signature: seen.signature))
                }
            }
            return PeerStanding(finalHeight: state.finalHeight ?? 0, lastVote: vote)
        }
    }

    /// Signed headers from a height on: those of certificates, then the votes that this node holds for blocks that are not final.
    public func votes(from height: UInt64, limit: Int = 200) throws -> [SignedHeader] {
        var found: [SignedHeader] = []
        for block in try certifiedBlocks(from: height, limit: limit, bytes: .max) {
            let certificate = try FinalityCertificate(decoding: block.certificate)
            found += certificate.votes.map { SignedHeader(header: block.header, vote: $0) }
        }
        return found
            + state.withLock { state in
                state.unsigned.prefix(limit).filter { $0.block.header.height >= height }.flatMap { item in
                    (state.votes[item.block.header.height]?[item.headerHash]?.votes ?? []).map {
                        SignedHeader(header: item.block.headerBytes, vote: $0)
                    }
                }
            }
    }

    /// Final blocks from a height on, until they have so many bytes.
    public func certifiedBlocks(from height: UInt64, limit: Int = 200, bytes: Int) throws -> [CertifiedBlock] {
        guard let final = state.withLock({ $0.finalHeight }), height <= final else { return [] }
        var found: [CertifiedBlock] = []
        var size = 0
        for height in height...min(final, height + UInt64(limit) - 1) {
            guard size < bytes, let block = try serving.store.block(at: height) else { break }
            let statements = block.items.map(\.statement)
            size += statements.reduce(0) { $0 + $1.count }
            found.append(
                CertifiedBlock(
                    header: block.headerBytes, certificate: try certificate(at: height), slot: block.slot,
                    statements: statements))
        }
        return found
    }
}
