import APIKit
import AgriculturalTracingContract
import Foundation
import Ledger
import UseCaseKit

/// EPCIS 2.0 capture and query: events of partners' systems become records.
struct CaptureRoutes: Sendable {
    /// Events of one capture, EPCIS 2.0 §12.6 `GS1-EPCIS-Capture-Limit`.
    static let captureLimit = 200
    /// Participant under whose key this node records what its partner sends.
    static let partner = "partner-registry"

    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .post, "/epcis/capture", "Capture an EPCIS 2.0 document", tag: "epcis",
                access: .role(TracingContract.Role.partner), consumes: "application/json", bodyLimit: 1 << 20,
                success: (201, "Every event is a final record"),
                problems: [409: "epcis-duplicate", 413: "epcis-capture-limit", 422: "epcis-validation"]
            ) { request in .json(try await capture(request.body), status: 201) },
            Route(
                .get, "/epcis/events", "Captured events, newest first", tag: "epcis",
                parameters: [.init("perPage", in: .query, "1 to 100, 30 unless given", .integer(1...100))]
            ) { request in
                let limit = try request.integer("perPage", default: 30, in: 1...100)
                let records = try platform.index.latest(contract: TracingContract.contractName, limit: 5000)
                    .filter { $0.operation == "captureEvent" && $0.rejection == nil }.prefix(limit)
                let events = try records.compactMap { record -> Any? in
                    let document = try platform.statement(of: record).operation.arguments["document"]?.bytes
                    return try document.map { try JSONSerialization.jsonObject(with: Data($0)) }
                }
                return .json(Self.queryDocument(events))
            },
        ]
    }

    /// Records the events of a document that are not records yet; none of an invalid one.
    private func capture(_ body: [UInt8]) async throws -> [String: Any] {
        let events = try EPCISDocument.events(in: body)
        guard events.count <= Self.captureLimit else {
            throw Problem(413, "epcis-capture-limit", "a capture has at most \(Self.captureLimit) events")
        }
        // What a contract would refuse is found before the first event is recorded.
        for (index, event) in events.enumerated() where event.bytes.count > TracingContract.maximumEventSize {
            throw Problem(
                422, "epcis-validation", "event \(index) has more than \(TracingContract.maximumEventSize) bytes")
        }
        var recorded: [[String: Any]] = []
        var repeated = 0
        for event in events {
            let operation = Operation(
                TracingContract.contractName, "captureEvent",
                [
                    ("hash", .hash(Hash32.sha256(event.bytes))), ("type", .text(event.type)),
                    ("eventTime", .unsigned(event.time)), ("document", .bytes(event.bytes)),
                ])
            let (id, outcome) = try await platform.perform(operation, as: Self.partner, about: "epcis:\(event.type)")
            if let rejection = outcome.result.rejection {
                // An event that is a record already needs no second one, so that a capture can be repeated after a failure.
                guard rejection.code == 8 else { throw Problem(422, "epcis-validation", rejection.message) }
                repeated += 1
            } else {
                recorded.append(["transactionId": id.hex, "type": event.type, "height": outcome.height])
            }
        }
        guard !recorded.isEmpty else {
            throw Problem(409, "epcis-duplicate", "every event of the document is a record already")
        }
        return ["events": recorded, "repeated": repeated]
    }

    private static func queryDocument(_ events: [Any]) -> [String: Any] {
        [
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "EPCISQueryDocument",
            "schemaVersion": "2.0", "creationDate": Date().formatted(.iso8601),
            "epcisBody": ["queryResults": ["queryName": "SimpleEventQuery", "resultsBody": ["eventList": events]]],
        ]
    }

    private typealias Operation = Ledger.Operation
}

/// The events of an EPCIS 2.0 JSON document (§9.6), each as bytes of its own.
enum EPCISDocument {
    struct Event {
        let type: String
        /// ms since 1970.
        let time: UInt64
        let bytes: Bytes
    }

    private static let types = [
        "ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent",
    ]

    static func events(in body: [UInt8]) throws -> [Event] {
        guard let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            document["type"] as? String == "EPCISDocument", let content = document["epcisBody"] as? [String: Any],
            let list = content["eventList"] as? [[String: Any]], !list.isEmpty
        else {
            throw Problem(422, "epcis-validation", "the body is an EPCISDocument with a non-empty epcisBody.eventList")
        }
        return try list.enumerated().map { index, event in
            guard let type = event["type"] as? String, types.contains(type) else {
                throw Problem(422, "epcis-validation", "event \(index) has no EPCIS 2.0 event type")
            }
            guard let text = event["eventTime"] as? String, let time = time(text),
                event["eventTimeZoneOffset"] is String
            else {
                throw Problem(
                    422, "epcis-validation", "event \(index) needs eventTime (RFC 3339) and eventTimeZoneOffset")
            }
            // Sorted keys make the bytes, and so the hash, independent of how the partner wrote the document.
            let bytes = try JSONSerialization.data(
                withJSONObject: event, options: [.sortedKeys, .withoutEscapingSlashes])
            return Event(type: type, time: time, bytes: Bytes(bytes))
        }
    }

    private static func time(_ text: String) -> UInt64? {
        let parsed =
            (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        return parsed.flatMap { $0.timeIntervalSince1970 > 0 ? UInt64($0.timeIntervalSince1970 * 1000) : nil }
    }
}
