import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import SignIn
import UseCaseKit

/// What a signed-in person sees and changes of their own: who vouches, keys, passkeys, keys for programs.
struct AccountRoutes: Sendable {
    let platform: Platform
    let signIn: SignInRoutes
    let apiKeys: APIKeys
    /// Scopes that exist, from the route table.
    let scopes: [String]

    private static let tag = "account"
    private static let day: UInt64 = 24 * 3600 * 1000

    var pages: [Route] {
        [
            Route(.get, "/account", "My account", tag: Self.tag, produces: "text/html") { request in
                try page(request, told: nil)
            },
            Route(
                .post, "/account/api-keys", "Make a key for a program", tag: Self.tag,
                consumes: Route.formContentType, produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                let asked = KeyRequest(
                    name: request.form["name"] ?? "", scopes: [request.form["scope"] ?? ""],
                    days: request.form["days"].flatMap { UInt64($0) } ?? 0)
                return try page(request, told: try make(asked, session).token)
            },
            Route(
                .post, "/account/delete", "Delete a passkey or a key for a program", tag: Self.tag,
                consumes: Route.formContentType, produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                if let id = request.form["passkey"] { _ = try signIn.passkeys.delete(id, of: session.signer) }
                if let id = request.form["key"] { _ = try apiKeys.delete(id, of: session.signer) }
                return .redirect(to: "/account")
            },
        ]
    }

    private func page(_ request: APIRequest, told token: String?) throws -> APIResponse {
        let session = try request.requireSession()
        let record = try platform.state.get(MembershipContract.participants, session.signer)
        return try platform.page(
            AccountPage(
                ledgerID: platform.node.ledger.hex, signer: session.signer, name: session.name,
                organisation: session.organisation, roles: session.roles,
                attestedBy: record.map { platform.name(of: $0.attestedBy) } ?? "",
                validUntil: record?.validUntil.map { Moment(milliseconds: Int64($0)) },
                keys: try platform.state.scan(MembershipContract.ownerKeys, prefix: "\(session.signer)/", limit: 20).map
                {
                    .init(
                        kid: String($0.key.dropFirst(session.signer.utf8.count + 1)), fromHeight: $0.value,
                        isHere: try platform.keys.key(of: session.signer) != nil)
                },
                passkeys: signIn.passkeys.passkeys(of: session.signer).map {
                    .init(id: $0.id, name: $0.name, since: Moment(milliseconds: Int64($0.created)))
                },
                passkeyAddress: signIn.relyingParty(request) == nil ? "http://localhost:\(signIn.port)/sign-in" : nil,
                programs: apiKeys.keys(of: session.signer).map {
                    .init(
                        id: $0.id, name: $0.name, scopes: $0.scopes, until: Moment(milliseconds: Int64($0.expires)))
                },
                scopes: scopes, newToken: token, csrfToken: session.formToken),
            session)
    }

    // MARK: Interfaces

    private struct KeyRequest: Decodable {
        let name: String
        let scopes: [String]
        let days: UInt64
    }

    private func make(_ asked: KeyRequest, _ session: Session) throws -> (token: String, key: APIKeys.Key) {
        guard session.scopes == nil else {
            throw Problem(403, "person-needed", "keys are made by people, not with another key")
        }
        guard (1...60).contains(asked.name.count) else {
            throw Problem.badRequest("name is a text of 1 to 60 characters")
        }
        guard !asked.scopes.isEmpty, asked.scopes.allSatisfy(scopes.contains) else {
            throw Problem.badRequest("scopes are among \(scopes.joined(separator: ", "))")
        }
        guard (1...400).contains(asked.days) else { throw Problem.badRequest("days is an integer from 1 to 400") }
        let expires = platform.now + asked.days * Self.day
        return try apiKeys.make(name: asked.name, signer: session.signer, scopes: asked.scopes, expires: expires)
    }

    private func told(_ key: APIKeys.Key) -> [String: Any] {
        [
            "id": key.id, "name": key.name, "scopes": key.scopes, "created": LedgerAPI.time(key.created),
            "expires": LedgerAPI.time(key.expires),
        ]
    }

    var api: [Route] {
        [
            Route(.get, "/api/v1/api-keys", "Keys of my programs, without their tokens", tag: Self.tag) { request in
                let session = try request.requireSession()
                return .json(["items": apiKeys.keys(of: session.signer).map(told)])
            },
            Route(
                .post, "/api/v1/api-keys", "Make a key for a program; its token is told this once", tag: Self.tag,
                consumes: "application/json", bodyLimit: 4096, success: (201, "The token"),
                problems: [409: "too-many-keys"],
                body: .object(["name": .text, "scopes": .choices(scopes), "days": .integer(1...400)])
            ) { request in
                let (token, key) = try make(try request.json(KeyRequest.self), try request.requireSession())
                return .json(told(key).merging(["token": token]) { $1 }, status: 201)
            },
            Route(
                .delete, "/api/v1/api-keys/{id}", "Delete a key", tag: Self.tag,
                parameters: [.init("id", in: .path, "As in the list")], success: (204, "It is gone"),
                problems: [404: "not-found"]
            ) { request in
                guard try apiKeys.delete(try request.parameter("id"), of: try request.requireSession().signer) else {
                    throw Problem.notFound("key of yours with this id")
                }
                return .noContent
            },
            Route(
                .post, "/api/v1/account/passkeys/options", "Options for navigator.credentials.create", tag: Self.tag,
                problems: [409: "no-passkeys-here"]
            ) { request in
                .json(
                    signIn.passkeys.creationOptions(
                        for: try request.requireSession(), relyingParty: try signIn.requireRelyingParty(request)))
            },
            Route(
                .post, "/api/v1/account/passkeys", "Register a passkey", tag: Self.tag, consumes: "application/json",
                bodyLimit: 64 * 1024, success: (201, "Registered"),
                problems: [
                    403: "passkey-refused, passkey-malformed", 409: "exists, too-many-passkeys, no-passkeys-here",
                ],
                body: .credential
            ) { request in
                let signer = try request.requireSession().signer
                let made = try signIn.passkeys.register(
                    try request.json(Passkeys.Credential.self),
                    name: "Passkey \(signIn.passkeys.passkeys(of: signer).count + 1)", signer: signer,
                    relyingParty: try signIn.requireRelyingParty(request), origins: signIn.origins)
                return .json(["id": made.id, "name": made.name], status: 201)
            },
        ]
    }
}
