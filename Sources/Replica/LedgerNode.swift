import ContractKit
import Ledger
import LedgerStore
import Sequencing
import Synchronization

/// The node's engine of one ledger: admits statements, has them ordered, lets its members' replicas execute and sign, and tells what is FINAL.
public final class LedgerNode: Sendable {
    public enum Limits {
        /// Statements admitted and not yet in a slot; beyond that clients are told to wait.
        public static let pending = 20_000
        /// Seconds from ledger time to the latest `exp` that is admitted.
        public static let validity: UInt64 = 7 * 24 * 3600
        /// Slots that may be on their way at once, so that no replica waits for the disk of another.
        static let slotsInFlight = 8
        /// Statements that fill a slot although others are on their way.
        static let worthwhileBatch = 256
        /// How long the next slot waits for each statement of the last one, so that a crowd of clients fills few large blocks. It is a little
        /// longer than their next statements take to arrive, which lets blocks grow as long as clients come.
        static let restPerStatement = Duration.microseconds(120)
        /// A few clients are not kept waiting; many not for long.
        static let shortestRest = Duration.milliseconds(2), longestRest = Duration.milliseconds(45)
        /// Blocks kept in memory for followers, beside those whose certificate is not on the disk.
        static let recentBlocks = 64
        /// Blocks without a quorum's signatures beyond which no further slot is filled.
        static let unsignedBlocks = 256
    }

    struct Entry {
        let contract: String
        var ordered = false
        var waiters: [Waiter] = []
    }

    /// Is told the outcome; nil when the wait was too long, or the ledger stopped.
    public typealias Answer = @Sendable (TransactionOutcome?) -> Void

    struct Waiter {
        let answer: Answer
        /// ms since 1970.
        let deadline: UInt64
    }

    struct State {
        var queue: [Statement] = []
        var entries: [Hash32: Entry] = [:]
        /// Slots that this node filled and has not executed, with what it put there; one more while it is being filled.
        var filled: [UInt64: [Statement]] = [:]
        var isFilling = false
        /// Of the order that slots here belong to.
        var epoch: UInt64 = 0
        /// Since when the first block without a quorum's signatures waits for them, ms since 1970; nil where none does.
        var stalledSince: UInt64?
        /// Whether peers had no further blocks once, so that the order could be followed.
        var hasJoined = false
        /// Slots before this one are executed here, or came as blocks of peers.
        var nextSlot: UInt64 = 0
        var slotsInFlight: Int { filled.count + (isFilling ? 1 : 0) }
        /// Replicas that have executed a slot.
        var executed: [UInt64: Int] = [:]
        var finality: Finality
        var recent: [FinalBlock] = []
        var heightWaiters: [(id: UInt64, height: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        var nextWaiter: UInt64 = 0
        var nextTimer: UInt64?
        /// All that are or were members, as the last block left them.
        var roster: [(id: String, record: MemberRecord)] = []
        /// The latest clocks of members elsewhere.
        var clocks: [String: SignedClock] = [:]
        /// Members that sent a block whose statements do not belong to its header; they are asked for none any more.
        var misleading: Set<String> = []
        /// The height from which on statements that this member lacks are to be fetched; nil where nothing is missing.
        var missing: UInt64?
        var failure: ReplicaError?
        /// Why nothing new is brought into the order until members have resolved what to do.
        var halt: Halt?
        var running: Task<Void, Never>?
        var rejected: [String: UInt64] = [:]
        var accepted: [String: UInt64] = [:]

        /// Whether to fill a slot now: what comes while others are on their way to FINAL shares the next block, which costs much the same for
        /// one statement and for hundreds. A lone client waits for nobody, nor does the ledger for a replica that lags.
        var hasWorthwhileBatch: Bool {
            guard !queue.isEmpty, slotsInFlight < Limits.slotsInFlight else { return false }
            return slotsInFlight == 0 || entries.count == queue.count || queue.count >= Limits.worthwhileBatch
        }
    }

    public let genesis: Genesis
    public let ledger: Hash32
    /// The members' replicas in this process that are sound.
    public let replicas: [Replica]
    /// Members whose store is damaged, with where.
    public let damaged: [(member: String, error: String)]
    let sequencer: any Sequencer
    /// Nodes of the members that are not in this process; nil where all are.
    let peers: (any PeerGroup)?
    let clock: @Sendable () -> UInt64
    /// How the engine waits.
    let pause: Pause
    /// Is told what keeps the ledger from going on, and nil when it goes on.
    let report: @Sendable (String?) -> Void
    /// Statements that ended this process more than once, as of its start.
    let suspects: Set<Hash32>
    let state: Mutex<State>
    let history: History
    let snapshots = Mutex(ServedSnapshots())
    let prunedBytes = Atomic<Int>(0)
    /// Keys that were read, with the participants they belong to.
    let keys = Mutex<[Hash32: (key: VerifyingKey, owner: String)]>([:])
    private let time = Atomic<UInt64>(0)
    /// Lines of peers on the tree head of a block.
    let cosigned = Mutex<(height: UInt64, lines: [String])>((0, []))
    let wake: AsyncStream<Void>.Continuation
    let wakes: AsyncStream<Void>

    init(
        genesis: Genesis, replicas: [Replica], damaged: [(member: String, error: String)],
        sequencer: any Sequencer, peers: (any PeerGroup)? = nil, clock: @escaping @Sendable () -> UInt64,
        pause: @escaping Pause = { try await Task.sleep(for: $0) },
        rule: @escaping Finality.Rule = { $0.quorum }, history: History = History(),
        report: @escaping @Sendable (String?) -> Void = { _ in }
    ) {
        self.genesis = genesis
        ledger = genesis.id
        self.replicas = replicas
        self.damaged = damaged
        self.sequencer = sequencer
        self.peers = peers
        self.clock = clock
        self.pause = pause
        self.history = history
        self.report = report
        // Replicas in one process end together, each in another statement perhaps.
        suspects = Set(Resolved.suspects(among: replicas.flatMap(\.interruptions)).map(\.statement))
        state = Mutex(
            State(
                epoch: replicas.first?.epoch ?? 0,
                finality: Finality(members: replicas.first?.members ?? MemberHistory(genesis.members), rule: rule)))
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Ledger time of the last final block, ms since 1970.
    public var ledgerTime: UInt64 { time.load(ordering: .relaxed) }

    /// The replica that answers queries.
    public var serving: Replica { replicas[0] }

    // MARK: Running

    /// Orders and executes until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            if let peers {
                group.addTask { await self.exchange(with: peers) }
                group.addTask { await self.fillHistory(from: peers) }
            }
            for replica in replicas { group.addTask { await self.follow(with: replica) } }
            group.addTask { await self.appendBatches() }
            group.addTask { await self.tick() }
            await withTaskCancellationHandler {
                await group.waitForAll()
            } onCancel: {
                self.sequencer.close()
                self.wake.finish()
            }
        }
        for replica in replicas { try? await replica.flushNotes() }
        stop(with: ReplicaError(.stopped, "the node is stopping"))
    }

    /// Wakes the batcher when a timer is due, and ends waits that took too long.
    private func tick() async {
        while !Task.isCancelled {
            try? await pause(.milliseconds(100))
            let now = clock()
            let (late, due) = state.withLock { state in
                var late: [Waiter] = []
                for (id, entry) in state.entries where entry.waiters.contains(where: { $0.deadline <= now }) {
                    late += entry.waiters.filter { $0.deadline <= now }
                    state.entries[id]?.waiters.removeAll { $0.deadline <= now }
                }
                return (late, state.nextTimer.map { $0 <= now } ?? false)
            }
            for waiter in late { waiter.answer(nil) }
            if due { wake.yield() }
            snapshots.withLock { $0.forget(now) }
            let recent = state.withLock { $0.recent.count }
            for replica in replicas {
                try? await replica.flushNotes()
                settleKeys(of: replica)
            }
            await forget(recent - Limits.recentBlocks)
        }
    }

    /// Lets go of the oldest of the recent blocks, whose certificates were noted before the last flush.
    private func forget(_ count: Int) async {
        // What another transaction took of the notes is on the disk once one that begins after it has ended.
        guard count > 0, (try? await serving.store.write { _ in }) != nil else { return }
        state.withLock { $0.recent.removeFirst(count) }
    }

    /// The key before a change is needed until the block that made it is final, and the disk has its certificate.
    private func settleKeys(of replica: Replica) {
        guard !replica.member.keys.isSettled, let change = replica.members.periods.last?.from, change > 0,
            (try? replica.store.certificate(at: change - 1)) != nil
        else { return }
        replica.member.keys.settle()
    }

    private func follow(with replica: Replica) async {
        var place: (slot: UInt64, epoch: UInt64)?
        do {
            while true {
                do {
                    let (slot, epoch) = if let place { place } else { try await joined(replica) }
                    place = (slot, epoch)
                    let batch = try await sequencer.batch(in: slot, of: epoch, from: replica.members.current)
                    goOn(from: .broken)
                    try await execute(batch, in: slot, with: replica)
                    place = (slot + 1, epoch)
                } catch let error as SequencingError where peers != nil {
                    place = nil
                    if error.code == .rewound || error.code == .broken { try await standStill(.order(error)) }
                } catch let error as ReplicaError where error.code == .trapped {
                    try await standStill(.statement(error))
                }
            }
        } catch is CancellationError {
            // Stopping was asked for.
        } catch {
            stop(with: ReplicaError(.stopped, "\(replica.member.id) cannot go on: \(error)"))
        }
    }

    /// The slot from which on a replica follows the order. What this node brought before it came back as blocks of peers, or not at all.
    private func joined(_ replica: Replica) async throws -> (slot: UInt64, epoch: UInt64) {
        let (slot, epoch) = try await join(replica)
        if peers != nil {
            goOn(from: .rewound)
            state.withLock { state in
                state.hasJoined = true
                guard epoch == state.epoch else { return }
                for (place, statements) in state.filled.sorted(by: { $0.key > $1.key }) where place < slot {
                    state.filled.removeValue(forKey: place)
                    requeue(statements, &state)
                }
                state.nextSlot = max(state.nextSlot, slot)
            }
            wake.yield()
        }
        return (slot, epoch)
    }

    private func execute(_ batch: Batch, in slot: UInt64, with replica: Replica) async throws {
        let isShared = peers != nil
        // What this process admitted was verified then; what another member's node brought was not.
        let admitted =
            isShared
            ? state.withLock { state in Set(batch.statements.map(\.id).filter { state.entries[$0] != nil }) } : []
        let execution = try await replica.execute(
            .init(batch: batch, slot: isShared ? slot : nil) { !isShared || admitted.contains($0) })
        try await executed(slot, execution, of: batch, by: replica)
    }

    private func executed(
        _ slot: UInt64, _ execution: Replica.Execution, of batch: Batch, by replica: Replica
    ) async throws {
        let members = execution.changesMembers ? replica.members : nil
        let (done, settled, failure) = state.withLock { state in
            let executions = state.executed[slot, default: 0] + 1
            state.executed[slot] = executions
            if let block = execution.block, let vote = execution.vote {
                count(vote, on: block.headerBytes, execution.headerHash, at: block.header.height, &state)
            }
            if replica === serving {
                state.nextTimer = execution.nextTimer
                if let members { state.finality.changed(members) }
                if let block = execution.block { state.finality.executed(block, execution.headerHash) }
            }
            let done = executions == replicas.count
            // A slot of an order that another took the place of meanwhile is no slot of this one.
            if done, batch.epoch == state.epoch {
                state.executed.removeValue(forKey: slot)
                // Another key may have become the member's between this slot and one before it.
                if let brought = state.filled.removeValue(forKey: slot),
                    !brought.elementsEqual(batch.statements, by: { $0.id == $1.id })
                {
                    requeue(brought, &state)
                }
                state.nextSlot = max(state.nextSlot, slot + 1)
            }
            return (done, settleFinalBlocks(&state), state.failure)
        }
        if let block = execution.block, let vote = execution.vote {
            peers?.publish(PeerNews(votes: [SignedHeader(header: block.headerBytes, vote: vote)]))
        }
        announce(settled)
        if replica === serving, members != nil { try followMembers() }
        if let failure { stop(with: failure) }
        if replica === serving, !execution.repeated.isEmpty { answerRepeated(execution.repeated) }
        // The slots before a block that made none are needed until it is on the disk: its header has their clocks.
        if done, execution.block != nil {
            await sequencer.release(through: slot, of: batch.epoch, by: replica.members.current)
        }
        if done || !settled.blocks.isEmpty { wake.yield() }
    }

    /// What the world is told about blocks that became final, once the state says so.
    struct Settlement: Sendable {
        var blocks: [FinalBlock] = []
        var answers: [(Answer, TransactionOutcome)] = []
        var followers: [CheckedContinuation<Void, any Error>] = []
    }

    /// Settles the blocks that the serving replica holds and a quorum has signed, in order of height.
    func settleFinalBlocks(_ state: inout State) -> Settlement {
        var settlement = Settlement()
        do {
            while let final = try state.finality.nextFinalBlock() { settle(final, &state, &settlement) }
        } catch {
            state.failure = error
        }
        return settlement
    }

    private func settle(_ final: FinalBlock, _ state: inout State, _ settlement: inout Settlement) {
        let height = final.header.height
        time.store(final.header.time, ordering: .relaxed)
        // The block whose state was taken over is on the disk, where its statements will be.
        if final.block.isWhole { state.recent.append(final) }
        for replica in replicas { replica.setCertificate(final.certificate, at: height) }
        var leaf = final.block.firstLeaf
        for (position, item) in final.block.items.enumerated() {
            let accepted = item.result.rejection == nil
            let place = accepted ? leaf : nil
            if accepted { leaf += 1 }
            guard let entry = state.entries.removeValue(forKey: item.result.transaction) else { continue }
            if accepted { state.accepted[entry.contract, default: 0] += 1 }
            if !accepted { state.rejected[entry.contract, default: 0] += 1 }
            if entry.waiters.isEmpty { continue }
            let outcome = TransactionOutcome(block: final.block, position: position, leafIndex: place)
            for waiter in entry.waiters { settlement.answers.append((waiter.answer, outcome)) }
        }
        settlement.followers += state.heightWaiters.filter { $0.height <= height }.map(\.continuation)
        state.heightWaiters.removeAll { $0.height <= height }
        settlement.blocks.append(final)
    }

    func announce(_ settlement: Settlement) {
        for (answer, outcome) in settlement.answers { answer(outcome) }
        for follower in settlement.followers { follower.resume() }
    }

    /// Makes a block known as final that was before this process started.
    func resume(at final: FinalBlock) {
        announce(
            state.withLock { state in
                var settlement = Settlement()
                state.finality.resume(at: final.header.height)
                settle(final, &state, &settlement)
                return settlement
            })
    }

    /// A statement that was ordered twice gets the result of the first time.
    func answerRepeated(_ ids: [Hash32]) {
        for id in ids {
            guard let outcome = try? finalOutcome(of: id) else { continue }
            let waiters = state.withLock { $0.entries.removeValue(forKey: id)?.waiters ?? [] }
            for waiter in waiters { waiter.answer(outcome) }
        }
    }

    func stop(with error: ReplicaError) {
        let (waiters, followers) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            let waiters = state.entries.values.flatMap(\.waiters)
            for id in state.entries.keys { state.entries[id]?.waiters = [] }
            defer { state.heightWaiters = [] }
            return (waiters, state.heightWaiters)
        }
        for waiter in waiters { waiter.answer(nil) }
        for follower in followers { follower.continuation.resume(throwing: error) }
    }
}
