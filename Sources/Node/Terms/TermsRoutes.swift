import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Terms in words: read, tried out, signed with one's own key, and kept as a copy whose hash is the one on the ledger.
struct TermsRoutes: Sendable {
    private static let tag = "terms"
    private static let maximumListed = 500

    let platform: Platform

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/terms", "Terms in force, and whether I signed them", tag: Self.tag
            ) { request in
                .json(["items": try listed(try request.requireSession())])
            },
            Route(
                .get, "/api/v1/terms/{issuer}/{name}/{version}", "A text of terms, octet by octet as it was hashed",
                tag: Self.tag, parameters: Self.place, produces: "text/plain", problems: [404: "not-found"]
            ) { request in
                let (place, text) = try found(request)
                var answer = APIResponse.text(text.text)
                answer.headers = [
                    ("Content-Disposition", "attachment; filename=\"\(place.name)-\(place.version).txt\""),
                    ("Repr-Digest", "sha-256=:\(Data(text.hash.bytes).base64EncodedString()):"),
                ]
                return answer
            },
        ]
    }

    var pages: [Route] {
        [
            Route(.get, TermsPage.path, "Terms that can be signed", tag: Self.tag, produces: "text/html") { request in
                let session = try request.requireSession()
                return try platform.page(try list(session), session)
            },
            Route(
                .get, "\(TermsPage.path)/{issuer}/{name}/{version}", "Terms in words", tag: Self.tag,
                produces: "text/html", problems: [404: "not-found"]
            ) { request in
                let session = try request.requireSession()
                let (terms, text) = try found(request)
                return try platform.page(try page(terms, text, session), session)
            },
            platform.form("\(TermsPage.path)/sign", "Sign terms", tag: Self.tag, access: .signedIn) { input, session in
                guard let bytes = Bytes(hex: try input.text("hash")), let hash = Hash32(bytes) else {
                    throw Problem.badRequest("the hash of the text is 64 hex digits")
                }
                let terms = SignedTerms(
                    issuer: try input.text("issuer"), name: try input.text("name"), version: try input.text("version"),
                    hash: hash)
                return try await platform.submit(
                    [.init(try platform.signing(terms, by: session), about: session.participant)], as: session,
                    title: "Signed with your key",
                    back: .init(
                        title: "The text and your copy",
                        href: TermsPage.path(issuer: terms.issuer, name: terms.name, version: terms.version)))
            },
        ]
    }

    private static let place: [Route.Parameter] = [
        .init("issuer", in: .path, "Whose terms"), .init("name", in: .path, "Which of them"),
        .init("version", in: .path, "As published"),
    ]

    private func found(_ request: APIRequest) throws -> (SignedTerms, TermsText) {
        let (issuer, name) = (try request.parameter("issuer"), try request.parameter("name"))
        let version = try request.parameter("version")
        guard let text = try platform.state.get(TermsContract.texts, "\(issuer)/\(name)/\(version)") else {
            throw Problem.notFound("version \(version) of the terms \(name) of \(issuer)")
        }
        return (SignedTerms(issuer: issuer, name: name, version: version, hash: text.hash), text)
    }

    private func inForce() throws -> [(terms: SignedTerms, text: TermsText)] {
        try platform.state.scan(TermsContract.latest, limit: Self.maximumListed).compactMap { key, version in
            let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, let text = try platform.state.get(TermsContract.texts, "\(key)/\(version)") else {
                return nil
            }
            return (SignedTerms(issuer: parts[0], name: parts[1], version: version, hash: text.hash), text)
        }
    }

    private func signature(_ terms: SignedTerms, of session: Session) throws -> TermsSignature? {
        try platform.state.get(
            TermsContract.signatures, "\(session.participant)/\(terms.issuer)/\(terms.name)")
    }

    // MARK: As JSON

    private func listed(_ session: Session) throws -> [[String: Any]] {
        try inForce().map { terms, text in
            let signature = try signature(terms, of: session)
            return [
                "issuer": terms.issuer, "name": terms.name, "version": terms.version, "title": text.title,
                "hash": text.hash.hex, "signedVersion": signature?.version ?? NSNull(),
                "signedHash": signature?.hash.hex ?? NSNull(),
                "transaction": signature?.transaction.hex ?? NSNull(),
            ]
        }
    }

    // MARK: Pages

    private func list(_ session: Session) throws -> WorkPage {
        WorkPage(
            kicker: "Terms", title: "What I sign",
            lead: "Read before you sign. What you sign is the text itself, by its hash.",
            tables: [
                Table(
                    caption: "Terms in force",
                    columns: [.init("Terms"), .init("Of"), .init("Version"), .init("You")],
                    rows: try inForce().map { terms, text in
                        let signature = try signature(terms, of: session)
                        return [
                            .link(
                                text.title,
                                href: TermsPage.path(issuer: terms.issuer, name: terms.name, version: terms.version)),
                            .text(platform.name(of: terms.issuer)), .text(terms.version),
                            signature.map {
                                $0.hash == text.hash
                                    ? .mark("signed", .good) : .mark("signed version \($0.version)", .neutral)
                            } ?? .mark("not signed", .neutral),
                        ]
                    }, empty: .init("Nobody has published terms on this ledger yet."))
            ])
    }

    private func page(_ terms: SignedTerms, _ text: TermsText, _ session: Session) throws -> TermsPage {
        let signature = try signature(terms, of: session)
        let isInForce =
            try platform.state.get(TermsContract.latest, "\(terms.issuer)/\(terms.name)") == terms.version
        let isOpen = isInForce && signature?.hash != text.hash && terms.issuer != session.participant
        var (words, form): (String?, Form?)
        if isOpen {
            let (result, changes) = try platform.node.rehearse(
                try platform.signing(terms, by: session), by: session.signer)
            words = Self.words(result.rejection?.message, changes: changes.count)
            if result.rejection == nil { form = Self.signing(terms, session) }
        }
        return TermsPage(
            title: text.title, issuer: platform.name(of: terms.issuer), version: terms.version,
            publishedAt: Moment(milliseconds: Int64(clamping: text.publishedAt)), hash: text.hash.hex,
            text: text.text,
            copy: "/api/v1/terms/\(terms.issuer)/\(terms.name)/\(terms.version)",
            signature: signature.map {
                .init(
                    version: $0.version, signedAt: Moment(milliseconds: Int64(clamping: $0.signedAt)),
                    record: ExplorerPaths.transaction($0.transaction.hex, ledger: platform.node.ledger.hex))
            },
            rehearsal: words, form: form)
    }

    private static func signing(_ terms: SignedTerms, _ session: Session) -> Form {
        Form(
            id: "sign", title: "Sign these terms", action: "\(TermsPage.path)/sign", fields: [],
            fixed: [
                .init("issuer", terms.issuer), .init("name", terms.name), .init("version", terms.version),
                .init("hash", terms.hash.hex),
            ], submit: "Sign with my key", csrfToken: session.formToken)
    }

    private static func words(_ refusal: String?, changes: Int) -> String {
        if let refusal { return "If you signed now it would be refused: \(refusal)." }
        return "Tried out, nothing is signed yet: the ledger would take your signature and change "
            + "\(changes == 1 ? "one entry" : "\(changes) entries")."
    }
}
