import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Pictures and reports: laid down by who signed their hash, and shown to everybody with whether they are still what was signed.
struct DocumentRoutes: Sendable {
    let platform: Platform

    var routes: [Route] {
        let hash = Route.Parameter("hash", in: .path, "SHA-256 of the document", .hash)
        return [
            Route(
                .post, "/api/v1/tracing/documents/{hash}", "Lay down a document whose hash is on the ledger",
                tag: "agricultural-tracing", parameters: [hash], consumes: "application/octet-stream",
                bodyLimit: DocumentFolder.maximumSize, success: (201, "It is kept"),
                problems: [403: "not-yours", 404: "not-found", 413: "too-large", 422: "document-hash"]
            ) { request in
                let (hash, record) = try found(request)
                guard record.by == (try request.requireSession()).participant else {
                    throw Problem(403, "not-yours", "this document was signed by \(platform.name(of: record.by))")
                }
                try platform.documents.keep(Bytes(request.body), as: hash)
                return .json(["document": hash.hex, "about": record.about], status: 201)
            },
            Route(
                .get, "/api/v1/tracing/documents/{hash}", "A document, compared with its hash",
                tag: "agricultural-tracing",
                access: .anyone, parameters: [hash], produces: "application/octet-stream",
                problems: [404: "not-found", 409: "document-altered"]
            ) { request in
                let (hash, record) = try found(request)
                switch platform.documents.find(hash) {
                case .whole(let bytes):
                    var answer = APIResponse.bytes(Array(bytes), record.mediaType)
                    let isPicture = record.mediaType.hasPrefix("image/")
                    answer.headers = [
                        ("Content-Security-Policy", "default-src 'none'; sandbox"),
                        ("X-Content-Type-Options", "nosniff"),
                        (
                            "Content-Disposition",
                            isPicture ? "inline" : "attachment; filename=\"\(hash.hex.prefix(12))\""
                        ),
                        ("Repr-Digest", "sha-256=:\(Data(hash.bytes).base64EncodedString()):"),
                    ]
                    return answer
                case .altered:
                    throw Problem(
                        409, "document-altered", "what lies here is not what was signed: its SHA-256 is another")
                case .absent:
                    throw Problem.notFound("document at this node; ask \(platform.name(of: record.by))")
                }
            },
        ]
    }

    private func found(_ request: APIRequest) throws -> (Hash32, Attachment) {
        guard let hash = Hash32(hex: try request.parameter("hash")),
            let record = try platform.state.get(TracingContract.documents, hash.hex)
        else {
            throw Problem.notFound("document of this hash on the ledger; record it with attach or with a report first")
        }
        return (hash, record)
    }

    /// How what lies here compares with its hash, for pages.
    static func state(of hash: Hash32, at platform: Platform) -> BoxRecord.Picture.State {
        switch platform.documents.find(hash) {
        case .whole: .matches
        case .altered: .altered
        case .absent: .absent
        }
    }

    static func address(_ hash: String) -> String { "/api/v1/tracing/documents/\(hash)" }
}
