import Foundation
import Ledger
import Logging

/// Brings the batches of one stream to the node, in order, until each is final.
///
/// A round takes the oldest batches. Several are under way at once and still keep their order: each is admitted before
/// the next is sent, and only then is the outcome of all awaited, by sending the same bytes again with `Prefer: wait`,
/// which the node answers with the outcome of the transaction that it knows already.
struct Forwarder: Sendable {
    let stream: Int64
    let name: String
    let configuration: GatewayConfiguration
    let builder: BatchBuilder
    let epochs: EpochKeeper
    let store: GatewayStore
    let node: GatewayUplink
    let board: CounterBoard
    let wake: AsyncStream<Void>

    /// Runs until the task is cancelled.
    func run() async {
        var plan = ForwardPlan(pauses: configuration.rejectionPauses)
        var delay = configuration.nodePauses.lowerBound
        var wakes = wake.makeAsyncIterator()
        while !Task.isCancelled {
            do {
                switch try await turn(&plan) {
                case .worked: delay = configuration.nodePauses.lowerBound
                case .idle:
                    guard await wakes.next() != nil else { return }
                case .away:
                    try await Task.sleep(for: .seconds(delay * Double.random(in: 0.5...1)))
                    delay = min(delay * 2, configuration.nodePauses.upperBound)
                }
            } catch is CancellationError {
                return
            } catch {
                // One stream's trouble must not end the others; it is said again at each attempt.
                configuration.logger.error("readings of \(name) cannot be forwarded, trying again: \(error)")
                try? await Task.sleep(for: .seconds(configuration.nodePauses.upperBound))
            }
        }
    }

    private enum Turn {
        case idle
        case worked
        case away
    }

    private func turn(_ plan: inout ForwardPlan) async throws -> Turn {
        let batches = try await store.unsettled(stream: stream, limit: max(1, configuration.inFlight))
        switch plan.step(batches, now: Date().timeIntervalSince1970) {
        case .idle: return .idle
        case .wait(let seconds):
            try await Task.sleep(for: .seconds(seconds))
            return .worked
        case .send(let again):
            let signed = try await signAgain(again, batches)
            if let obstacle = try await announce(signed) { return obstacle }
            let outcome = try await round(signed)
            if let rejected = outcome.firstRejected { plan.rejected(rejected, now: Date().timeIntervalSince1970) }
            return outcome.isAway ? .away : .worked
        }
    }

    private func signAgain(_ indices: [Int], _ batches: [StoredBatch]) async throws -> [StoredBatch] {
        guard !indices.isEmpty else { return batches }
        let now = UInt64(Date().timeIntervalSince1970)
        for index in indices {
            let batch = batches[index]
            var key: EpochKey?
            if batch.rejectionCode == ForwardPlan.notPublished {
                key = try await epochs.key(stream: stream, name: name)
            }
            let signed = try again(batch, key: key, now: now)
            try await store.persist { [store] in try await store.replace(batch.id, with: signed) }
        }
        let count = UInt64(indices.count)
        board.update { $0.resigned += count }
        return try await store.unsettled(stream: stream, limit: batches.count)
    }

    /// A batch that was in the open while its stream no longer is gets sealed; every other one keeps its body.
    private func again(_ batch: StoredBatch, key: EpochKey?, now: UInt64) throws -> SignedBatch {
        let statement =
            if let key {
                try builder.seal(again: batch.statement, key: key, now: now)
            } else {
                try builder.signAgain(batch.statement, now: now)
            }
        return SignedBatch(
            stream: stream, first: batch.first, last: batch.last, epoch: key?.epoch.number ?? batch.epoch,
            statement: statement)
    }

    /// Registers and delivers the keys of these batches before the batches go; nil when that is done.
    private func announce(_ batches: [StoredBatch]) async throws -> Turn? {
        for number in Set(batches.map(\.epoch)).sorted() where number > 0 {
            switch try await epochs.announce(stream: stream, name: name, number: number) {
            case .final: continue
            case .underway: return .worked
            case .away(let reason):
                configuration.logger.debug("epoch \(number) of \(name) is not announced yet: \(reason)")
                return .away
            case .rejected(let code, let reason):
                configuration.logger.warning("epoch \(number) of \(name) was refused: \(code): \(reason)")
                return .away
            }
        }
        return nil
    }

    // MARK: One round

    private struct Outcome {
        var firstRejected: StoredBatch?
        var isAway = false
    }

    private func round(_ batches: [StoredBatch]) async throws -> Outcome {
        try await store.persist { [store] in
            try await store.markSent(batches.filter { !$0.wasSent }.map(\.id))
        }
        var answers: [Int: NodeAnswer] = [:]
        for (index, batch) in batches.enumerated() {
            // A single batch needs no second request: its outcome is awaited right away.
            let answer = await node.submit(batch.statement, waits: batches.count == 1)
            answers[index] = answer
            // What follows a batch that was not taken would only be refused for not continuing the stream.
            if answer != .final && answer != .underway { break }
        }
        let open = answers.filter { $0.value == .underway }.keys
        await withTaskGroup(of: (Int, NodeAnswer).self) { group in
            for index in open { group.addTask { (index, await outcome(of: batches[index])) } }
            for await (index, answer) in group { answers[index] = answer }
        }
        return try await note(answers, batches)
    }

    /// Asks until the outcome is known or the node is gone.
    private func outcome(of batch: StoredBatch) async -> NodeAnswer {
        while !Task.isCancelled {
            let answer = await node.submit(batch.statement, waits: true)
            if answer != .underway { return answer }
            // A node that does not wait must not be asked in a tight loop.
            try? await Task.sleep(for: .milliseconds(50))
        }
        return .away(reason: "the gateway is stopping")
    }

    private func note(_ answers: [Int: NodeAnswer], _ batches: [StoredBatch]) async throws -> Outcome {
        var outcome = Outcome()
        var settled: [StoredBatch] = []
        var rejected: [(id: Int64, code: String, reason: String)] = []
        for index in answers.keys.sorted() {
            let batch = batches[index]
            switch answers[index] {
            case .final: settled.append(batch)
            case .rejected(let code, let reason):
                rejected.append((batch.id, code, reason))
                outcome.firstRejected = outcome.firstRejected ?? batch
                configuration.logger.warning(
                    "the node rejected readings \(batch.first) to \(batch.last) of \(name): \(code): \(reason)")
            case .away(let reason):
                outcome.isAway = true
                configuration.logger.debug("the node is away: \(reason)")
            case .underway, .none: break
            }
        }
        let (ids, refusals) = (settled.map(\.id), rejected)
        try await store.persist { [store] in
            try await store.settle(ids, rejected: refusals, now: UInt64(Date().timeIntervalSince1970 * 1000))
        }
        let readings = settled.reduce(0) { $0 + $1.count }
        let batchCount = UInt64(settled.count)
        board.update { counters in
            counters.backlog -= readings
            counters.settled += UInt64(readings)
            counters.batches += batchCount
            for refusal in refusals { counters.rejections[refusal.code, default: 0] += 1 }
        }
        return outcome
    }
}
