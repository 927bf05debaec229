import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import SignIn
import UseCaseKit

/// The people of an organisation: invited by its administrators, joined with a key of their own, revoked; and what
/// waits for a second person.
struct OrganisationRoutes: Sendable {
    let platform: Platform
    let invitations: Invitations

    private static let tag = "organisation"
    private static let people = 500

    var pages: [Route] {
        [
            Route(.get, "/organisation", "People of my organisation", tag: Self.tag, produces: "text/html") { request in
                try page(request, invitation: nil)
            },
            form("/organisation/invitations", "Invite a person") { try invite($0) },
            form("/organisation/revocations", "Take a person's rights away") { try await revoke($0) },
            form("/organisation/two-persons", "Say which operations take two persons") { try await twoPersons($0) },
            form("/organisation/approvals", "Approve or decline as the second person") { try await answer($0) },
            Route(
                .get, "/join/{token}", "Join by an invitation", tag: Self.tag, access: .anyone,
                parameters: [.init("token", in: .path, "From the invitation")], produces: "text/html",
                rate: RateLimiter.signIn
            ) { request in
                let token = try request.parameter("token")
                let invitation = try invitation(token)
                return try platform.page(
                    JoinPage(
                        token: token, id: invitation.id, function: invitation.function,
                        organisation: platform.name(of: invitation.organisation),
                        isFromOutside: invitation.member != nil, ledgerID: platform.node.ledger.hex), nil)
            },
        ]
    }

    var api: [Route] {
        [
            Route(
                .post, "/api/v1/invitations/{token}", "Join by an invitation, with a public key", tag: Self.tag,
                access: .anyone, parameters: [.init("token", in: .path, "From the invitation")],
                consumes: "application/json", bodyLimit: 4096,
                success: (201, "Enrolled; 202 for a participant from outside, whom the registrar has to approve"),
                problems: [404: "not-found", 409: "claimed", 422: "CONTRACT-NUMBER", 503: "not-final"],
                body: .object(["key": .text]), rate: RateLimiter.signIn
            ) { try await join($0) }
        ]
    }

    private func form(
        _ path: String, _ summary: String, _ handler: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) -> Route {
        Route(
            .post, path, summary, tag: Self.tag, consumes: Route.formContentType, produces: "text/html",
            handler: handler)
    }

    // MARK: People

    private func page(_ request: APIRequest, invitation: String?) throws -> APIResponse {
        let session = try request.requireSession()
        guard let organisation = try platform.state.get(MembershipContract.participants, session.participant) else {
            throw Problem.notFound("participant \(session.participant)")
        }
        let people = try platform.state.scan(MembershipContract.participants, limit: Self.people)
            .filter { $0.value.organisation == session.participant }
        let waiting = try platform.state.scan(MembershipContract.waiting, limit: Self.people)
            .filter { $0.value.sender.id == session.participant }
        return try platform.page(
            OrganisationPage(
                name: organisation.name, ledgerID: platform.node.ledger.hex,
                people: people.map {
                    .init(
                        id: $0.key, function: $0.value.name, roles: $0.value.roles,
                        isRevoked: $0.value.revokedAt != nil)
                },
                waiting: waiting.map {
                    .init(
                        transaction: $0.key, operation: "\($0.value.operation.contract) \($0.value.operation.name)",
                        by: $0.value.sender.signer, until: Moment(milliseconds: Int64($0.value.expires)),
                        isOwn: $0.value.sender.signer == session.signer)
                },
                approvals: organisation.approvals,
                roles: [MembershipContract.administrator, MembershipContract.approver]
                    + organisation.roles.filter {
                        $0 != MembershipContract.registrar && $0 != MembershipContract.gateway
                    },
                isAdministrator: isAdministrator(session), invitation: invitation, csrfToken: session.formToken),
            session)
    }

    private func isAdministrator(_ session: Session) -> Bool {
        session.signer == session.participant || session.roles.contains(MembershipContract.administrator)
    }

    private func invite(_ request: APIRequest) throws -> APIResponse {
        let session = try request.requireSession()
        guard isAdministrator(session) else {
            throw Problem(403, "role-needed", "people are invited by administrators")
        }
        guard try platform.keys.key(of: session.signer) != nil else {
            throw Problem(403, "no-key", "this node does not hold your key; enrol people with `cairn participant`")
        }
        let (id, function) = (request.form["id"] ?? "", request.form["function"] ?? "")
        guard !id.isEmpty, id.utf8.count <= 100, !function.isEmpty, function.utf8.count <= 200 else {
            throw Problem.badRequest("a name of at most 100 and a function of at most 200 bytes are needed")
        }
        guard try platform.state.get(MembershipContract.participants, id) == nil else {
            throw Problem(409, "exists", "\(id) is a participant already; choose another name")
        }
        let token = try invitations.make(
            id: id, function: function, roles: [request.form["role"] ?? ""], organisation: session.participant,
            administrator: session.signer)
        return try page(request, invitation: "\(platform.address)/join/\(token)")
    }

    private func invitation(_ token: String) throws -> Invitations.Invitation {
        guard let invitation = invitations.invitation(token) else {
            throw Problem(404, "not-found", "this invitation is not, or no longer, valid; ask for another")
        }
        return invitation
    }

    private struct JoinRequest: Decodable {
        /// Deterministic CBOR of a COSE_Key, hex.
        let key: String
    }

    private func join(_ request: APIRequest) async throws -> APIResponse {
        let token = try request.parameter("token")
        let invitation = try invitation(token)
        guard let key = Bytes(hex: try request.json(JoinRequest.self).key) else {
            throw Problem.badRequest("key is a COSE_Key in hex")
        }
        if invitation.member != nil { return try claim(token, invitation, key) }
        let done = try await platform.perform(
            Ledger.Operation(
                "membership", "enrolPerson",
                [
                    ("id", .text(invitation.id)), ("name", .text(invitation.function)),
                    ("roles", .array(invitation.roles.map { .text($0) })), ("validUntil", .null),
                    ("key", .bytes(key)),
                ]), as: invitation.administrator, about: invitation.id)
        if let refusal = Problem.rejected(done.outcome) { throw refusal }
        try invitations.remove(token)
        return .json(["participant": invitation.id, "transaction": done.id.hex], status: 201)
    }

    /// A participant from outside shows a key; the registrar compares its thumbprint before enrolling it.
    private func claim(_ token: String, _ invitation: Invitations.Invitation, _ key: Bytes) throws -> APIResponse {
        let kid: Hash32
        do { kid = try VerifyingKey(coseKey: key).kid } catch { throw Problem.from(error) }
        guard try invitations.claim(token, key: key.hex) else {
            throw Problem(409, "claimed", "another key has claimed this enrolment; ask the registrar for a new code")
        }
        return .json(["participant": invitation.id, "kid": kid.hex], status: 202)
    }

    private func revoke(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let id = request.form["id"] ?? ""
        let done = try await platform.perform(
            Ledger.Operation("membership", "revokeParticipant", [("id", .text(id))]), as: session.signer, about: id)
        if let refusal = Problem.rejected(done.outcome) { throw refusal }
        return .redirect(to: "/organisation")
    }

    private func twoPersons(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let names = (request.form["operations"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard names.allSatisfy({ $0.split(separator: ".").count == 2 }) else {
            throw Problem.badRequest("an operation is contract.operation, for example wallet.transfer")
        }
        let done = try await platform.perform(
            Ledger.Operation(
                "membership", "requireApproval", [("operations", .array(names.map { .text($0) }))]),
            as: session.signer, about: session.participant)
        if let refusal = Problem.rejected(done.outcome) { throw refusal }
        return .redirect(to: "/organisation")
    }

    private func answer(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        guard let transaction = Hash32(hex: request.form["transaction"] ?? ""),
            let name = request.form["answer"], ["approve", "decline"].contains(name)
        else { throw Problem.badRequest("the form is incomplete; open the page again") }
        let done = try await platform.perform(
            Ledger.Operation("membership", name, [("transaction", .hash(transaction))]), as: session.signer,
            about: session.participant)
        if let refusal = Problem.rejected(done.outcome) { throw refusal }
        return .redirect(to: "/organisation")
    }
}
