import APIKit
import EPCIS
import Foundation
import UseCaseKit

/// Named queries and subscriptions (EPCIS 2.0 §12.8, §12.9).
struct QueryRoutes: Sendable {
    let platform: Platform
    let desk: QueryDesk

    private static let name = Route.Parameter("queryName", in: .path, "As it was created")
    private static let subscription = Route.Parameter(
        "subscriptionID", in: .path, "From the Location of the subscription")

    var routes: [Route] { queries + subscriptions }

    /// Of a named query and what belongs to it.
    private static func discovery(_ rest: String) -> Route {
        EPCISWire.discovery(
            "/epcis/queries/{queryName}\(rest)", "What the query interface takes", access: .signedIn,
            parameters: [name] + (rest.contains("subscriptionID") ? [subscription] : []))
    }

    private var queries: [Route] {
        [
            EPCISWire.discovery("/epcis/queries", "What the query interface takes", access: .signedIn),
            Self.discovery(""), Self.discovery("/events"), Self.discovery("/subscriptions"),
            Self.discovery("/subscriptions/{subscriptionID}"),
            Route(
                .post, "/epcis/queries", "Create a named query", tag: "epcis", consumes: "application/json",
                success: (201, "It can be asked for its events"),
                problems: [400: "epcis-query", 409: "epcis-exists, epcis-full"]
            ) { request in
                let body = try Self.object(request.body)
                guard let name = body["name"]?.string, Self.isName(name), let definition = body["query"] else {
                    throw Problem.badRequest(
                        "give name (1 to 60 letters, digits, - and _) and query, an object of parameters")
                }
                let query = QueryDesk.Query(
                    ledger: platform.node.ledger, name: name, owner: try request.requireSession().participant,
                    query: try EPCISWire.checked { () throws(EPCISError) in try EventQuery(definition) })
                do throws(QueryDesk.Refusal) { try desk.add(query) } catch {
                    throw Self.problem(error, "query \(name)")
                }
                var answer = EPCISWire.json(query.json, status: 201)
                answer.headers.append(("Location", "/epcis/queries/\(name)"))
                return answer
            },
            Route(.get, "/epcis/queries", "Named queries", tag: "epcis", parameters: EPCISWire.paging) { request in
                let (perPage, start) = try EPCISWire.page(request)
                let all = desk.all(on: platform.node.ledger)
                let shown = all.dropFirst(start).prefix(perPage)
                let next = start + shown.count < all.count ? "\(start + shown.count)" : nil
                return EPCISWire.json(.array(shown.map(\.json)), next: next, request, platform)
            },
            Route(.get, "/epcis/queries/{queryName}", "A named query", tag: "epcis", parameters: [Self.name]) {
                request in
                // GS1's interface answers a list here, too.
                EPCISWire.json(.array([try query(request).json]))
            },
            Route(
                .delete, "/epcis/queries/{queryName}", "Delete a query of yours with its subscriptions", tag: "epcis",
                parameters: [Self.name], success: (204, "It is gone"), problems: [403: "not-yours"]
            ) { request in
                let query = try query(request)
                try requireOwner(query.owner, request)
                desk.remove(query.name, on: query.ledger)
                return .noContent
            },
            Route(
                .get, "/epcis/queries/{queryName}/events", "Events of a named query, newest record first", tag: "epcis",
                parameters: [Self.name] + EventRoutes.paging
            ) { request in
                let query = try query(request)
                return try EventRoutes(platform: platform).answer(request, query.query, named: query.name)
            },
        ]
    }

    private var subscriptions: [Route] {
        let path = "/epcis/queries/{queryName}/subscriptions"
        return [
            Route(
                .post, path, "Have events of a query sent as they come", tag: "epcis", parameters: [Self.name],
                consumes: "application/json", success: (201, "Events that become records from now on are sent"),
                problems: [409: "epcis-full"]
            ) { request in try subscribe(request) },
            Route(.get, path, "Your subscriptions to a query", tag: "epcis", parameters: [Self.name]) { request in
                let owner = try request.requireSession().participant
                return EPCISWire.json(.array(try query(request).subscriptions.filter { $0.owner == owner }.map(\.json)))
            },
            Route(
                .get, path + "/{subscriptionID}", "A subscription of yours", tag: "epcis",
                parameters: [Self.name, Self.subscription]
            ) { request in EPCISWire.json(try subscription(request).json) },
            Route(
                .delete, path + "/{subscriptionID}", "Nothing is sent any more", tag: "epcis",
                parameters: [Self.name, Self.subscription], success: (204, "It is gone")
            ) { request in
                let query = try query(request)
                _ = desk.unsubscribe(try subscription(request).id, from: query.name, on: query.ledger)
                return .noContent
            },
        ]
    }

    private func subscribe(_ request: APIRequest) throws -> APIResponse {
        let query = try query(request)
        let body = try Self.object(request.body)
        guard let destination = body["dest"]?.string, Self.isDestination(destination) else {
            throw Problem.badRequest("dest is an https URL, or an http URL on this machine")
        }
        guard body["stream"] == .boolean(true), body["schedule"] == nil else {
            throw Problem.badRequest("say \"stream\": true; schedules are not served")
        }
        let subscription = QueryDesk.Subscription(
            id: UUID().uuidString.lowercased(), owner: try request.requireSession().participant,
            destination: destination, signatureToken: body["signatureToken"]?.string,
            createdAt: EventTime(milliseconds: Int64(platform.now)), next: platform.node.finalHeight + 1)
        do throws(QueryDesk.Refusal) { try desk.subscribe(subscription, to: query.name, on: query.ledger) } catch {
            throw Self.problem(error, "subscription to \(query.name)")
        }
        var answer = EPCISWire.json(subscription.json, status: 201)
        answer.headers.append(("Location", "/epcis/queries/\(query.name)/subscriptions/\(subscription.id)"))
        return answer
    }

    private func query(_ request: APIRequest) throws -> QueryDesk.Query {
        let name = try request.parameter("queryName")
        guard let query = desk.query(name, on: platform.node.ledger) else { throw Problem.notFound("query \(name)") }
        return query
    }

    /// Nobody sees where the events of others go.
    private func subscription(_ request: APIRequest) throws -> QueryDesk.Subscription {
        let id = try request.parameter("subscriptionID")
        let owner = try request.requireSession().participant
        guard let found = try query(request).subscriptions.first(where: { $0.id == id && $0.owner == owner }) else {
            throw Problem.notFound("subscription \(id)")
        }
        return found
    }

    private func requireOwner(_ owner: String, _ request: APIRequest) throws {
        guard try request.requireSession().participant == owner else {
            throw Problem(
                403, "not-yours", "this query is \(platform.name(of: owner))'s")
        }
    }

    private static func object(_ body: [UInt8]) throws -> [String: JSONValue] {
        guard let members = try EPCISWire.checked({ () throws(EPCISError) in try JSONTreeReader.read(body) }).object
        else {
            throw Problem.badRequest("the body is a JSON object")
        }
        return members
    }

    private static func problem(_ refusal: QueryDesk.Refusal, _ what: String) -> Problem {
        switch refusal {
        case .exists:
            Problem(
                409, "epcis-exists", "there is a \(what) already")
        case .full: Problem(409, "epcis-full", "no \(what) more fits here; delete one first")
        }
    }

    private static func isName(_ name: String) -> Bool {
        (1...60).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    /// Events leave this node encrypted, except for a receiver on the same machine.
    private static func isDestination(_ text: String) -> Bool {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty else { return false }
        return url.scheme == "https" || url.scheme == "http" && ["127.0.0.1", "localhost", "::1"].contains(host)
    }
}
