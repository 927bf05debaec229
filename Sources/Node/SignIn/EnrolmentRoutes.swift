import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import SignIn
import UseCaseKit

/// How somebody from outside becomes a participant: a registrar makes a one-time code, the newcomer claims it with a key
/// made on their own side, and the registrar, who has compared the key, enrols it.
struct EnrolmentRoutes: Sendable {
    let platform: Platform
    let invitations: Invitations

    private static let tag = "enrolment"
    private static let maximum = 500

    var pages: [Route] {
        [
            Route(
                .get, EnrolmentPage.path, "Participants, and claims that wait", tag: Self.tag,
                access: .role(MembershipContract.registrar), produces: "text/html"
            ) { try page($0, invitation: nil) },
            form("/participants/invitations", "Invite a participant") { try invite($0) },
            form("/participants/answers", "Enrol who has claimed, or not") { try await answer($0) },
        ]
    }

    private func form(
        _ path: String, _ summary: String, _ handler: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) -> Route {
        Route(
            .post, path, summary, tag: Self.tag, access: .role(MembershipContract.registrar),
            consumes: Route.formContentType, produces: "text/html", handler: handler)
    }

    private func page(_ request: APIRequest, invitation: String?) throws -> APIResponse {
        let session = try request.requireSession()
        let people = try platform.state.scan(MembershipContract.participants, limit: Self.maximum)
            .filter { $0.value.organisation == nil }
        let roles = Set(people.flatMap(\.value.roles)).subtracting([MembershipContract.registrar]).sorted()
        return try platform.page(
            EnrolmentPage(
                ledgerID: platform.node.ledger.hex,
                people: people.map { id, person in
                    .init(
                        id: id, name: person.name, member: platform.node.memberName(person.member), roles: person.roles,
                        attestedBy: platform.name(of: person.attestedBy),
                        isVouchedFor: person.isVouchedFor(at: platform.node.ledgerTime))
                },
                claims: invitations.claims(for: session.signer).compactMap { claim in
                    claim.key.flatMap { Bytes(hex: $0) }.flatMap { try? VerifyingKey(coseKey: $0) }.map {
                        .init(id: claim.id, name: claim.function, roles: claim.roles, kid: $0.kid.hex)
                    }
                },
                roles: roles, members: platform.node.memberNames.map { .init(id: $0.id, name: $0.name) },
                invitation: invitation, csrfToken: session.formToken), session)
    }

    /// An id that says nothing of the person, another one on each ledger.
    private static func pseudonym() -> String {
        "p-" + (0..<8).map { _ in UInt8.random(in: 0...255) }.hex
    }

    private func invite(_ request: APIRequest) throws -> APIResponse {
        let session = try request.requireSession()
        let input = FormInput(request.form)
        let (name, role) = (try input.text("name"), try input.text("role"))
        let id = input.optional("id")?.trimmingCharacters(in: .whitespaces) ?? Self.pseudonym()
        guard id.utf8.count <= 100, name.utf8.count <= 200, role.utf8.count <= 100 else {
            throw Problem.badRequest("an id of at most 100, a name of at most 200 bytes, and a role are needed")
        }
        guard try platform.state.get(MembershipContract.participants, id) == nil else {
            throw Problem(409, "exists", "\(id) is a participant already; choose another id")
        }
        let token = try invitations.make(
            id: id, function: name, roles: [role], organisation: session.signer, administrator: session.signer,
            member: try input.text("member"))
        return try page(request, invitation: "\(platform.address)/join/\(token)")
    }

    private func answer(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let id = request.form["id"] ?? ""
        guard let claim = invitations.claims(for: session.signer).first(where: { $0.id == id }),
            let key = claim.key.flatMap({ Bytes(hex: $0) }), let member = claim.member
        else { throw Problem.notFound("claim of \(id)") }
        if request.form["answer"] == "approve" {
            let done = try await platform.perform(
                Ledger.Operation(
                    "membership", "enrolParticipant",
                    [
                        ("id", .text(id)), ("member", .text(member)), ("name", .text(claim.function)),
                        ("roles", .array(claim.roles.map { .text($0) })), ("validUntil", .null), ("key", .bytes(key)),
                    ]), as: session.signer, about: id)
            if let refusal = Problem.rejected(done.outcome) { throw refusal }
        }
        try invitations.remove(id: id, of: session.signer)
        return .redirect(to: EnrolmentPage.path)
    }
}
