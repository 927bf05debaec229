import Ledger
import Sequencing

/// Bringing statements into the order.
extension LedgerNode {
    func appendBatches() async {
        for await _ in wakes {
            while let batch = takeBatch() {
                let slot: UInt64
                do { slot = try await sequencer.append(batch) } catch is CancellationError { return } catch {
                    // The order is not what it was, which who follows it finds out.
                    state.withLock { state in
                        state.isFilling = false
                        requeue(batch.statements, &state)
                    }
                    break
                }
                state.withLock { state in
                    state.isFilling = false
                    if batch.epoch == state.epoch, slot >= state.nextSlot {
                        state.filled[slot] = batch.statements
                    } else {
                        // It was executed before this node hears where it is, or a new order was begun just now.
                        requeue(batch.statements, &state)
                    }
                }
                let rest = Limits.restPerStatement * batch.statements.count
                if rest >= Limits.shortestRest { try? await pause(min(rest, Limits.longestRest)) }
            }
        }
    }

    private func takeBatch() -> Batch? {
        let now = clock()
        let own = replicas.compactMap {
            peers == nil ? SignedClock(member: $0.member.id, clock: now) : $0.signed(now)
        }
        return state.withLock { state in
            let timerDue = state.slotsInFlight == 0 && state.nextTimer.map { $0 <= now } ?? false
            guard state.failure == nil, state.halt == nil, isSigning(state),
                state.finality.unsigned.count < Limits.unsignedBlocks,
                state.hasWorthwhileBatch || timerDue
            else { return nil }
            var bytes = 0
            let statements = state.queue.prefix(Batch.maximumCount).prefix { statement in
                bytes += statement.bytes.count
                return bytes <= Batch.maximumBytes
            }
            state.queue.removeFirst(statements.count)
            for statement in statements { state.entries[statement.id]?.ordered = true }
            state.isFilling = true
            return Batch(
                epoch: state.epoch, proposer: serving.member.id,
                clocks: own + state.clocks.values.sorted { $0.member < $1.member },
                statements: Array(statements))
        }
    }

    /// Puts back statements of which no block came: the slot that they were put into counted for nothing. What became of the others is told.
    func requeue(_ statements: [Statement], _ state: inout State) {
        let executed = Set(state.finality.unsigned.flatMap { $0.block.items.map(\.result.transaction) })
        let lost = statements.filter { state.entries[$0.id]?.ordered == true && !executed.contains($0.id) }
        for statement in lost { state.entries[statement.id]?.ordered = false }
        state.queue.insert(contentsOf: lost, at: 0)
    }

    /// Whether what this node brings into the order counts: it is nothing to the others where its member is none, or has another key.
    func isSigning(_ state: State) -> Bool { serving.key(in: state.finality.members.current) != nil }

    /// What was in slots that nobody reads any more is brought into the new order; what was executed all the same is found out there.
    func beginOrder(_ epoch: UInt64, _ state: inout State) {
        state.epoch = epoch
        let lost = state.filled.sorted { $0.key < $1.key }.flatMap(\.value)
        state.filled = [:]
        state.executed = [:]
        state.nextSlot = 0
        requeue(lost, &state)
    }
}
