import ContractKit
import Ledger
import LedgerStore

/// Following final blocks and proving what is in them.
extension LedgerNode {
    public var finalHeight: UInt64 { state.withLock { $0.finality.finalHeight ?? 0 } }
    /// Why the ledger stopped; nil while it runs.
    public var failure: ReplicaError? { state.withLock { $0.failure } }
    /// What keeps the ledger from going on at the moment; nil while it goes on.
    public var trouble: String? {
        if let halt = state.withLock({ $0.halt }) { return halt.description }
        let members = self.members.current
        let silent = replicas.first { members.index(of: $0.member.id) != nil && $0.key(in: members) == nil }
        return sequencer.trouble ?? silent.map { Self.lacksKey($0.member.id) }
    }

    static func lacksKey(_ member: String) -> String {
        "the key that the ledger names for \(member) is not in its node's key folder: it signs nothing, and the others do not know it"
    }
    /// Statements admitted and not yet final.
    public var pending: Int { state.withLock { $0.entries.count } }

    /// Final transactions since the start, by contract.
    public var counts: (accepted: [String: UInt64], rejected: [String: UInt64]) {
        state.withLock { ($0.accepted, $0.rejected) }
    }

    /// The final block at a height, waiting for it if it is still to come.
    public func finalBlock(at height: UInt64) async throws -> FinalBlock {
        try await waitForFinal(height)
        if let recent = state.withLock({ $0.recent.first { $0.header.height == height } }) { return recent }
        guard let block = try serving.store.block(at: height) else {
            throw ReplicaError(.notFound, "there is no block \(height)")
        }
        return FinalBlock(block: block, certificate: try certificate(at: height))
    }

    public func waitForFinal(_ height: UInt64) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let answer: Result<Void, any Error>? = state.withLock { state in
                    if let final = state.finality.finalHeight, final >= height { return .success(()) }
                    if let failure = state.failure { return .failure(failure) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.heightWaiters.append((id, height, continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let index = state.heightWaiters.firstIndex { $0.id == id }
                return index.map { state.heightWaiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The encoded certificate of a final block.
    public func certificate(at height: UInt64) throws -> Bytes {
        if let recent = state.withLock({ $0.recent.first { $0.header.height == height } }) {
            return recent.certificate
        }
        guard height <= finalHeight, let stored = try serving.store.certificate(at: height) else {
            throw ReplicaError(.notFound, "block \(height) has no certificate here")
        }
        return stored
    }

    /// An accepted transaction with its block and inclusion proof, which needs no more of the statement than its hash.
    public func record(of id: Hash32) throws -> (item: StoredBlock.Item, block: StoredBlock, proof: InclusionProof)? {
        guard let place = try serving.store.place(of: id), place.height <= finalHeight,
            let block = try serving.store.block(at: place.height), let leaf = block.leafIndex(of: place.position)
        else { return nil }
        let item = block.items[place.position]
        let view = LogView(size: block.header.logSize, reader: serving.store)
        let proof = InclusionProof(size: view.size, index: leaf, path: try view.inclusionPath(of: leaf))
        guard let hash = item.leafHash, proof.root(of: hash) == block.header.logRoot else {
            throw StoreError(
                .damaged, at: "log tiles of block \(place.height)", "the proof does not reach the log root")
        }
        return (item, block, proof)
    }

    /// A receipt of each member in this process, in order of their ids.
    public func ownReceipts(for id: Hash32) throws -> [Bytes]? {
        guard let record = try record(of: id) else { return nil }
        return replicas.map { $0.receipt(for: record.proof, root: record.block.header.logRoot, transaction: id) }
    }

    /// A tree head signed by the serving member and cosigned by the others.
    public func checkpoint() async throws -> String {
        let snapshot = try serving.snapshot(of: [])
        try await waitForFinal(snapshot.head.height)
        return try await checkpoint(size: snapshot.logSize, root: snapshot.logRoot, at: snapshot.head.height)
    }

    private func checkpoint(size: UInt64, root: Hash32, at height: UInt64) async throws -> String {
        let checkpoint = Checkpoint(ledger: ledger, size: size, root: root)
        let time = clock() / 1000
        let others = try await peerCosignatures(on: checkpoint, at: height)
        return checkpoint.note(
            lines: [serving.signatureLine(checkpoint)].compactMap(\.self)
                + replicas.dropFirst().compactMap { $0.cosignatureLine(checkpoint, time: time) } + others)
    }

    /// Evidence for accepted transactions and for readings inside batches among them, as of the present head.
    ///
    /// - Parameters:
    ///   - readings: index into `ids` of the batch, the reading's position in it.
    ///   - open: the readings of a batch as the one who asks may see them; nil where they may not.
    ///   - stateKeys: further state records to prove, beside the keys of those who signed; absent ones are left out.
    public func evidence(
        for ids: [Hash32], readings: [(record: Int, position: Int)] = [], stateKeys: [Bytes] = [],
        notes: [(title: String, text: String)] = [], open: (Statement) throws -> [Bytes]? = \.plainReadings
    ) async throws -> EvidenceBundle {
        var blocks: [EvidenceBundle.Block] = []
        var indexOfHeight: [UInt64: Int] = [:]
        var records: [EvidenceBundle.Record] = []
        var kids: [Hash32] = []
        for id in ids {
            guard let record = try record(of: id) else {
                throw ReplicaError(.notFound, "there is no accepted transaction \(id)")
            }
            let height = record.block.header.height
            if indexOfHeight[height] == nil {
                indexOfHeight[height] = blocks.count
                blocks.append(.init(header: record.block.headerBytes, certificate: try certificate(at: height)))
            }
            records.append(
                .init(block: indexOfHeight[height] ?? 0, statement: try record.item.bytes(), inclusion: record.proof))
            let kid = try record.item.decoded().kid
            if !kids.contains(kid) { kids.append(kid) }
        }
        var proved: [EvidenceBundle.ProvedReading] = []
        for (record, position) in readings {
            let found = try Self.reading(at: position, in: records[record].statement, open: open)
            let kid = try Reading(decoding: found.reading).kid
            if !kids.contains(kid) { kids.append(kid) }
            proved.append(.init(record: record, reading: found.reading, inclusion: found.inclusion))
        }
        let snapshot = try serving.snapshot(of: kids.map { MembershipContract.keys.key($0.hex) } + stateKeys)
        let head = try await finalBlock(at: snapshot.head.height)
        blocks.append(.init(header: head.block.headerBytes, certificate: head.certificate))
        return EvidenceBundle(
            genesis: genesis.bytes, blocks: blocks, records: records,
            state: snapshot.entries.compactMap { entry in
                entry.value.map { .init(key: entry.key, value: $0, proof: entry.proof) }
            },
            readings: proved,
            checkpoint: try await checkpoint(
                size: snapshot.logSize, root: snapshot.logRoot, at: snapshot.head.height), notes: notes,
            changes: try memberChanges(through: snapshot.head.height))
    }

    /// Today's signatures over blocks of long ago; see ``Renewal``.
    ///
    /// - Throws: ``ReplicaError`` with `notFound` for a height that is not below the head.
    public func renewal(
        of heights: [UInt64]
    ) async throws -> (renewal: Renewal, changes: [MemberHistory.Announcement]) {
        let head = try await finalBlock(at: finalHeight)
        let header = head.block.header
        let view = LogView(size: header.logSize, reader: serving.store)
        let seals = try heights.map { height in
            guard height < header.height, let block = try serving.store.block(at: height) else {
                throw ReplicaError(.notFound, "block \(height) is not below the head, block \(header.height)")
            }
            let index = block.header.logSize
            return InclusionProof(size: header.logSize, index: index, path: try view.inclusionPath(of: index))
        }
        return (
            Renewal(head: .init(header: head.block.headerBytes, certificate: head.certificate), seals: seals),
            try memberChanges(through: header.height)
        )
    }

    /// The changes of members that blocks up to a height announced, each with what a verifier needs.
    public func memberChanges(through height: UInt64) throws -> [MemberHistory.Announcement] {
        try members.periods.dropFirst().filter { $0.from <= height + 1 }.map { period in
            guard let block = try serving.store.block(at: period.from - 1) else {
                throw StoreError(.damaged, at: "block \(period.from - 1)", "it is missing")
            }
            return .init(
                header: block.headerBytes, certificate: try certificate(at: period.from - 1), members: period.members)
        }
    }

    /// A reading with its path in the batch's tree. A sealed batch's root is that of its readings, so one of them can be
    /// disclosed without the others and without the key.
    static func reading(
        at position: Int, in statement: Bytes, open: (Statement) throws -> [Bytes]?
    ) throws -> (reading: Bytes, inclusion: InclusionProof) {
        guard let readings = try open(try Statement(decoding: statement)), readings.indices.contains(position) else {
            throw ReplicaError(.notFound, "the batch has no reading at position \(position) that you may see")
        }
        let leaves = readings.map { MerkleTree.leafHash($0) }
        let path = MerkleTree.inclusionPath(leaves[...], index: position)
        return (
            readings[position],
            InclusionProof(size: UInt64(readings.count), index: UInt64(position), path: path)
        )
    }

    /// Runs every invariant of every contract over the serving replica's committed state.
    public func violations() throws -> [String] {
        let reader = StoreReader(store: serving.store)
        var found: [String] = []
        for contract in try serving.code().values.sorted(by: { $0.name < $1.name }) {
            for invariant in contract.invariants {
                found += try invariant.violations(reader).map { "\(contract.name): \(invariant.name): \($0)" }
            }
        }
        return found
    }
}

/// Committed state for queries and invariants. What cannot be read is an error for the one who asks, and nothing for the others.
public final class StoreReader: StateReader {
    private let store: LedgerStore

    public init(store: LedgerStore) {
        self.store = store
    }

    public func value(_ key: Bytes) throws(ContractError) -> Bytes? {
        do { return try store.stateValue(key) } catch { throw .corrupt("\(error)") }
    }

    public func entries(
        from start: Bytes, to end: Bytes, limit: Int
    ) throws(ContractError) -> [(key: Bytes, value: Bytes)] {
        do { return try store.stateEntries(from: start, to: end, limit: limit) } catch { throw .corrupt("\(error)") }
    }
}
