import Ledger
import LedgerStore

/// Joining by the state of a final block instead of by executing all blocks before it, and letting others do so.
extension LedgerNode {
    /// Bytes of entries, and of blocks, after which an answer to a peer ends.
    private static let answerSize = 4 << 20
    /// Blocks in an answer.
    private static let answerBlocks = 500

    // MARK: For peers

    /// A final block whose state this node hands out.
    public func snapshotOffer() throws -> SnapshotOffer {
        let state = try snapshots.withLock { snapshots in
            try snapshots.recent(clock()) { try serving.store.stateAtHead() }
        }
        guard let state else { throw ReplicaError(.busy, "others are reading as many snapshots as there may be") }
        // It is held meanwhile, so that it is final when the peer asks again.
        guard state.height <= finalHeight else { throw ReplicaError(.busy, "block \(state.height) is not final yet") }
        let sets = try serving.store.memberSets().filter { $0.from <= state.height + 1 }
        return SnapshotOffer(height: state.height, memberSets: sets)
    }

    /// Entries of the state at a block that was offered, after a key; none after the last.
    public func stateEntries(at height: UInt64, after key: Bytes) throws -> [StateEntry] {
        guard let state = snapshots.withLock({ $0.state(at: height, clock()) }) else {
            throw ReplicaError(.notFound, "the state of block \(height) is not held any more; ask for another")
        }
        return try state.entries(after: key, bytes: Self.answerSize).map { StateEntry(key: $0.key, value: $0.value) }
    }

    /// Final blocks from a height on without their statements.
    public func bareBlocks(from height: UInt64) throws -> [BareBlock] {
        try finalBlocks(from: height, limit: Self.answerBlocks, bytes: Self.answerSize).map {
            BareBlock(block: $0.block.bareCBOR, certificate: $0.certificate)
        }
    }

    // MARK: Joining

    /// Brings a replica to the state of a peer's final block, where one is further than so many blocks.
    ///
    /// - Returns: whether it is there.
    func joinBySnapshot(_ replica: Replica, _ peers: any PeerGroup, beyond distance: UInt64) async throws -> Bool {
        let head = replica.head.height
        for (member, standing) in await standings(peers).sorted(by: {
            $0.standing.finalHeight > $1.standing.finalHeight
        })
        where standing.finalHeight > head && standing.finalHeight - head > distance
            && !state.withLock({ $0.misleading.contains(member) })
        {
            do {
                try await joinBySnapshot(of: member, replica, peers)
                return true
            } catch let error as ReplicaError where error.code == .diverged {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as ReplicaError where error.code == .misleading {
                state.withLock { _ = $0.misleading.insert(member) }
            } catch {
                // It does not answer any more, or sends what no quorum signed.
                continue
            }
        }
        return false
    }

    private func joinBySnapshot(of member: String, _ replica: Replica, _ peers: any PeerGroup) async throws {
        let offer = try await offer(of: member, peers)
        // What it hands out may be of a while ago.
        guard offer.height > replica.head.height else {
            throw ReplicaError(.notFound, "\(member) hands out the state of block \(offer.height), which is past here")
        }
        var draft = try SnapshotDraft(of: replica, rule: state.withLock { $0.finality.rule })
        do {
            let sets = Dictionary(offer.memberSets) { $1 }
            while draft.next <= offer.height {
                let blocks = try await peers.bareBlocks(from: draft.next, of: member)
                guard !blocks.isEmpty else { throw ReplicaError(.notFound, "\(member) lacks block \(draft.next)") }
                try draft.take(blocks, through: offer.height, memberSets: sets)
            }
            try draft.clearState()
            var key = Bytes()
            while true {
                let entries = try await peers.stateEntries(at: offer.height, after: key, of: member)
                guard let last = entries.last else { break }
                // Keys that do not grow would never end.
                guard
                    zip([StateEntry(key: key, value: [])] + entries, entries).allSatisfy({
                        $0.key.lexicographicallyPrecedes($1.key)
                    })
                else { throw ReplicaError(.misleading, "entries of \(member) are not in the order of their keys") }
                try draft.take(entries)
                key = last.key
            }
            try await replica.adopt(draft.store)
        } catch let error as StoreError where error.code == .damaged {
            // Its audit recomputes everything: what came does not give the roots that a quorum signed.
            draft.store.discard()
            throw ReplicaError(
                .misleading, "the state that \(member) sent is not that of block \(offer.height): \(error)")
        } catch {
            draft.store.discard()
            throw error
        }
        try adopted(replica)
    }

    /// Asks again while the block of a new snapshot is not final.
    private func offer(of member: String, _ peers: any PeerGroup) async throws -> SnapshotOffer {
        for _ in 0..<20 {
            if let offer = try? await peers.snapshotOffer(of: member) { return offer }
            try await pause(Self.exchangePause)
        }
        return try await peers.snapshotOffer(of: member)
    }

    /// Goes on from the block whose state was taken over.
    private func adopted(_ replica: Replica) throws {
        let head = replica.head.height
        guard let block = try replica.store.block(at: head), let certificate = try replica.store.certificate(at: head)
        else { throw StoreError(.damaged, at: "block \(head)", "it is missing") }
        let waiting = state.withLock { state in
            // Blocks with a statement that stopped this node are past.
            if case .statement = state.halt { state.halt = nil }
            state.finality.jumped(to: head, replica.members)
            state.nextTimer = replica.nextTimer
            state.missing = 1
            return Array(state.entries.keys)
        }
        try followMembers()
        resume(at: FinalBlock(block: block, certificate: certificate))
        // What this node brought into blocks that it did not execute.
        answerRepeated(waiting)
    }
}
