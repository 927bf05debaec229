import Ledger
import Synchronization

/// The order of a consortium whose members all live in this process.
///
/// Slots live in memory until every member has executed them. What was executed is in the members' stores; what was not had not been
/// acknowledged as final to anybody, so nothing needs to be on a disk here.
public final class EmbeddedSequencer: Sequencer {
    private struct State {
        var epoch: UInt64 = 0
        var slots: [UInt64: Batch] = [:]
        var first: UInt64 = 0
        var next: UInt64 = 0
        var waiting: [UInt64: [CheckedContinuation<Batch, any Error>]] = [:]
        var closed = false
    }

    private let state = Mutex(State())

    public init() {}

    public func bounds() async -> Range<UInt64> { state.withLock { $0.first..<$0.next } }

    /// Nothing keeps memory from working.
    public var trouble: String? { nil }

    public func append(_ batch: Batch) async throws -> UInt64 {
        let (slot, waiting) = try state.withLock { state in
            guard !state.closed else { throw CancellationError() }
            guard batch.epoch == state.epoch else { throw Self.superseded(by: state.epoch) }
            let slot = state.next
            state.next += 1
            state.slots[slot] = batch
            return (slot, state.waiting.removeValue(forKey: slot) ?? [])
        }
        for reader in waiting { reader.resume(returning: batch) }
        return slot
    }

    public func batch(in slot: UInt64, of epoch: UInt64, from members: MemberSet) async throws -> Batch {
        try await withCheckedThrowingContinuation { reader in
            let ready: Result<Batch, any Error>? = state.withLock { state in
                guard epoch == state.epoch else { return .failure(Self.superseded(by: state.epoch)) }
                if let batch = state.slots[slot] { return .success(batch) }
                if slot < state.first { return .failure(SequencingError(.trimmed, "slot \(slot) was executed")) }
                if state.closed { return .failure(CancellationError()) }
                state.waiting[slot, default: []].append(reader)
                return nil
            }
            if let ready { reader.resume(with: ready) }
        }
    }

    public func release(through slot: UInt64, of epoch: UInt64, by members: MemberSet) async {
        state.withLock { state in
            guard epoch == state.epoch else { return }
            while state.first <= slot, state.slots.removeValue(forKey: state.first) != nil { state.first += 1 }
        }
    }

    public func begin(_ epoch: UInt64) {
        let waiting = state.withLock { state in
            defer { state = State(epoch: epoch, closed: state.closed) }
            return state.waiting.values.flatMap { $0 }
        }
        for reader in waiting { reader.resume(throwing: Self.superseded(by: epoch)) }
    }

    private static func superseded(by epoch: UInt64) -> SequencingError {
        SequencingError(.superseded, "the order is that of epoch \(epoch)")
    }

    public func close() {
        let waiting = state.withLock { state in
            state.closed = true
            defer { state.waiting.removeAll() }
            return state.waiting.values.flatMap { $0 }
        }
        for reader in waiting { reader.resume(throwing: CancellationError()) }
    }
}
