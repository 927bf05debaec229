import LedgerStore
import Synchronization
import TestSupport

/// Time, chance and the order of everything: one thread takes the tasks of all nodes and the events of the world around them, one at a time,
/// in an order that follows from a seed.
///
/// `@unchecked` holds because that thread alone touches what is here, but for `ready`, which a database's thread adds to.
final class Scheduler: @unchecked Sendable {
    private struct Event {
        let time: UInt64
        let number: UInt64
        let action: () -> Void
    }

    /// What a seed begins with, ms since 1970.
    static let start: UInt64 = 1_700_000_000_000

    var random: SeededGenerator
    /// µs since the start.
    private(set) var now: UInt64 = 0
    /// Stands for everything that was done, in its order.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var steps = 0
    private let ready = Mutex<[(executor: NodeExecutor, job: UnownedJob)]>([])
    private var events: [Event] = []
    private var numbers: UInt64 = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The machine's clock, ms since 1970.
    var clock: UInt64 { Self.start + now / 1000 }

    // MARK: Chance

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    func pick(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }

    // MARK: Events

    func add(_ job: UnownedJob, _ executor: NodeExecutor) { ready.withLock { $0.append((executor, job)) } }

    /// - Parameter delay: µs.
    func after(_ delay: UInt64, _ action: @escaping () -> Void) {
        numbers += 1
        let event = Event(time: now + delay, number: numbers, action: action)
        // Most events are near: looked for from the end, where the earliest are.
        var place = events.count
        while place > 0, (events[place - 1].time, events[place - 1].number) < (event.time, event.number) { place -= 1 }
        events.insert(event, at: place)
    }

    /// Does one thing; false when nothing is left to do.
    func step() -> Bool {
        steps += 1
        let next = ready.withLock { ready -> (executor: NodeExecutor, job: UnownedJob)? in
            if ready.isEmpty { return nil }
            return ready.remove(at: Int.random(in: 0..<ready.count, using: &random))
        }
        if let next {
            mix(UInt64(next.executor.number))
            next.executor.run(next.job)
            return true
        }
        guard let event = events.popLast() else { return false }
        now = event.time
        mix(event.time)
        event.action()
        return true
    }

    func mix(_ value: UInt64) { trace = (trace ^ value) &* 0x100_0000_01B3 }

    // MARK: Waiting

    /// Suspends a task until its ticket is used, at the latest when it is cancelled.
    func suspend<R: Sendable>(_ begin: (Ticket<R>) -> Void) async throws -> R {
        let ticket = Ticket<R>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                ticket.continuation = continuation
                if Task.isCancelled { ticket.use(.failure(CancellationError())) } else { begin(ticket) }
            }
        } onCancel: {
            ticket.use(.failure(CancellationError()))
        }
    }

    func sleep(_ duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        let delay = UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
        try await suspend { ticket in after(delay) { ticket.use(.success(())) } }
    }
}

/// Resumes a task once. Used on the scheduler's thread only, which is what makes `@unchecked` hold.
final class Ticket<R: Sendable>: @unchecked Sendable {
    var continuation: CheckedContinuation<R, any Error>?

    func use(_ result: Result<R, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }
}

/// Where the tasks of one run of a node are put; nothing runs before the scheduler says so.
final class NodeExecutor: TaskExecutor {
    let number: Int
    private let scheduler: Scheduler
    private let store: LedgerStore

    init(number: Int, scheduler: Scheduler, store: LedgerStore) {
        self.number = number
        self.scheduler = scheduler
        self.store = store
    }

    func enqueue(_ job: consuming ExecutorJob) { scheduler.add(UnownedJob(job), self) }

    func run(_ job: UnownedJob) {
        store.withHeldDisk { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
