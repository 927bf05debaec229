import ContractKit
import Foundation
import Ledger
import LedgerStore
import Sequencing
import Synchronization

/// One member's replica of a ledger: executes ordered batches, keeps the blocks, and signs each header after it is on the disk.
public final class Replica: Sendable {
    /// What became of a batch on this replica.
    struct Execution: Sendable {
        /// nil if the batch made no block: nothing new in it and nothing fell due.
        let block: StoredBlock?
        let headerHash: Hash32
        let vote: Vote?
        let repeated: [Hash32]
        /// When the next timer is due, ms.
        let nextTimer: UInt64?
    }

    private struct Engine: Sendable {
        var log: MerkleLog
        var tree: StateTree
        var head: BlockHeader
        var headHash: Hash32
        var clocks: [String: UInt64]
        var nextTimer: UInt64?
        let cache = StateCache()
        let senders = SenderCache()
    }

    public let member: MemberSet.Member
    public let store: LedgerStore
    public let genesis: Genesis
    private let key: SigningKey
    private let executor: BlockExecutor
    private let engine: Mutex<Engine>
    /// Certificates made since the last block; they go to the disk with the next one. A lock of their own: the engine's is held while a block executes.
    private let certificates = Mutex<[(height: UInt64, votes: Bytes)]>([])

    private init(
        member: MemberSet.Member, store: LedgerStore, genesis: Genesis, key: SigningKey, executor: BlockExecutor,
        engine: Engine
    ) {
        self.member = member
        self.store = store
        self.genesis = genesis
        self.key = key
        self.executor = executor
        self.engine = Mutex(engine)
    }

    /// Opens a member's replica, creating it from genesis when the file is new; everything stored is recomputed first.
    public static func open(
        store: LedgerStore, genesis: Genesis, key: SigningKey, contracts: [any Contract]
    ) async throws -> Replica {
        guard let member = genesis.members.member(kid: key.kid) else {
            throw ReplicaError(.notMember, "the key \(key.kid) is not a member's of \(genesis.name)")
        }
        let executor = BlockExecutor(genesis: genesis, contracts: contracts)
        if let identity = try store.identity() {
            guard identity.genesis == genesis.bytes, identity.member == member.id else {
                throw StoreError(.otherLedger, at: store.path, "the file belongs to another ledger or member")
            }
        } else {
            try await initialise(store, genesis: genesis, member: member)
        }
        guard let audit = try store.audit() else {
            throw StoreError(.damaged, at: store.path, "the file has no genesis")
        }
        let next = try store.stateEntries(from: Timers.first, to: Timers.end, limit: 1).first
            .flatMap { Timers.time(of: $0.key) }
        return Replica(
            member: member, store: store, genesis: genesis, key: key, executor: executor,
            engine: Engine(
                log: audit.log, tree: audit.tree, head: audit.head, headHash: audit.headHash, clocks: audit.clocks,
                nextTimer: next))
    }

    private static func initialise(_ store: LedgerStore, genesis: Genesis, member: MemberSet.Member) async throws {
        try await store.write { writer in
            let cache = StateCache()
            let working = WorkingState(over: writer.state(cache: cache))
            MembershipContract.apply(genesis, to: working)
            var tree = StateTree()
            tree.apply(writer.apply(working.changes(), cache: cache))
            let header = BlockHeader(
                ledger: genesis.id, height: 0, epoch: 0, previous: .zero, logSize: 0, logRoot: MerkleTree.emptyRoot,
                stateRoot: tree.root, resultsRoot: MerkleTree.emptyRoot, time: genesis.time,
                nextMembers: genesis.members.hash, clocks: [])
            let bytes = header.encoded()
            var log = MerkleLog()
            log.append(MerkleTree.leafHash(bytes))
            try writer.setIdentity(genesis: genesis.bytes, member: member.id)
            try writer.insert(StoredBlock(headerBytes: bytes, header: header, timer: nil, items: [], firstLeaf: 0))
            try writer.setTiles(log.takeChangedTiles())
        }
    }

    public var head: BlockHeader { engine.withLock { $0.head } }
    var nextTimer: UInt64? { engine.withLock { $0.nextTimer } }

    /// Executes a batch, makes its block durable and signs it.
    func execute(_ batch: Batch) async throws -> Execution {
        let executed = try await store.write { writer in
            try self.engine.withLock { engine in try self.run(batch, &engine, writer) }
        }
        guard let block = executed.block else { return executed }
        return Execution(
            block: block, headerHash: executed.headerHash, vote: Vote.sign(block.headerBytes, with: key),
            repeated: executed.repeated, nextTimer: executed.nextTimer)
    }

    /// Signs a block of this replica again, for a start after which no certificate of it is found.
    func vote(for block: StoredBlock) -> Vote { Vote.sign(block.headerBytes, with: key) }

    /// Notes that a block of this replica is final.
    func setCertificate(_ votes: Bytes, at height: UInt64) {
        certificates.withLock { $0.append((height, votes)) }
    }

    /// Puts noted certificates on the disk without waiting for the next block.
    func flushCertificates() async throws {
        let pending = takeCertificates()
        if pending.isEmpty { return }
        try await store.write { writer in
            for (height, votes) in pending { try writer.setCertificate(votes, at: height) }
        }
    }

    private func takeCertificates() -> [(height: UInt64, votes: Bytes)] {
        certificates.withLock { certificates in
            defer { certificates.removeAll() }
            return certificates
        }
    }

    private func run(_ batch: Batch, _ engine: inout Engine, _ writer: StoreWriter) throws -> Execution {
        let height = engine.head.height + 1
        var clocks = engine.clocks
        for report in batch.clocks { clocks[report.member] = report.clock }
        let time = LedgerTime.next(after: engine.head.time, reports: clocks, members: genesis.members)
        let working = WorkingState(over: writer.state(cache: engine.cache))
        let outcome = try executor.execute(
            batch, height: height, time: time, on: working, senders: engine.senders
        ) { id, position in
            writer.claim(id, height: height, position: position)
        }
        guard outcome.timer != nil || !outcome.items.isEmpty else {
            return Execution(
                block: nil, headerHash: engine.headHash, vote: nil, repeated: outcome.repeated,
                nextTimer: engine.nextTimer)
        }
        let firstLeaf = engine.log.size
        for item in outcome.items where item.result.rejection == nil { engine.log.append(item.statement.leafHash) }
        let results = (outcome.timer.map { [$0] } ?? []) + outcome.items.map(\.result)
        let changes = working.changes()
        engine.tree.apply(writer.apply(changes, cache: engine.cache))
        let header = BlockHeader(
            ledger: genesis.id, height: height, epoch: batch.epoch, previous: engine.headHash,
            logSize: engine.log.size, logRoot: engine.log.root, stateRoot: engine.tree.root,
            resultsRoot: MerkleTree.root(results.map { MerkleTree.leafHash($0.encoded()) }), time: time,
            nextMembers: genesis.members.hash, clocks: batch.clocks)
        let block = StoredBlock(
            headerBytes: header.encoded(), header: header, timer: outcome.timer,
            items: outcome.items.map { .init($0.statement, result: $0.result) },
            firstLeaf: firstLeaf)
        engine.log.append(MerkleTree.leafHash(block.headerBytes))
        let headerHash = Hash32.sha256(block.headerBytes)
        try writer.insert(block)
        try writer.setTiles(engine.log.takeChangedTiles())
        for (height, votes) in takeCertificates() { try writer.setCertificate(votes, at: height) }
        try writer.setSignState(epoch: header.epoch, height: height, headerHash: headerHash)
        engine.head = header
        engine.headHash = headerHash
        engine.clocks = clocks
        if outcome.timer != nil || changes.contains(where: { Timers.time(of: $0.key) != nil }) {
            engine.nextTimer = try Timers.next(in: writer.state(cache: engine.cache))
        }
        return Execution(
            block: block, headerHash: headerHash, vote: nil, repeated: outcome.repeated, nextTimer: engine.nextTimer)
    }
}

// MARK: - Proofs

extension Replica {
    /// State keys with their values and proofs at one head.
    public struct StateSnapshot: Sendable {
        public let head: BlockHeader
        public let headHash: Hash32
        public let logSize: UInt64
        public let logRoot: Hash32
        public let entries: [(key: Bytes, value: Bytes?, proof: StateProof)]
    }

    /// Proofs of keys against the head's state root. Values come from the disk and are compared with the tree before they are returned.
    public func snapshot(of keys: [Bytes]) throws -> StateSnapshot {
        // The tree changes a little before the disk does: wait for a commit that is on its way, and read again.
        for attempt in 0..<200 {
            if attempt > 0 { Thread.sleep(forTimeInterval: 0.002) }
            let (snapshot, hashes) = engine.withLock { engine in
                let paths = keys.map { Hash32.sha256($0) }
                return (
                    StateSnapshot(
                        head: engine.head, headHash: engine.headHash, logSize: engine.log.size,
                        logRoot: engine.log.root,
                        entries: zip(keys, paths).map { ($0, nil, engine.tree.proof(of: $1)) }),
                    paths.map { engine.tree.valueHash(of: $0) }
                )
            }
            let values = try keys.map { try store.stateValue($0) }
            if zip(values, hashes).allSatisfy({ $0.map { Hash32.sha256($0) } == $1 }) {
                return StateSnapshot(
                    head: snapshot.head, headHash: snapshot.headHash, logSize: snapshot.logSize,
                    logRoot: snapshot.logRoot,
                    entries: zip(snapshot.entries, values).map { ($0.key, $1, $0.proof) })
            }
        }
        throw StoreError(
            .damaged, at: "state \(keys.first.map { String(decoding: $0, as: UTF8.self) } ?? "")",
            "a stored value does not match the state tree; run an audit")
    }

    /// The value of a state key, compared with the state tree.
    public func stateValue(_ key: Bytes) throws -> Bytes? {
        try snapshot(of: [key]).entries.first?.value
    }

    /// This member's receipt for a leaf of the log at a final block's size.
    public func receipt(for proof: InclusionProof, root: Hash32, transaction: Hash32) -> Bytes {
        Receipt.sign(
            root: root, proof: proof, issuer: "\(genesis.id.hex)/\(member.id)", subject: transaction.hex, with: key)
    }

    func signatureLine(_ checkpoint: Checkpoint) -> String { checkpoint.signatureLine(with: key) }

    func cosignatureLine(_ checkpoint: Checkpoint, time: UInt64) -> String {
        checkpoint.cosignatureLine(ledger: genesis.id, member: member.id, time: time, with: key)
    }
}
