import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import Replica
import Sequencing
import SignIn
import UseCaseKit

/// Ways in: a link, a passkey, or a key that the ledger knows.
struct SignInRoutes: Sendable {
    let platform: Platform
    let sessions: Sessions
    let challenges: Challenges
    let passkeys: Passkeys
    let directory: Directory
    let useCases: [any UseCase]
    /// The port of the portal, for the origins that passkeys may come from.
    let port: Int

    static let tag = "sign-in"
    private static let clock: @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1000) }

    var pages: [Route] {
        [
            Route(
                .get, "/sign-in", "Sign in", tag: Self.tag, access: .anyone, produces: "text/html"
            ) { request in
                try platform.page(
                    SignInPage(
                        ledgerID: platform.node.ledger.hex,
                        passkeyAddress: relyingParty(request) == nil ? "http://localhost:\(port)/sign-in" : nil),
                    request.session)
            },
            Route(
                .get, "/sign-in/{token}", "Sign in by a link that the node printed", tag: Self.tag, access: .anyone,
                parameters: [.init("token", in: .path, "From the link")], produces: "text/html",
                rate: RateLimiter.signIn
            ) { request in
                guard let cookie = sessions.signIn(withLink: try request.parameter("token")) else {
                    throw Problem(
                        403, "link-unknown",
                        "this link is not, or no longer, valid; the node prints a new one at its start")
                }
                return signedIn(cookie)
            },
            Route(
                .post, "/sign-out", "Sign out", tag: Self.tag, consumes: Route.formContentType,
                produces: "text/html"
            ) { request in
                var response = APIResponse.redirect(to: "/")
                response.headers.append(("Set-Cookie", sessions.signOut(cookieHeader: request.headers["cookie"])))
                return response
            },
        ]
    }

    var api: [Route] { [challenge, byKey, passkeyOptions, byPasskey] }

    private func signedIn(_ cookie: String) -> APIResponse {
        let session = sessions.session(authorization: nil, cookie: cookie)
        var response = APIResponse.redirect(to: session.map { home(for: $0.roles) } ?? "/account")
        response.headers.append(("Set-Cookie", cookie))
        return response
    }

    /// The page that somebody with these roles works on.
    private func home(for roles: [String]) -> String {
        useCases.compactMap { $0.home(for: roles) }.first
            ?? (roles.contains(MembershipContract.registrar) ? EnrolmentPage.path : "/account")
    }

    // MARK: By a key of the ledger

    private struct ChallengeRequest: Decodable {
        /// 32 bytes in hex that the node signs with its challenge.
        let nonce: String
    }

    private var challenge: Route {
        Route(
            .post, "/api/v1/sign-in/challenges", "A challenge to sign, itself signed by the node's member",
            tag: Self.tag,
            access: .anyone, consumes: "application/json", bodyLimit: 1024, success: (201, "Good for one answer"),
            body: .object(["nonce": .hash]), rate: RateLimiter.signIn
        ) { request in
            let asked = try request.json(ChallengeRequest.self)
            guard let nonce = Hash32(hex: asked.nonce) else { throw Problem.badRequest("nonce is 32 bytes in hex") }
            let (challenge, expires) = challenges.make()
            let proof = KeySignIn.proof(
                nonce: nonce.bytes, challenge: Bytes(hex: challenge) ?? [], ledger: platform.node.ledger,
                with: platform.node.serving.member.keys.shown)
            return .json(
                [
                    "challenge": challenge, "ledger": platform.node.ledger.hex, "expires": LedgerAPI.time(expires),
                    "member": platform.node.serving.member.id, "proof": proof.hex,
                ], status: 201)
        }
    }

    private var byKey: Route {
        Route(
            .post, "/api/v1/sign-in/key", "Sign in with a key that the ledger knows", tag: Self.tag, access: .anyone,
            parameters: [
                .init("cookie", in: .query, "1: a cookie for a browser, in place of a token", .integer(1...1))
            ],
            consumes: "application/cbor", bodyLimit: 1024, success: (201, "The token of a session of an hour"),
            problems: [403: "answer-refused"], rate: RateLimiter.signIn
        ) { request in
            let wantsCookie = try request.integer("cookie", default: 0, in: 1...1) == 1
            let answer: KeySignIn.Answer
            do { answer = try KeySignIn.Answer(decoding: request.body) } catch { throw Problem.from(error) }
            guard challenges.take(answer.challenge.hex) else {
                throw Problem(403, "answer-refused", "the challenge is unknown or too old; ask for another")
            }
            guard let key = try directory.key(answer.kid, of: answer.participant),
                answer.isSigned(by: key, ledger: platform.node.ledger),
                let identity = directory.identity(of: answer.participant)
            else {
                throw Problem(
                    403, "answer-refused", "no valid key of \(answer.participant) signed this; enrol it, or use another"
                )
            }
            if wantsCookie {
                var response = APIResponse.json(
                    ["participant": identity.participant, "home": home(for: identity.roles)], status: 201)
                response.headers.append(("Set-Cookie", sessions.cookie(for: identity.signer)))
                return response
            }
            return .json(
                [
                    "participant": identity.participant, "signer": identity.signer,
                    "token": sessions.token(for: identity.signer),
                    "expires": LedgerAPI.time(Self.clock() + Sessions.Limits.tokenAge),
                ], status: 201)
        }
    }

    // MARK: By a passkey

    /// The site that a passkey is for: an address in numbers cannot have one (WebAuthn §5.1.3, a valid domain string).
    func relyingParty(_ request: APIRequest) -> String? {
        let host = request.host.split(separator: ":").first.map(String.init) ?? ""
        return host == "localhost" ? host : nil
    }

    var origins: [String] { ["http://localhost:\(port)"] }

    func requireRelyingParty(_ request: APIRequest) throws -> String {
        guard let host = relyingParty(request) else {
            throw Problem(
                409, "no-passkeys-here", "passkeys need a name for a host; open http://localhost:\(port)/sign-in")
        }
        return host
    }

    private var passkeyOptions: Route {
        Route(
            .post, "/api/v1/sign-in/passkey/options", "Options for navigator.credentials.get", tag: Self.tag,
            access: .anyone, problems: [409: "no-passkeys-here"], rate: RateLimiter.signIn
        ) { request in .json(passkeys.requestOptions(relyingParty: try requireRelyingParty(request))) }
    }

    private var byPasskey: Route {
        Route(
            .post, "/api/v1/sign-in/passkey", "Sign in with a passkey", tag: Self.tag, access: .anyone,
            consumes: "application/json", bodyLimit: 16 * 1024, success: (201, "A cookie, and where to go"),
            problems: [403: "passkey-refused, passkey-malformed", 409: "no-passkeys-here"], body: .credential,
            rate: RateLimiter.signIn
        ) { request in
            let site = try requireRelyingParty(request)
            let credential = try request.json(Passkeys.Credential.self)
            let signer = try passkeys.verify(credential, relyingParty: site, origins: origins)
            guard let identity = directory.identity(of: signer) else {
                throw Problem(403, "passkey-refused", "nobody vouches for \(signer) any more")
            }
            var response = APIResponse.json(
                ["participant": identity.participant, "home": home(for: identity.roles)], status: 201)
            response.headers.append(("Set-Cookie", sessions.cookie(for: signer)))
            return response
        }
    }
}
