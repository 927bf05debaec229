import APIKit
import ContractKit
import Foundation
import KeyService
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The pages about sharing readings, for owners and readers of any use case. A form becomes a statement that this node
/// signs for the signed-in participant.
struct SharingRoutes: Sendable {
    private static let tag = "sharing"

    let platform: Platform

    var routes: [Route] {
        [
            page(SharingPaths.myData, "Your data and who may read it") { _, session in
                try platform.page(SharingModel(platform, session).myData(), session)
            },
            page(SharingPaths.request("{id}"), "A request to decide on") { request, session in
                try platform.page(
                    SharingModel(platform, session).consent(try request.parameter("id")), session)
            },
            page(SharingPaths.shared, "What others share with you") { _, session in
                try platform.page(SharingModel(platform, session).sharedData(), session)
            },
            page(SharingPaths.grant("{id}"), "Readings that a grant opened") { request, session in
                try platform.page(SharingModel(platform, session).grant(try request.parameter("id")), session)
            },
            action(SharingPaths.answer("{id}"), "Answer a request", answer),
            action(SharingPaths.revoke, "End access that you gave or got", revoke),
            action(SharingPaths.change, "Publish, close or re-key a channel", change),
            action(SharingPaths.ask, "Ask an owner for readings", ask),
            action(SharingPaths.fetch("{id}"), "Fetch the keys of a grant", fetch),
        ]
    }

    private func page(
        _ path: String, _ summary: String,
        _ make: @escaping @Sendable (APIRequest, Session) throws -> APIResponse
    ) -> Route {
        Route(.get, path, summary, tag: Self.tag, produces: "text/html") { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return try make(request, session)
        }
    }

    private func action(
        _ path: String, _ summary: String,
        _ act: @escaping @Sendable (APIRequest, Session) async throws -> String
    ) -> Route {
        Route(
            .post, path, summary, tag: Self.tag, consumes: Route.formContentType, produces: "text/html"
        ) { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return .redirect(to: try await act(request, session))
        }
    }

    // MARK: Owners

    /// Grants the channels that were ticked, or refuses all.
    @Sendable private func answer(_ request: APIRequest, _ session: Session) async throws -> String {
        let id = try request.parameter("id")
        guard let asked = try platform.state.get(GrantsContract.requests, id),
            asked.terms.owner == session.participant
        else { throw Problem.notFound("request \(id) to you") }
        let form = request.form
        let allowed = asked.terms.streams.filter { form[ConsentPage.field(StreamName.channel(of: $0))] == "yes" }
        if form["answer"] == "refuse" {
            try await perform("refuse", [("id", .text(id))], as: session, about: id)
            return SharingPaths.myData
        }
        guard form["answer"] == "allow", !allowed.isEmpty else {
            throw Problem.badRequest("tick at least one channel, or refuse the request")
        }
        let terms = asked.terms
        let grant = Self.newID()
        try await perform(
            "grant",
            [
                ("id", .text(grant)), ("reader", .text(terms.reader)), ("request", .text(id)),
                ("streams", .array(allowed.map { .text($0) })), ("purpose", .text(terms.purpose)),
                ("from", .unsigned(terms.from)), ("to", .optional(terms.to)), ("until", .unsigned(terms.until)),
            ], as: session, about: grant)
        return SharingPaths.myData
    }

    @Sendable private func revoke(_ request: APIRequest, _ session: Session) async throws -> String {
        let id = request.form["grant"] ?? ""
        try await perform("revoke", [("id", .text(id))], as: session, about: id)
        let grant = try platform.state.get(GrantsContract.grants, id)
        return grant?.terms.owner == session.participant ? SharingPaths.myData : SharingPaths.shared
    }

    @Sendable private func change(_ request: APIRequest, _ session: Session) async throws -> String {
        let form = request.form
        guard let stream = form["stream"], let change = form["change"],
            ["publish", "unpublish", "rotate"].contains(change)
        else { throw Problem.badRequest("choose a channel and what to do with it") }
        try await perform(change, [("stream", .text(stream))], as: session, about: stream)
        return SharingPaths.myData
    }

    // MARK: Readers

    @Sendable private func ask(_ request: APIRequest, _ session: Session) async throws -> String {
        let form = request.form
        guard let owner = form["owner"], let purpose = form["purpose"], !purpose.isEmpty,
            let from = Self.time(form["from"]), let until = Self.time(form["until"])
        else { throw Problem.badRequest("say whose readings, which channels, what for, from when and until when") }
        let channels = (form["channels"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty }
        let streams = Set(channels.compactMap { StreamName.of(owner: owner, channel: $0) }).sorted()
        guard !streams.isEmpty else { throw Problem.badRequest("name at least one channel, for example soil") }
        let id = Self.newID()
        try await perform(
            "request",
            [
                ("id", .text(id)), ("owner", .text(owner)), ("streams", .array(streams.map { .text($0) })),
                ("purpose", .text(purpose)), ("from", .unsigned(from)), ("to", .null), ("until", .unsigned(until)),
            ], as: session, about: id)
        return SharingPaths.shared
    }

    @Sendable private func fetch(_ request: APIRequest, _ session: Session) async throws -> String {
        let id = try request.parameter("id")
        do {
            try await platform.keyService.fetch(grant: id, as: session.participant, signer: session.signer)
        } catch { throw Problem.from(error) }
        return SharingPaths.grant(id)
    }

    // MARK: Statements

    private func perform(
        _ operation: String, _ arguments: [(String, CBOR)], as session: Session, about subject: String
    ) async throws {
        let (_, outcome) = try await platform.perform(
            Ledger.Operation("grants", operation, arguments), as: session.signer, about: subject)
        if let problem = Problem.rejected(outcome) { throw problem }
    }

    /// A fresh id of a request or grant.
    private static func newID() -> String { Bytes((0..<8).map { _ in UInt8.random(in: 0...255) }).hex }

    /// Midnight in UTC of a date field, ms since 1970.
    private static func time(_ text: String?) -> UInt64? {
        guard let text, let date = try? Date("\(text)T00:00:00Z", strategy: .iso8601) else { return nil }
        return UInt64(exactly: (date.timeIntervalSince1970 * 1000).rounded())
    }
}
