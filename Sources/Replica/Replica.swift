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
        /// Whether the block changed the record of a member.
        var changesMembers = false
    }

    struct Engine: Sendable {
        var log: MerkleLog
        var tree: StateTree
        var head: BlockHeader
        var headHash: Hash32
        var clocks: [String: UInt64]
        /// Up to those who sign the block after the head.
        var members: MemberHistory
        /// Versions of contracts that members have decided on.
        var upgrades: [Upgrade]
        /// Reports of slots since the head that made no block; the next block's header takes them along.
        var reports: [String: UInt64] = [:]
        var nextTimer: UInt64?
        /// The first height that the member may sign; nil until peers have told what they hold.
        var voteStart: UInt64?
        var resolved: Resolved
        let cache = StateCache()
        let senders = SenderCache()
    }

    /// Whose replica it is.
    public struct Member: Sendable {
        public let id: String
        public let keys: MemberKeys
    }

    public let member: Member
    public let store: LedgerStore
    public let genesis: Genesis
    private let executor: BlockExecutor
    let engine: Mutex<Engine>
    private let recorder: FlightRecorder
    /// What others signed since the last block; it goes to the disk with the next one. A lock of its own: the engine's is held while a block
    /// executes.
    private let notes = Mutex(Notes())

    private struct Notes {
        var certificates: [(height: UInt64, votes: Bytes)] = []
        var seen: [String: SeenVote] = [:]
        var contradictions: [Contradiction] = []

        var isEmpty: Bool { certificates.isEmpty && seen.isEmpty && contradictions.isEmpty }

        func write(_ writer: StoreWriter) throws {
            for (height, votes) in certificates { try writer.setCertificate(votes, at: height) }
            for vote in seen.values { try writer.setSeenVote(vote) }
            for contradiction in contradictions { try writer.insert(contradiction) }
        }
    }

    private init(
        member: Member, store: LedgerStore, genesis: Genesis, executor: BlockExecutor, engine: Engine,
        recorder: FlightRecorder
    ) {
        self.member = member
        self.store = store
        self.genesis = genesis
        self.executor = executor
        self.engine = Mutex(engine)
        self.recorder = recorder
    }

    /// Opens a member's replica, creating it from genesis when the file is new; everything stored is recomputed first.
    ///
    /// - Parameters:
    ///   - id: of the member. Who is none yet, or none any more, follows the ledger and signs nothing.
    ///   - hasPeers: whether other processes may hold signatures of the member that a new file does not know of.
    public static func open(
        store: LedgerStore, genesis: Genesis, member id: String, keys: MemberKeys, contracts: [any Contract],
        hasPeers: Bool = false
    ) async throws -> Replica {
        let member = Member(id: id, keys: keys)
        let executor = BlockExecutor(genesis: genesis, contracts: contracts)
        if let identity = try store.identity() {
            guard identity.genesis == genesis.bytes, identity.member == member.id else {
                throw StoreError(.otherLedger, at: store.path, "the file belongs to another ledger or member")
            }
            // A file that was restored: where no other process holds signatures of the member, nobody has to be asked.
            if !hasPeers, try store.voteStart() == nil { try await store.write { try $0.setVoteStart(0) } }
        } else {
            try await initialise(store, genesis: genesis, member: member, voteStart: hasPeers ? nil : 0)
        }
        let recorder = try FlightRecorder(path: store.path + ".executing")
        if let (statement, height) = recorder.interrupted {
            try await store.write { try $0.insertInterruption(of: statement, at: height) }
            recorder.end()
        }
        return Replica(
            member: member, store: store, genesis: genesis, executor: executor, engine: try engine(of: store),
            recorder: recorder)
    }

    /// What a file says, recomputed.
    private static func engine(of store: LedgerStore) throws -> Engine {
        guard let audit = try store.audit() else {
            throw StoreError(.damaged, at: store.path, "the file has no genesis")
        }
        let next = try store.stateEntries(from: Timers.first, to: Timers.end, limit: 1).first
            .flatMap { Timers.time(of: $0.key) }
        return Engine(
            log: audit.log, tree: audit.tree, head: audit.head, headHash: audit.headHash, clocks: audit.clocks,
            members: audit.members,
            upgrades: try MembershipContract.upgrades(in: StoreReader(store: store)), nextTimer: next,
            voteStart: try store.voteStart(), resolved: try Resolved(store))
    }

    /// Goes back to what the disk holds, after a block was executed that is not to be stored.
    func reload() throws {
        let engine = try Self.engine(of: store)
        self.engine.withLock { present in
            // What was promised while the file was read stays.
            let (resolved, voteStart) = (present.resolved, present.voteStart)
            present = engine
            (present.resolved, present.voteStart) = (resolved, voteStart)
        }
    }

    /// Takes over an audited draft of this replica's file, which holds later blocks.
    func adopt(_ draft: LedgerStore) async throws {
        var engine = try Self.engine(of: draft)
        // A copy does not know them.
        engine.voteStart = voteStart
        try await store.adopt(draft) { [engine] in
            self.engine.withLock { present in
                let resolved = present.resolved
                present = engine
                present.resolved = resolved
            }
        }
    }

    private static func initialise(
        _ store: LedgerStore, genesis: Genesis, member: Member, voteStart: UInt64?
    ) async throws {
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
            if let voteStart { try writer.setVoteStart(voteStart) }
            try writer.insert(StoredBlock(headerBytes: bytes, header: header, timer: nil, items: [], firstLeaf: 0))
            try writer.setTiles(log.takeChangedTiles())
        }
    }

    public var head: BlockHeader { engine.withLock { $0.head } }
    /// Up to those who sign the block after the head.
    public var members: MemberHistory { engine.withLock { $0.members } }
    var nextTimer: UInt64? { engine.withLock { $0.nextTimer } }

    /// A slot to be executed.
    struct Assignment: Sendable {
        let batch: Batch
        /// The batch's place in an order that outlives the process.
        var slot: UInt64?
        /// The hash of the header that a quorum signed; nil where this member is to sign what comes out.
        var certified: Hash32?
        /// Whether the signature of a statement was verified in this process.
        var isVerified: @Sendable (Hash32) -> Bool = { _ in false }
    }

    /// Executes a batch, makes its block durable, and signs it where the member may.
    func execute(_ assignment: Assignment) async throws -> Execution {
        let executed = try await store.write { writer in
            try self.engine.withLock { engine in try self.run(assignment, &engine, writer) }
        }
        guard let block = executed.block, assignment.certified == nil else { return executed }
        return Execution(
            block: block, headerHash: executed.headerHash, vote: vote(for: block),
            repeated: executed.repeated, nextTimer: executed.nextTimer, changesMembers: executed.changesMembers)
    }

    /// Signs a block of this replica, again for a start after which no certificate of it is found; nil where the member is none at this height,
    /// or an earlier file of its may have signed another one.
    func vote(for block: StoredBlock) -> Vote? {
        let height = block.header.height
        let (maySign, members) = engine.withLock { ($0.maySign(block.header), $0.members.members(at: height)) }
        guard maySign, let key = key(in: members) else { return nil }
        return Vote.sign(block.headerBytes, with: key)
    }

    /// The key with which the member signs as one of these; nil where it is none, or does not have that key.
    func key(in members: MemberSet) -> SigningKey? {
        members.members.first { $0.id == member.id }.flatMap { member.keys.key($0.key.kid) }
    }

    func certified(_ final: FinalBlock) -> CertifiedBlock {
        .sign(
            header: final.block.headerBytes, certificate: final.certificate, slot: final.block.slot,
            statements: final.block.items.compactMap(\.statement), with: member.keys.shown)
    }

    /// nil where the member does not have the key that the ledger names.
    func signed(_ clock: UInt64) -> SignedClock? {
        member.keys.current.map { .sign(clock, of: member.id, ledger: genesis.id, with: $0) }
    }

    /// The first height that the member may sign; nil until peers have told what they hold.
    var voteStart: UInt64? { engine.withLock { $0.voteStart } }

    func setVoteStart(_ height: UInt64) async throws {
        try await store.write { try $0.setVoteStart(height) }
        engine.withLock { $0.voteStart = height }
    }

    /// Notes that a block of this replica is final.
    func setCertificate(_ votes: Bytes, at height: UInt64) {
        notes.withLock { $0.certificates.append((height, votes)) }
    }

    func note(_ vote: SeenVote) {
        notes.withLock { $0.seen[vote.member] = vote }
    }

    func note(_ contradiction: Contradiction) {
        notes.withLock { $0.contradictions.append(contradiction) }
    }

    /// Puts what was noted on the disk without waiting for the next block.
    func flushNotes() async throws {
        let pending = takeNotes()
        if !pending.isEmpty { try await store.write { try pending.write($0) } }
    }

    private func takeNotes() -> Notes {
        notes.withLock { notes in
            defer { notes = Notes() }
            return notes
        }
    }

    private func run(_ assignment: Assignment, _ engine: inout Engine, _ writer: StoreWriter) throws -> Execution {
        let batch = assignment.batch
        let height = engine.head.height + 1
        let signers = engine.members.current
        // Who signed for a new order takes no further part in this one.
        guard
            assignment.certified != nil
                || (batch.epoch == engine.resolved.epoch && engine.resolved.promise?.epoch ?? 0 <= batch.epoch)
        else {
            throw SequencingError(.superseded, "the slot is of epoch \(batch.epoch), not \(engine.resolved.epoch)")
        }
        try engine.resolved.refuseSuspects(among: batch.statements)
        let code = try executor.code(at: height, engine.upgrades)
        // A certified block's header has the reports of the empty slots before it already.
        var reports = assignment.certified == nil ? engine.reports : [:]
        for report in batch.clocks where signers.index(of: report.member) != nil {
            reports[report.member] = report.clock
        }
        let clocks = engine.clocks.merging(reports) { $1 }
        let time = LedgerTime.next(after: engine.head.time, reports: clocks, members: signers)
        let working = WorkingState(over: writer.state(cache: engine.cache))
        let outcome = try {
            defer { recorder.end() }
            return try executor.execute(
                batch, with: code, height: height, time: time, on: working, senders: engine.senders,
                isVerified: assignment.isVerified, rejected: engine.resolved.rejected,
                willExecute: { recorder.begin($0, height: height) }
            ) { id, position in
                writer.claim(id, height: height, position: position)
            }
        }()
        guard outcome.timer != nil || !outcome.items.isEmpty else {
            guard assignment.certified == nil else {
                throw ReplicaError(.diverged, "\(member.id) finds block \(height) empty, which a quorum signed")
            }
            engine.reports = reports
            return Execution(
                block: nil, headerHash: engine.headHash, vote: nil, repeated: outcome.repeated,
                nextTimer: engine.nextTimer)
        }
        let firstLeaf = engine.log.size
        for item in outcome.items where item.result.rejection == nil { engine.log.append(item.statement.leafHash) }
        let results = (outcome.timer.map { [$0] } ?? []) + outcome.items.map(\.result)
        let changes = working.changes()
        engine.tree.apply(writer.apply(changes, cache: engine.cache))
        let changesMembers = changes.contains { MembershipContract.isMemberKey($0.key) }
        let next =
            changesMembers ? try MembershipContract.memberSet(in: writer.state(cache: engine.cache)) : signers
        let header = BlockHeader(
            ledger: genesis.id, height: height, epoch: batch.epoch, previous: engine.headHash,
            logSize: engine.log.size, logRoot: engine.log.root, stateRoot: engine.tree.root,
            resultsRoot: MerkleTree.root(results.map { MerkleTree.leafHash($0.encoded()) }), time: time,
            nextMembers: next.hash,
            clocks: signers.members.compactMap { member in
                reports[member.id].map { .init(member: member.id, clock: $0) }
            })
        let block = StoredBlock(
            headerBytes: header.encoded(), header: header, timer: outcome.timer,
            items: outcome.items.map { .init($0.statement, result: $0.result) },
            firstLeaf: firstLeaf, slot: assignment.slot)
        engine.log.append(MerkleTree.leafHash(block.headerBytes))
        let headerHash = Hash32.sha256(block.headerBytes)
        guard assignment.certified.map({ $0 == headerHash }) ?? true else {
            // Thrown before the commit: nothing of the block reaches the disk.
            throw ReplicaError(.diverged, "\(member.id) computes another block \(height) than a quorum signed")
        }
        try writer.insert(block)
        try writer.setTiles(engine.log.takeChangedTiles())
        try takeNotes().write(writer)
        if changes.contains(where: { MembershipContract.isUpgradeKey($0.key) }) {
            engine.upgrades = try MembershipContract.upgrades(in: writer.state(cache: engine.cache))
        }
        if next != signers {
            try writer.setMembers(next, from: height + 1)
            engine.members.append(next, announcedBy: header)
        }
        try engine.resolved.forget(outcome.items, writer)
        if assignment.certified == nil, signers.index(of: member.id) != nil, engine.maySign(header) {
            try writer.setSignState(epoch: header.epoch, height: height, headerHash: headerHash)
        }
        engine.head = header
        engine.headHash = headerHash
        engine.clocks = clocks
        engine.reports = [:]
        if outcome.timer != nil || changes.contains(where: { Timers.time(of: $0.key) != nil }) {
            engine.nextTimer = try Timers.next(in: writer.state(cache: engine.cache))
        }
        return Execution(
            block: block, headerHash: headerHash, vote: nil, repeated: outcome.repeated, nextTimer: engine.nextTimer,
            changesMembers: changesMembers)
    }
}

extension Replica {
    /// The contracts that run in the block after the head.
    func code() throws -> BlockExecutor.Code {
        let (height, upgrades) = engine.withLock { ($0.head.height + 1, $0.upgrades) }
        return try executor.code(at: height, upgrades)
    }

    /// What would become of an operation on the state as it stands, and the keys of the records that it would change.
    func rehearse(
        _ operation: Ledger.Operation, by participant: String, time: UInt64
    ) throws -> (result: TransactionResult, changes: [Bytes]) {
        let head = head
        let state = WorkingState(over: StoreReader(store: store))
        let result = executor.rehearse(
            operation, with: try code(), by: participant,
            height: head.height + 1, time: max(time, head.time), on: state)
        return (result, state.changes().map(\.key).sorted { $0.lexicographicallyPrecedes($1) })
    }
}
