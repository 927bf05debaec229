import Ledger

/// What connects nodes and etcd: messages that are late, overtake one another, or are lost, and places that do not reach one another.
final class SimulatedNetwork: @unchecked Sendable {
    /// The place of etcd; nodes are numbered from 0.
    static let etcd = -1

    struct Lost: Error {}

    private let scheduler: Scheduler
    /// Percent of messages.
    var loss = 0
    /// µs.
    var delay: ClosedRange<UInt64> = 200...3_000
    /// Places that reach only those of the same side; one that is on none reaches all.
    var sides: [Int: Int] = [:]
    /// Nodes that run, by their present run; what was sent by or to an earlier one is lost.
    var runs: [Int: Int] = [:]

    init(_ scheduler: Scheduler) { self.scheduler = scheduler }

    func heal() {
        loss = 0
        delay = 200...3_000
        sides = [:]
    }

    private func isLost(_ from: Int, _ to: Int) -> Bool {
        isApart(from, to) || scheduler.chance(loss)
    }

    private func isApart(_ from: Int, _ to: Int) -> Bool {
        guard let here = sides[from], let there = sides[to] else { return false }
        return here != there
    }

    /// One way.
    func send(from: Int, to: Int, _ arrive: @escaping () -> Void) {
        if isLost(from, to) { return }
        let sender = runs[from]
        scheduler.after(scheduler.pick(delay)) {
            guard self.runs[from] == sender else { return }
            arrive()
        }
    }

    /// There and back; the answer may be lost though the request was carried out.
    func request<R: Sendable>(
        from: Int, to: Int, timeout: UInt64, orFail failure: any Error = Lost(),
        _ answer: @escaping @Sendable () throws -> R
    ) async throws -> R {
        let asking = runs[from]
        return try await scheduler.suspend { ticket in
            // A place that is not reached refuses at once, or says nothing.
            let isRefused = isApart(from, to) && scheduler.chance(70)
            scheduler.after(isRefused ? delay.upperBound : timeout) { ticket.use(.failure(failure)) }
            send(from: from, to: to) {
                let result = Result { try answer() }
                self.send(from: to, to: from) {
                    if self.runs[from] == asking { ticket.use(result) }
                }
            }
        }
    }
}
