import APIKit
import EPCIS
import Foundation
import Ledger
import Synchronization

/// One capture as EPCIS 2.0 shows it (§12.6.1).
struct CaptureJob: Sendable {
    enum Behaviour: String, Sendable { case rollback, proceed }

    let id: String
    let participant: String
    let ledger: Hash32
    let behaviour: Behaviour
    let createdAt: EventTime
    var finishedAt: EventTime?
    var isSuccess = true
    var recorded = 0
    var errors: [JSONValue] = []

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "captureID": .string(id), "createdAt": .string(createdAt.text), "running": .boolean(finishedAt == nil),
            "success": .boolean(isSuccess), "captureErrorBehaviour": .string(behaviour.rawValue),
            "errors": .array(errors), "recorded": .number("\(recorded)"),
        ]
        members["finishedAt"] = finishedAt.map { .string($0.text) }
        return .object(members)
    }
}

/// Capture jobs of this node since it started. What they recorded is on the ledger; how they went is told for a while.
final class CaptureJobs: Sendable {
    /// The oldest are forgotten beyond it.
    static let maximum = 1000

    private let jobs = Mutex<[CaptureJob]>([])

    /// Newest first.
    func all(of participant: String, on ledger: Hash32) -> [CaptureJob] {
        jobs.withLock { $0.reversed().filter { $0.participant == participant && $0.ledger == ledger } }
    }

    func open(of participant: String, on ledger: Hash32, _ behaviour: CaptureJob.Behaviour, now: EventTime) -> String {
        let id = UUID().uuidString.lowercased()
        jobs.withLock {
            $0.append(
                CaptureJob(id: id, participant: participant, ledger: ledger, behaviour: behaviour, createdAt: now))
            if $0.count > Self.maximum { $0.removeFirst() }
        }
        return id
    }

    func recorded(_ id: String) { change(id) { $0.recorded += 1 } }

    /// - Parameter isError: false for an event that was recorded before.
    func failed(_ id: String, _ problem: Problem, at index: Int, isError: Bool) {
        change(id) {
            $0.errors.append([
                "type": .string(
                    problem.type ?? EPCISWire.problemTypes[problem.status] ?? "epcisException:ImplementationException"),
                "title": .string(problem.title), "status": .number("\(problem.status)"),
                "detail": .string(problem.detail), "code": .string(problem.code),
                "event": .number("\(index)"),
            ])
            if isError { $0.isSuccess = false }
        }
    }

    func close(_ id: String, now: EventTime) { change(id) { $0.finishedAt = now } }

    private func change(_ id: String, _ body: (inout CaptureJob) -> Void) {
        jobs.withLock { jobs in
            guard let place = jobs.lastIndex(where: { $0.id == id }) else { return }
            body(&jobs[place])
        }
    }
}
