import APIKit
import AgriculturalTracingContract
import EPCIS
import Foundation
import Ledger
import UseCaseKit

/// EPCIS 2.0 capture (§12.6): events of partners' systems become records, anchored by their CBV hash.
struct CaptureRoutes: Sendable {
    /// Events of one capture, `GS1-EPCIS-Capture-Limit`.
    static let captureLimit = 200
    /// Bytes of one capture, `GS1-EPCIS-Capture-File-Size-Limit`.
    static let fileSizeLimit = 1 << 20

    let platform: Platform
    private let jobs = CaptureJobs()

    init(platform: Platform) { self.platform = platform }

    private typealias Agri = TracingContract
    private static let captureID = Route.Parameter("captureID", in: .path, "From the Location of a capture")

    private static let problems = [
        400: "epcis-validation", 403: "role-needed, no-key", 409: "epcis-duplicate",
        413: "epcis-capture-limit, too-large",
    ]

    var routes: [Route] {
        let partner = Route.Access.role(Agri.Role.partner)
        return [
            EPCISWire.discovery("/epcis/capture", "What capture takes", access: .signedIn, Self.limits),
            EPCISWire.discovery("/epcis/events", "What the events interface takes", access: .signedIn, Self.limits),
            EPCISWire.discovery(
                "/epcis/capture/{captureID}", "What capture takes", access: .signedIn, Self.limits,
                parameters: [Self.captureID]),
            Route(
                .post, "/epcis/capture", "Capture an EPCIS 2.0 document", tag: "epcis", access: partner,
                parameters: [
                    .init(
                        "GS1-Capture-Error-Behaviour", in: .header,
                        "rollback (unless given): all events or none; proceed: every one that can be",
                        .pattern("rollback|proceed")),
                    .init("Prefer", in: .header, "wait=SECONDS answers 201 once the job is done (RFC 7240)"),
                ],
                consumes: "application/json", bodyLimit: Self.fileSizeLimit,
                success: (202, "The capture job's state; its address is in Location"), problems: Self.problems
            ) { request in try await capture(request) },
            Route(
                .get, "/epcis/capture", "Your capture jobs, newest first", tag: "epcis", access: partner,
                parameters: EPCISWire.paging
            ) { request in
                let (perPage, start) = try EPCISWire.page(request)
                let all = jobs.all(of: try request.requireSession().participant, on: platform.node.ledger)
                let shown = all.dropFirst(start).prefix(perPage)
                let next = start + shown.count < all.count ? "\(start + shown.count)" : nil
                return EPCISWire.json(.array(shown.map(\.json)), next: next, request, platform)
            },
            Route(
                .get, "/epcis/capture/{captureID}", "A capture job", tag: "epcis", access: partner,
                parameters: [Self.captureID]
            ) { request in
                let id = try request.parameter("captureID")
                let all = jobs.all(of: try request.requireSession().participant, on: platform.node.ledger)
                guard let job = all.first(where: { $0.id == id }) else { throw Problem.notFound("capture job \(id)") }
                return EPCISWire.json(job.json)
            },
            Route(
                .post, "/epcis/events", "Capture one EPCIS 2.0 event", tag: "epcis", access: partner,
                consumes: "application/json", bodyLimit: Self.fileSizeLimit,
                success: (201, "The event is a final record"), problems: Self.problems
            ) { request in
                let event = try EPCISWire.checked { () throws(EPCISError) in
                    try EPCISEvent(JSONTreeReader.read(request.body), context: nil)
                }
                try requireFitting([event])
                if let problem = try await record(event, as: try request.requireSession()) { throw problem }
                var answer = EPCISWire.json(.object(event.members), status: 201)
                answer.headers.append(("Location", "/epcis/events/\(EPCISWire.escaped(event.id))"))
                return answer
            },
        ]
    }

    private static let limits = [
        ("GS1-EPCIS-Capture-Limit", "\(captureLimit)"), ("GS1-EPCIS-Capture-File-Size-Limit", "\(fileSizeLimit)"),
        ("GS1-Capture-Error-Behaviour", "all"),
    ]

    private func capture(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let behaviour = request.headers["gs1-capture-error-behaviour"] ?? "rollback"
        guard let mode = CaptureJob.Behaviour(rawValue: behaviour) else {
            throw Problem.badRequest("GS1-Capture-Error-Behaviour is rollback or proceed")
        }
        let events = try EPCISWire.checked { () throws(EPCISError) in try EPCISDocument(request.body).events }
        guard events.count <= Self.captureLimit else {
            throw Problem(
                413, "epcis-capture-limit", "a capture has at most \(Self.captureLimit) events")
        }
        // What the ledger would refuse is found before the first event is recorded, so that rolling back needs no undoing.
        try requireFitting(events)
        let new = try events.filter { try platform.state.get(Agri.partnerEvents, $0.anchor.hex) == nil }
        guard !new.isEmpty || events.isEmpty else {
            throw Self.duplicate("every event of the document is a record already")
        }
        let job = jobs.open(
            of: session.participant, on: platform.node.ledger, mode, now: EventTime(milliseconds: Int64(platform.now)))
        let work = Task { await perform(job, events, mode, session) }
        var status = 202
        if let wait = request.preferredWait, wait > 0 {
            await work.value
            status = 201
        }
        let current = jobs.all(of: session.participant, on: platform.node.ledger).first { $0.id == job }
        var answer = EPCISWire.json(current?.json ?? .object([:]), status: status)
        answer.headers.append(("Location", "/epcis/capture/\(job)"))
        return answer
    }

    private func perform(_ job: String, _ events: [EPCISEvent], _ mode: CaptureJob.Behaviour, _ session: Session) async
    {
        for (index, event) in events.enumerated() {
            do {
                guard let problem = try await record(event, as: session) else {
                    jobs.recorded(job)
                    continue
                }
                // An event that is a record already needs no second one: a capture can be repeated after a failure.
                jobs.failed(job, problem, at: index, isError: problem.status != 409)
                if problem.status != 409, mode == .rollback { break }
            } catch {
                let problem = error as? Problem ?? Problem(503, "not-final", "\(error)")
                jobs.failed(job, problem, at: index, isError: true)
                if mode == .rollback { break }
            }
        }
        jobs.close(job, now: EventTime(milliseconds: Int64(platform.now)))
    }

    /// Signs the event's record with the key of the one who captures, and waits until it is final.
    ///
    /// - Returns: why the ledger refused it; nil where it is a record now.
    private func record(_ event: EPCISEvent, as session: Session) async throws -> Problem? {
        let operation = Operation(
            Agri.contractName, "captureEvent",
            [
                ("hash", .hash(event.anchor)), ("type", .text(event.type)), ("event", .text(event.id)),
                ("eventTime", .unsigned(UInt64(max(0, event.time.milliseconds)))),
                ("canonical", .bytes(Bytes(event.hash.canonical.utf8))), ("document", .bytes(Bytes(event.encoded))),
            ])
        let (_, outcome) = try await platform.perform(
            operation, as: session.signer, about: "epcis:\(event.hash.uri)")
        guard let rejection = outcome.result.rejection else { return nil }
        return rejection.code == 8
            ? Self.duplicate("the event \(event.hash.uri) is a record already")
            : Problem(400, "epcis-validation", rejection.message)
    }

    private func requireFitting(_ events: [EPCISEvent]) throws {
        for (index, event) in events.enumerated()
        where event.encoded.count > Agri.maximumEventSize || event.hash.canonical.utf8.count > Agri.maximumCanonicalSize
            || event.id.utf8.count > 200 || event.type.utf8.count > 200
        {
            throw Problem(
                413, "epcis-capture-limit",
                "event \(index) has more than \(Agri.maximumEventSize) bytes, or an id of more than 200; put large extensions elsewhere and their hash into it"
            )
        }
    }

    private static func duplicate(_ detail: String) -> Problem {
        Problem(409, "epcis-duplicate", detail)
    }

    private typealias Operation = Ledger.Operation
}

extension EPCISEvent {
    /// The event hash as the ledger has it.
    var anchor: Hash32 { Hash32.sha256(Bytes(hash.canonical.utf8)) }
}
