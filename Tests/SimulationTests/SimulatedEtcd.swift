import EtcdSequencing
import Ledger
import Sequencing

/// An etcd as the network shows it: calls that are late, lost, or done without an answer; and, when it lies, another content for some readers.
final class SimulatedEtcd: @unchecked Sendable {
    typealias Content = [(key: Bytes, value: Bytes)]

    private let scheduler: Scheduler
    private let network: SimulatedNetwork
    /// What readers are shown; all see the first unless it lies.
    private var branches: [Content] = [[]]
    private var shown: [Int: Int] = [:]
    /// Every content that the first branch had.
    private var history: [Content] = []
    /// Told of each slot that was filled, as a watch would be.
    private var watchers: [(node: Int, told: (UInt64) -> Void)] = []

    init(_ scheduler: Scheduler, _ network: SimulatedNetwork) {
        self.scheduler = scheduler
        self.network = network
    }

    // MARK: Lies

    /// Shows some readers a content that goes its own way from now on.
    func split(_ readers: [Int]) {
        branches.append(branches[0])
        for reader in readers { shown[reader] = branches.count - 1 }
    }

    func show(_ branch: Int, to reader: Int) { shown[reader] = branch }

    /// Goes back to what it held before.
    func rewind() {
        guard history.count > 2 else { return }
        branches[0] = history[Int(scheduler.pick(0...UInt64(history.count - 2)))]
    }

    /// Loses all it held.
    func wipe() { branches[0] = [] }

    /// Leaves a slot out, or shows the one before it in its place.
    func damage(repeating: Bool) {
        let slots = branches[0].indices.filter { Self.slot(branches[0][$0].key) != nil }
        guard slots.count > 2 else { return }
        let place = slots[Int(scheduler.pick(1...UInt64(slots.count - 1)))]
        if repeating {
            branches[0][place].value = branches[0][place - 1].value
        } else {
            branches[0].remove(at: place)
        }
    }

    func watch(by node: Int, _ told: @escaping (UInt64) -> Void) { watchers.append((node, told)) }

    static func slot(_ key: Bytes) -> UInt64? {
        let text = String(decoding: key, as: UTF8.self)
        guard text.contains("/slots/") else { return nil }
        return UInt64(text.suffix(16), radix: 16)
    }

    // MARK: Calls

    func store(of node: Int) -> any SlotStore { View(etcd: self, node: node) }

    private struct View: SlotStore {
        let etcd: SimulatedEtcd
        let node: Int

        func range(_ start: Bytes, to end: Bytes?, limit: Int) async throws -> [(key: Bytes, value: Bytes)] {
            try await etcd.call(node) { content in
                let first = SimulatedEtcd.place(of: start, in: content)
                let found = content[first...].prefix { item in
                    end.map { item.key.lexicographicallyPrecedes($0) } ?? (item.key == start)
                }
                return Array(limit > 0 ? found.prefix(limit) : found).map { Pair(key: $0.key, value: $0.value) }
            }.map { ($0.key, $0.value) }
        }

        func put(_ values: [(key: Bytes, value: Bytes)], ifKey key: Bytes, is expected: Bytes?) async throws
            -> SlotWrite
        {
            let values = values.map { Pair(key: $0.key, value: $0.value) }
            return try await etcd.call(node) { content in
                let place = SimulatedEtcd.place(of: key, in: content)
                let present = place < content.count && content[place].key == key ? content[place].value : nil
                guard present == expected else { return .found(present) }
                for item in values { SimulatedEtcd.set(item.key, item.value, in: &content) }
                return .written
            }
        }

        func put(_ value: Bytes, at key: Bytes, deletingFrom start: Bytes, to end: Bytes) async throws {
            try await etcd.call(node) { content in
                SimulatedEtcd.set(key, value, in: &content)
                content.removeAll {
                    !$0.key.lexicographicallyPrecedes(start) && $0.key.lexicographicallyPrecedes(end)
                }
            }
        }

        func bytesInUse() async throws -> Int? { nil }
        func close() {}
    }

    private struct Pair: Sendable {
        let key: Bytes
        let value: Bytes
    }

    private func call<R: Sendable>(
        _ node: Int, _ body: @escaping @Sendable (inout Content) -> R
    ) async throws -> R {
        let lost = SequencingError(.unreachable, "etcd does not answer")
        return try await network.request(from: node, to: SimulatedNetwork.etcd, timeout: 4_000_000, orFail: lost) {
            let branch = self.shown[node] ?? 0
            let before = self.branches[branch].count
            let result = body(&self.branches[branch])
            if self.branches[branch].count > before {
                if branch == 0 { self.history.append(self.branches[0]) }
                self.tell(branch)
            }
            return result
        }
    }

    private func tell(_ branch: Int) {
        guard let slot = branches[branch].reversed().lazy.compactMap({ Self.slot($0.key) }).first else { return }
        for watcher in watchers {
            network.send(from: SimulatedNetwork.etcd, to: watcher.node) { watcher.told(slot) }
        }
    }

    fileprivate static func place(of key: Bytes, in content: Content) -> Int {
        var low = 0
        var high = content.count
        while low < high {
            let middle = (low + high) / 2
            if content[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate static func set(_ key: Bytes, _ value: Bytes, in content: inout Content) {
        let place = place(of: key, in: content)
        if place < content.count, content[place].key == key {
            content[place].value = value
        } else {
            content.insert((key, value), at: place)
        }
    }
}

/// The planted bug: an order that is taken from what a watch tells, as it comes.
final class WatchedOrder: Sequencer, @unchecked Sendable {
    private let slots: EtcdSequencer
    private let scheduler: Scheduler
    private var told: [UInt64] = []
    private var waiting: Ticket<UInt64>?

    init(_ slots: EtcdSequencer, _ etcd: SimulatedEtcd, _ scheduler: Scheduler, node: Int) {
        self.slots = slots
        self.scheduler = scheduler
        etcd.watch(by: node) { slot in
            if let waiting = self.waiting {
                self.waiting = nil
                waiting.use(.success(slot))
            } else {
                self.told.append(slot)
            }
        }
    }

    var trouble: String? { slots.trouble }
    func bounds() async throws -> Range<UInt64> { try await slots.bounds() }
    func append(_ batch: Batch) async throws -> UInt64 { try await slots.append(batch) }
    func release(through slot: UInt64, of epoch: UInt64, by members: MemberSet) async {}
    func close() { slots.close() }
    func begin(_ epoch: UInt64) { slots.begin(epoch) }

    func batch(in slot: UInt64, of epoch: UInt64, from members: MemberSet) async throws -> Batch {
        let next: UInt64
        if told.isEmpty {
            next = try await scheduler.suspend { self.waiting = $0 }
        } else {
            next = told.removeFirst()
        }
        return try await slots.batch(in: next, of: epoch, from: members)
    }
}
