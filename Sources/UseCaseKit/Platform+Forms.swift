import APIKit
import Ledger
import PortalKit

// Forms of pages become statements that this node signs for whoever is signed in.

extension Platform {
    /// What a form asks for, and what it is about.
    public struct Wish: Sendable {
        public let operation: Ledger.Operation
        public let subject: String

        public init(_ operation: Ledger.Operation, about subject: String) {
            self.operation = operation
            self.subject = subject
        }
    }

    /// A route that takes a form of somebody who is signed in.
    public func form(
        _ path: String, _ summary: String, tag: String, access: Route.Access,
        _ act: @escaping @Sendable (FormInput, Session) async throws -> APIResponse
    ) -> Route {
        Route(
            .post, path, summary, tag: tag, access: access, consumes: Route.formContentType, produces: "text/html"
        ) { request in
            let session = try request.requireSession()
            return try await act(FormInput(request.form), session)
        }
    }

    /// Signs and submits, and shows how far the record has come; the first refusal ends the row.
    ///
    /// - Parameters:
    ///   - title: what the page says when all is recorded.
    ///   - refused: what it says when it is not.
    public func submit(
        _ wishes: [Wish], as session: Session, title: String, refused: String = "Not recorded", back: Site.Link
    ) async throws -> APIResponse {
        var last: (id: Hash32, refusal: String?)?
        for wish in wishes {
            let (id, outcome) = try await perform(wish.operation, as: session.signer, about: wish.subject)
            last = (id, outcome.result.rejection?.message)
            if last?.refusal != nil { break }
        }
        guard let last else { throw Problem.badRequest("nothing was asked for") }
        return try page(
            SubmittedPage(
                title: last.refusal == nil ? title : refused, mark: last.refusal == nil ? .final : .rejected,
                transactionID: last.id.hex, ledgerID: node.ledger.hex,
                sentence: last.refusal ?? "Signed by you and confirmed by a quorum of the members.", back: back),
            session, status: last.refusal == nil ? 200 : 422)
    }
}
