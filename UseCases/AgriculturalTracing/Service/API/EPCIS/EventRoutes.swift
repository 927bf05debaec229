import APIKit
import EPCIS
import Foundation
import Ledger
import UseCaseKit

/// Events as EPCIS 2.0 answers them (§12.7): what partners captured and what the ledger's own records say.
struct EventRoutes: Sendable {
    let platform: Platform

    static let paging: [Route.Parameter] = [
        .init("perPage", in: .query, "1 to 100, 30 unless given", .integer(1...100)),
        .init(
            "nextPageToken", in: .query, "From the Link header of the page before", .pattern("[0-9]{1,18}-[0-9]{1,3}")),
    ]

    var routes: [Route] {
        let eventID = Route.Parameter("eventID", in: .path, "The event's eventID, percent-encoded")
        return [
            EPCISWire.discovery(
                "/epcis/events/{eventID}", "What the events interface takes", access: .signedIn, parameters: [eventID]),
            Route(
                .get, "/epcis/events",
                "Events that partners captured or records of the ledger tell, newest record first",
                tag: "epcis", parameters: Self.paging + Self.parameters, problems: [400: "epcis-query"]
            ) { request in
                let names = Set(EventQuery.names)
                var parameters: [String: [String]] = [:]
                for (name, value) in request.query where !["perPage", "nextPageToken"].contains(name) {
                    parameters[name] = names.contains(name) ? Self.values(value, of: name) : [value]
                }
                let query = try EPCISWire.checked { () throws(EPCISError) in try EventQuery(parameters) }
                return try answer(request, query, named: "SimpleEventQuery")
            },
            Route(
                .get, "/epcis/events/{eventID}", "One event", tag: "epcis",
                parameters: [eventID]
            ) { request in
                let id = try request.parameter("eventID")
                guard
                    let (event, record) = try LedgerEvents(platform: platform, reader: request.session?.participant)
                        .event(id: id)
                else {
                    throw Problem.notFound("event \(id)")
                }
                // A document with the one event: GS1's interface has the same answer for one and for many.
                var answer = EPCISWire.json(document([event], named: "SimpleEventQuery"))
                answer.headers.append(("Link", "</api/v1/transactions/\(record.hex)>; rel=\"describedby\""))
                return answer
            },
        ]
    }

    /// A page of events that a query selects.
    func answer(_ request: APIRequest, _ query: EventQuery, named name: String) throws -> APIResponse {
        let perPage = try request.integer("perPage", default: 30, in: 1...100)
        let place = try request.query["nextPageToken"].map { token in
            guard let place = LedgerEvents.Place(token) else {
                throw Problem.badRequest("nextPageToken is from the Link header of the page before")
            }
            return place
        }
        let page = try LedgerEvents(platform: platform, reader: request.session?.participant)
            .page(query, after: place, limit: perPage)
        return EPCISWire.json(document(page.events, named: name), next: page.next?.text, request, platform)
    }

    private func document(_ events: [LedgerEvents.Event], named name: String) -> JSONValue {
        EPCISDocument.queryAnswer(
            events.map { .object($0) }, queryName: name, now: EventTime(milliseconds: Int64(platform.now)))
    }

    /// Values of one parameter are separated by commas; a URI may have one of its own.
    private static func values(_ text: String, of name: String) -> [String] {
        guard text.contains(","), !name.hasSuffix("Time") else { return [text] }
        let parts = text.split(separator: ",").map(String.init)
        return ["eventType", "EQ_action"].contains(name) ? parts : parts + [text]
    }

    /// A date that there is, with a time and its zone, in this century.
    private static let timePattern =
        "20([0-9]{2}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        + "|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01]))|([02468][048]|[13579][26])-02-29)"
        + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"

    private static let parameters: [Route.Parameter] = EventQuery.names.map { name in
        let form: Route.Parameter.Form
        switch name {
        case _ where name.hasSuffix("Time"):
            form = .pattern(Self.timePattern)
        case "eventType": form = .pattern("(Object|Aggregation|Transaction|Transformation|Association)Event")
        case "EQ_action": form = .pattern("ADD|OBSERVE|DELETE")
        case "EXISTS_errorDeclaration": form = .pattern("true|false")
        default: form = .text
        }
        return Route.Parameter(name, in: .query, "EPCIS 2.0 §8.2.7.1; several values with commas between them", form)
    }
}
