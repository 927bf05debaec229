import APIKit
import AgriculturalTracingContract
import EPCIS
import Foundation
import Ledger
import UseCaseKit

/// Secrecy of single members of events between competitors in one chain: what is hidden is proved by whoever opens it.
struct SecrecyRoutes: Sendable {
    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .post, "/epcis/sanitised",
                "Hide members of an event before it is captured; nothing is recorded or kept",
                tag: "epcis", access: .role(TracingContract.Role.partner), consumes: "application/json",
                bodyLimit: CaptureRoutes.fileSizeLimit,
                success: (200, "The event with digests, to be captured, and the openings, for you to keep"),
                problems: [400: "epcis-validation"]
            ) { request in
                let body = try EPCISWire.checked { () throws(EPCISError) in try JSONTreeReader.read(request.body) }
                guard let event = body["event"], let given = body["levels"]?.object else {
                    throw Problem.badRequest(
                        "give event, and levels, an object of JSON pointers with public, restricted, private or linked")
                }
                var levels: [String: SanitisedEvent.Level] = [:]
                for (pointer, word) in given {
                    guard let level = word.string.flatMap(SanitisedEvent.Level.init), pointer.hasPrefix("/") else {
                        throw Problem.badRequest(
                            "\(pointer) is not a JSON pointer with public, restricted, private or linked")
                    }
                    levels[pointer] = level
                }
                let sanitised = try EPCISWire.checked { () throws(EPCISError) in
                    let sanitised = try SanitisedEvent(event, levels: levels, salt: Self.salt)
                    // Both must be events: what is hidden is as true to the standard as what is shown.
                    _ = try EPCISEvent(event, context: nil)
                    _ = try EPCISEvent(.object(sanitised.members), context: nil)
                    return sanitised
                }
                return EPCISWire.json([
                    "event": .object(sanitised.members), "openings": .array(sanitised.openings.map(\.json)),
                ])
            },
            Route(
                .post, "/epcis/openings", "Whether openings are of what a captured event hides", tag: "epcis",
                consumes: "application/json", success: (200, "For each opening whether it fits"),
                problems: [400: "bad-request", 404: "not-found"]
            ) { request in
                let body = try EPCISWire.checked { () throws(EPCISError) in try JSONTreeReader.read(request.body) }
                guard let id = body["eventID"]?.string, let items = body["openings"]?.array else {
                    throw Problem.badRequest("give eventID and openings, a list as it came with the sanitised event")
                }
                let openings = items.compactMap(SanitisedEvent.Opening.init)
                guard openings.count == items.count else {
                    throw Problem.badRequest("an opening has pointer, level, salt and value")
                }
                let events = LedgerEvents(platform: platform, reader: request.session?.participant)
                guard let (event, record) = try events.event(id: id) else { throw Problem.notFound("event \(id)") }
                return EPCISWire.json([
                    "record": .string(record.hex),
                    "openings": .array(
                        openings.map {
                            ["pointer": .string($0.pointer), "fits": .boolean(SanitisedEvent.opens($0, in: event))]
                        }),
                ])
            },
        ]
    }

    private static func salt() -> String {
        Bytes((0..<16).map { _ in UInt8.random(in: 0...255) }).hex
    }
}
