import Ledger
import LedgerStore

/// Votes of members, those here and those elsewhere.
extension LedgerNode {
    /// Counts what other members' nodes sent. A signature that does not hold counts for nothing; a second header of a member at one height is kept
    /// as evidence and counts for nothing either.
    public func take(_ signed: [SignedHeader]) {
        let members = self.members
        for item in signed {
            guard let header = try? BlockHeader(decoding: item.header), header.ledger == ledger,
                let member = members.members(at: header.height).member(kid: item.vote.kid)
            else { continue }
            let hash = Hash32.sha256(item.header)
            let counts = state.withLock { $0.finality.isNew(item.vote, on: hash, at: header.height) }
            guard counts, item.vote.isValid(over: item.header, with: member.key) else { continue }
            state.withLock { state in
                guard state.finality.isNew(item.vote, on: hash, at: header.height) else { return }
                count(item.vote, on: item.header, hash, at: header.height, &state)
                let seen = SeenVote(
                    member: member.id, height: header.height, header: item.header, signature: item.vote.signature)
                if state.finality.note(seen) { serving.note(seen) }
            }
        }
        // Also where no vote was new: the block may have come after them.
        let (settled, failure) = state.withLock { state in (settleFinalBlocks(&state), state.failure) }
        announce(settled)
        if let failure { stop(with: failure) }
        if !settled.blocks.isEmpty { wake.yield() }
    }

    func count(_ vote: Vote, on header: Bytes, _ hash: Hash32, at height: UInt64, _ state: inout State) {
        if let pair = state.finality.count(vote, on: header, hash, at: height) { serving.note(pair) }
    }

    /// Blocks that members sent under a header that they do not belong to.
    public func misleadingBlocks() throws -> [MisleadingBlock] { try serving.store.misleadingBlocks() }

    /// Members that signed two headers at one height, with both.
    public func contradictions() throws -> [Contradiction] { try serving.store.contradictions() }

    // MARK: Signatures on request

    /// How often peers that have not got as far yet are asked again, and the pause between.
    private static let attempts = 20, attemptPause = Duration.milliseconds(50)

    /// What peers answer, by member, once there is enough for a quorum together with this node's members, or after a second.
    private func gather<Value: Sendable>(
        _ ask: @Sendable (any PeerGroup, MemberSet.Member) async throws -> Value?
    ) async throws -> [String: Value] {
        guard let peers else { return [:] }
        let members = self.members.current
        var found: [String: Value] = [:]
        for attempt in 0..<Self.attempts {
            if attempt > 0 { try await pause(Self.attemptPause) }
            for member in members.members where peers.members.contains(member.id) && found[member.id] == nil {
                found[member.id] = (try? await ask(peers, member)).flatMap { $0 }
            }
            if replicas.count + found.count >= members.quorum { break }
        }
        return found
    }

    /// A receipt of each member that answers, this node's first; nil where the transaction was not accepted.
    public func receipts(for id: Hash32) async throws -> [Bytes]? {
        guard let own = try ownReceipts(for: id), let record = try record(of: id) else { return nil }
        let statement = try record.item.bytes()
        let others = try await gather { peers, member -> Bytes? in
            guard let receipt = try await peers.receipts(for: id, of: member.id).first,
                (try? Receipt.verify(receipt, for: statement, with: member.key)) != nil
            else { return nil }
            return receipt
        }
        return own + others.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Cosignature lines of peers on the tree head of a final block; those of the latest are kept.
    func peerCosignatures(on checkpoint: Checkpoint, at height: UInt64) async throws -> [String] {
        if peers == nil { return [] }
        let known = cosigned.withLock { $0 }
        if known.height == height, !known.lines.isEmpty { return known.lines }
        let (ledger, members) = (ledger, members)
        let found = try await gather { peers, member -> String? in
            let line = try await peers.cosignatures(at: height, of: member.id).joined()
            let signed = try Checkpoint.verify(note: checkpoint.note(lines: [line]), ledger: ledger, members: members)
            return signed.signers == [member.id] && signed.others == 0 ? line : nil
        }
        let lines = found.sorted { $0.key < $1.key }.map(\.value)
        if replicas.count + lines.count >= members.members(atLogSize: checkpoint.size).quorum {
            cosigned.withLock { $0 = (height, lines) }
        }
        return lines
    }

    /// This node's cosignature lines on the tree head of a final block.
    public func ownCosignatures(at height: UInt64) throws -> [String] {
        guard height <= finalHeight, let header = try serving.store.block(at: height)?.header else {
            throw ReplicaError(.notFound, "block \(height) is not final here")
        }
        let size = header.logSize + 1
        let root = try LogView(size: size, reader: serving.store).root()
        let checkpoint = Checkpoint(ledger: ledger, size: size, root: root)
        return replicas.compactMap { $0.cosignatureLine(checkpoint, time: clock() / 1000) }
    }

    // MARK: For peers

    /// What a member that asks is told: how far this node is, and the highest header it knows the member to have signed.
    public func standing(for member: String) -> PeerStanding {
        let resolutions = serving.resolutions
        return state.withLock { $0.finality.standing(for: member, resolutions: resolutions) }
    }

    /// Signed headers from a height on: those of certificates, then the votes that this node holds for blocks that are not final.
    public func votes(from height: UInt64, limit: Int = 200) throws -> [SignedHeader] {
        var found: [SignedHeader] = []
        for final in try finalBlocks(from: height, limit: limit, bytes: .max) {
            let certificate = try FinalityCertificate(decoding: final.certificate)
            found += certificate.votes.map { SignedHeader(header: final.block.headerBytes, vote: $0) }
        }
        return found + state.withLock { $0.finality.openVotes(from: height, limit: limit) }
    }

    /// Final blocks from a height on that are here with their statements, with this node's signature, until they have so many bytes. The first
    /// may be a later one. After the final ones comes what a new order goes on from.
    public func certifiedBlocks(from height: UInt64, limit: Int = 200, bytes: Int) throws -> [CertifiedBlock] {
        guard let height = try serving.store.firstKept(from: height) else { return [] }
        let final = try finalBlocks(from: height, limit: limit, bytes: bytes).prefix { $0.block.isWhole }
        if final.isEmpty, let order = serving.order, height <= order.after,
            let block = try serving.store.block(at: height), block.isWhole
        {
            // A quorum resolved that the order goes on from here, and those who lack the block have to sign it yet.
            return [serving.certified(FinalBlock(block: block, certificate: FinalityCertificate(votes: []).encoded()))]
        }
        return final.map { serving.certified($0) }
    }

    func finalBlocks(from height: UInt64, limit: Int, bytes: Int) throws -> [FinalBlock] {
        let (last, recent) = state.withLock { ($0.finality.finalHeight, $0.recent) }
        guard let last, height <= last else { return [] }
        var found: [FinalBlock] = []
        var size = 0
        for height in height...min(last, height + UInt64(limit) - 1) where size < bytes {
            // Peers ask for the last blocks most, which need not be read and checked again.
            if let final = recent.first(where: { $0.header.height == height }) {
                found.append(final)
            } else if let block = try serving.store.block(at: height) {
                found.append(FinalBlock(block: block, certificate: try certificate(at: height)))
            } else {
                break
            }
            size += found.last?.block.items.reduce(0) { $0 + ($1.statement?.count ?? 100) } ?? 0
        }
        return found
    }
}
