import Ledger
import Sequencing
import Synchronization

/// The order of a consortium whose members run nodes of their own, in an etcd cluster.
///
/// A slot is written with one transaction that compares the head, so slots are dense and each continues the one before it. Reading is by key;
/// looking again after a pause is all the waking up there is, and order depends on none of it.
public final class EtcdSequencer: Sequencer {
    enum Limits {
        /// Entries that one read brings.
        static let readAhead = 16
        /// Pause before looking for the next slot, the first times and when it stays away.
        static let shortestPause = Duration.milliseconds(5), longestPause = Duration.milliseconds(100)
        /// Pause before asking again an etcd that does not answer.
        static let shortestRetry = Duration.milliseconds(50), longestRetry = Duration.seconds(2)
        /// Slots that are kept although all members have executed them: a node that took blocks from peers finds its place by them.
        static let margin: UInt64 = 128
        /// Slots after which a quorum's progress is enough to forget; a member that was away longer takes blocks from peers.
        static let kept: UInt64 = 20_000
        /// Bytes that this node appends between two looks at how much etcd holds.
        static let bytesBetweenLooks = 16 << 20
        /// Slots between two reports of this member's progress.
        static let reportEvery: UInt64 = 64
    }

    private struct State {
        let keys: SlotKeys
        /// The furthest head that this process has seen.
        var head: SlotHead
        /// Entries that were read ahead, and the digest before the first slot that was not read.
        var entries: [UInt64: SlotEntry] = [:]
        var digests: [UInt64: Hash32] = [:]
        var reported: UInt64 = 0
        /// Bytes appended since etcd was last asked how much it holds; nil before it was.
        var sinceLook: Int?
        var trouble: String?
        var isClosed = false

        init(ledger: Hash32, generation: UInt64) {
            keys = SlotKeys(ledger: ledger, generation: generation)
            head = SlotHead(generation: generation, next: 0, digest: .zero)
        }

        /// What a call about an earlier order brings late is nothing to this one.
        mutating func advance(to seen: SlotHead) {
            if seen.generation == head.generation, seen.next > head.next { head = seen }
        }
    }

    private let etcd: any SlotStore
    private let ledger: Hash32
    private let member: String
    private let signing: MemberKeys
    private let report: @Sendable (String?) -> Void
    private let wait: Pause
    private let quota: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - signing: keys of the member that appends.
    ///   - generation: epoch of the order.
    ///   - report: is told what keeps etcd from working, and nil when it works again.
    public convenience init(
        _ configuration: EtcdConfiguration, ledger: Hash32, member: String, signing: MemberKeys,
        generation: UInt64 = 0, report: @escaping @Sendable (String?) -> Void
    ) throws {
        self.init(
            try EtcdConnection(configuration), ledger: ledger, member: member, signing: signing, generation: generation,
            quota: configuration.quotaBytes, wait: { try await Task.sleep(for: $0) }, report: report)
    }

    package init(
        _ etcd: any SlotStore, ledger: Hash32, member: String, signing: MemberKeys, generation: UInt64 = 0,
        quota: Int = EtcdConfiguration.defaultQuota, wait: @escaping Pause,
        report: @escaping @Sendable (String?) -> Void
    ) {
        self.etcd = etcd
        self.wait = wait
        self.quota = quota
        self.ledger = ledger
        self.member = member
        self.signing = signing
        self.report = report
        state = Mutex(State(ledger: ledger, generation: generation))
    }

    public func begin(_ epoch: UInt64) {
        state.withLock { state in
            let isClosed = state.isClosed
            state = State(ledger: ledger, generation: epoch)
            state.isClosed = isClosed
        }
    }

    private var generation: UInt64 { state.withLock { $0.head.generation } }
    private var keys: SlotKeys { state.withLock { $0.keys } }

    public var trouble: String? { state.withLock { $0.trouble } }

    public func close() {
        state.withLock { $0.isClosed = true }
        etcd.close()
    }

    public func bounds() async throws -> Range<UInt64> {
        try await persist(generation) { etcd in
            let first = try await self.firstSlot(etcd)
            let next = try await self.readHead(etcd).next
            return min(first ?? next, next)..<next
        }
    }

    // MARK: Appending

    public func append(_ batch: Batch) async throws -> UInt64 {
        let keys = SlotKeys(ledger: ledger, generation: batch.epoch)
        var head = state.withLock { $0.head }
        guard batch.epoch == head.generation else {
            throw SequencingError(.superseded, "the order is that of epoch \(head.generation)")
        }
        var attempt: SlotEntry?
        return try await persist(batch.epoch) { etcd in
            try await self.requireSpace(etcd)
            // An attempt whose answer was lost may have been carried out: the slot itself tells.
            if let sent = attempt, try await etcd.range(keys.slot(head.next)).first?.value == sent.encoded {
                return self.appended(sent, at: head)
            }
            while true {
                let entry = SlotEntry(
                    batch, after: head.digest, slot: head.next, ledger: self.ledger, key: self.signing.shown)
                let next = SlotHead(generation: head.generation, next: head.next + 1, digest: entry.digest)
                attempt = entry
                let known = self.state.withLock { $0.head }
                let write = try await etcd.put(
                    [(keys.slot(head.next), entry.encoded), (keys.head, next.encoded)], ifKey: keys.head,
                    is: head.next == 0 ? nil : head.encoded)
                guard case .found(let present) = write else { return self.appended(entry, at: head) }
                attempt = nil
                head = try self.takeHead(present, since: known)
            }
        }
    }

    private func appended(_ entry: SlotEntry, at head: SlotHead) -> UInt64 {
        let next = SlotHead(generation: head.generation, next: head.next + 1, digest: entry.digest)
        state.withLock { state in
            state.advance(to: next)
            state.sinceLook? += entry.encoded.count
        }
        return head.next
    }

    /// Waits as for an etcd that is full when it is half so, while there is room for what mends it.
    private func requireSpace(_ etcd: any SlotStore) async throws {
        guard state.withLock({ $0.sinceLook ?? .max }) >= Limits.bytesBetweenLooks else { return }
        let used = try await etcd.bytesInUse() ?? 0
        guard used <= quota / 2 else {
            throw SequencingError(
                .full,
                "etcd holds \(used) bytes, more than half of its quota of \(quota); let it compact itself (--auto-compaction-retention), or raise the quota there and in node.json"
            )
        }
        state.withLock { $0.sinceLook = 0 }
    }

    /// The head in etcd; one that went back is no head that this ledger can go on from.
    private func readHead(_ etcd: any SlotStore) async throws -> SlotHead {
        let (known, keys) = state.withLock { ($0.head, $0.keys) }
        return try takeHead(try await etcd.range(keys.head).first?.value, since: known)
    }

    /// - Parameter known: the furthest head that was seen before this one was asked for.
    private func takeHead(_ value: Bytes?, since known: SlotHead) throws -> SlotHead {
        let head =
            try value.map { try SlotHead(decoding: $0) }
            ?? SlotHead(generation: known.generation, next: 0, digest: .zero)
        guard head.generation == known.generation, head.next >= known.next,
            head.next > known.next || head.digest == known.digest
        else {
            throw SequencingError(
                .rewound,
                "etcd stands at slot \(head.next) of generation \(head.generation), \(known.next) of \(known.generation) was seen before; it was restored from an older copy or wiped"
            )
        }
        state.withLock { $0.advance(to: head) }
        return head
    }

    // MARK: Reading

    public func batch(in slot: UInt64, of epoch: UInt64, from members: MemberSet) async throws -> Batch {
        var pause = Limits.shortestPause
        while true {
            let read = try state.withLock { state in
                try Self.expect(epoch, in: state)
                return state.entries.removeValue(forKey: slot)
            }
            if let entry = read {
                return entry.batch(in: slot, ledger: ledger, members: members, epoch: epoch)
            }
            let isThere = try await persist(epoch) { try await self.read(from: slot, of: epoch, $0) }
            if isThere { continue }
            try await wait(pause)
            pause = min(pause * 2, Limits.longestPause)
        }
    }

    /// Reads entries from a slot on; false if it is not filled yet.
    private func read(from slot: UInt64, of epoch: UInt64, _ etcd: any SlotStore) async throws -> Bool {
        let keys = SlotKeys(ledger: ledger, generation: epoch)
        let found = try await etcd.range(keys.slot(slot), to: keys.endOfSlots, limit: Limits.readAhead)
        guard found.first?.key == keys.slot(slot) else {
            // Nothing there yet, unless the head says that there was.
            if try await readHead(etcd).next <= slot { return false }
            if let first = try await firstSlot(etcd), first > slot {
                throw SequencingError(.trimmed, "slot \(slot) is not kept any more, \(first) is the first")
            }
            if try await etcd.range(keys.slot(slot)).isEmpty {
                throw SequencingError(.broken, "slot \(slot) is missing in etcd")
            }
            return false
        }
        var previous: Hash32? = slot == 0 ? .zero : state.withLock { $0.digests[slot - 1] }
        var entries: [(UInt64, SlotEntry)] = []
        for (index, item) in found.enumerated() {
            let place = slot + UInt64(index)
            do {
                let entry = try entry(of: item, in: place, after: previous)
                previous = entry.digest
                entries.append((place, entry))
            } catch  where index > 0 {
                // Who asks for this slot is told; those before it hold.
                break
            }
        }
        remember(entries, of: epoch)
        return true
    }

    private func entry(
        of item: (key: Bytes, value: Bytes), in slot: UInt64, after previous: Hash32?
    ) throws -> SlotEntry {
        guard item.key == keys.slot(slot) else {
            throw SequencingError(.broken, "slot \(slot) is missing in etcd")
        }
        let entry = try SlotEntry(decoding: item.value, slot: slot)
        // The first slot that a process reads has nothing to be compared with; the ledger's own blocks are, by the node.
        guard previous == nil || entry.previous == previous else {
            throw SequencingError(.broken, "slot \(slot) does not continue the one before it")
        }
        return entry
    }

    private func remember(_ entries: [(slot: UInt64, entry: SlotEntry)], of epoch: UInt64) {
        state.withLock { state in
            guard state.head.generation == epoch else { return }
            state.entries.removeAll()
            state.digests.removeAll()
            for (slot, entry) in entries {
                state.entries[slot] = entry
                state.digests[slot] = entry.digest
            }
            if let last = entries.last {
                state.advance(to: SlotHead(generation: epoch, next: last.slot + 1, digest: last.entry.digest))
            }
        }
    }

    private func firstSlot(_ etcd: any SlotStore) async throws -> UInt64? {
        try await etcd.range(keys.slot(0), to: keys.endOfSlots, limit: 1).first.flatMap { keys.number(of: $0.key) }
    }

    // MARK: Forgetting

    public func release(through slot: UInt64, of epoch: UInt64, by members: MemberSet) async {
        let isDue = state.withLock { state in
            guard epoch == state.head.generation, slot >= state.reported + Limits.reportEvery else { return false }
            state.reported = slot
            return true
        }
        // What is not forgotten now is forgotten the next time.
        if isDue { try? await forget(through: slot, SlotKeys(ledger: ledger, generation: epoch), members) }
    }

    private func forget(through slot: UInt64, _ keys: SlotKeys, _ members: MemberSet) async throws {
        var progress: [Bytes: UInt64] = [:]
        for item in try await etcd.range(keys.progress, to: keys.endOfProgress) {
            progress[item.key] = try CBOR.decode(item.value).unsigned
        }
        progress[keys.progress(of: member)] = slot
        let all = members.members.map { progress[keys.progress(of: $0.id)] ?? 0 }.sorted()
        let quorum = all[members.count - members.quorum]
        let executed = max(all[0], quorum > Limits.kept ? quorum - Limits.kept : 0)
        let end = executed > Limits.margin ? executed - Limits.margin : 0
        try await etcd.put(
            CBOR.unsigned(slot).encoded(), at: keys.progress(of: member), deletingFrom: keys.slot(0),
            to: keys.slot(end))
    }

    // MARK: Patience

    /// Asks again until etcd answers; what no asking mends is thrown.
    private func persist<R>(_ epoch: UInt64, _ body: (any SlotStore) async throws -> R) async throws -> R {
        var pause = Limits.shortestRetry
        while true {
            try state.withLock { state in
                if state.isClosed { throw CancellationError() }
                try Self.expect(epoch, in: state)
            }
            do {
                let result = try await body(etcd)
                try state.withLock { try Self.expect(epoch, in: $0) }
                settle(nil)
                return result
            } catch let error as SequencingError where [.unreachable, .full, .refused].contains(error.code) {
                if state.withLock({ $0.isClosed }) { throw CancellationError() }
                settle(error.description)
                try await wait(pause)
                pause = min(pause * 2, Limits.longestRetry)
            }
        }
    }

    private static func expect(_ epoch: UInt64, in state: State) throws {
        guard state.head.generation == epoch else {
            throw SequencingError(.superseded, "the order of epoch \(state.head.generation) follows that of \(epoch)")
        }
    }

    private func settle(_ trouble: String?) {
        let isNew = state.withLock { state in
            defer { state.trouble = trouble }
            return (state.trouble == nil) != (trouble == nil)
        }
        if isNew { report(trouble) }
    }
}

/// Where a ledger's order lies in etcd.
struct SlotKeys: Sendable {
    private let prefix: String

    init(ledger: Hash32, generation: UInt64) {
        prefix = "cairn/\(ledger.hex)/" + (generation == 0 ? "" : "order-\(generation)/")
    }

    var head: Bytes { Bytes("\(prefix)head".utf8) }
    var progress: Bytes { Bytes("\(prefix)progress/".utf8) }
    var endOfProgress: Bytes { Bytes("\(prefix)progress0".utf8) }
    var endOfSlots: Bytes { Bytes("\(prefix)slots0".utf8) }

    func progress(of member: String) -> Bytes { progress + Bytes(member.utf8) }

    /// Sixteen digits, so that the order of keys is that of slots.
    func slot(_ number: UInt64) -> Bytes {
        let digits = String(number, radix: 16)
        return Bytes("\(prefix)slots/\(String(repeating: "0", count: 16 - digits.count))\(digits)".utf8)
    }

    func number(of key: Bytes) -> UInt64? {
        UInt64(String(decoding: key.suffix(16), as: UTF8.self), radix: 16)
    }
}
