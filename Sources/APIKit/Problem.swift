import Foundation

/// An error of a target that knows nothing of HTTP, and what it means to a client.
public protocol ProblemSource: Error {
    /// nil where it is the node's own trouble.
    var problem: Problem? { get }
}

/// An error answer, `application/problem+json` (RFC 9457), with a stable `code`.
public struct Problem: Error, Sendable, Hashable {
    public let status: Int
    /// Stable, in kebab case.
    public let code: String
    /// What happened, why, and what to do.
    public let detail: String
    /// What an outside standard calls it, as a URI (RFC 9457 §3.1.1); nil where the code says all, which is `about:blank` on the wire.
    public let type: String?

    public init(_ status: Int, _ code: String, _ detail: String, type: String? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.type = type
    }

    public static func notFound(_ what: String) -> Problem { Problem(404, "not-found", "there is no \(what)") }
    public static func badRequest(_ detail: String) -> Problem { Problem(400, "bad-request", detail) }
    public static let signInNeeded = Problem(
        401, "sign-in-needed", "sign in at /sign-in, or send an API key as Authorization: Bearer")
    public static let forged = Problem(
        403, "csrf", "the form is out of date; open its page again (programs: do not send the cookie)")

    public var title: String {
        switch status {
        case 400: "Bad request"
        case 401: "Sign-in needed"
        case 403: "Not allowed"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 409: "Conflict"
        case 410: "Not kept here"
        case 413: "Too large"
        case 415: "Unsupported media type"
        case 422: "Refused by a contract"
        case 429: "Too many requests"
        case 503: "Not now"
        default: "Error"
        }
    }

    /// The same problem as a standard calls it, where it has no type yet.
    func typed(_ type: String?) -> Problem {
        self.type == nil ? Problem(status, code, detail, type: type) : self
    }

    /// As the members of its JSON object.
    public var members: [String: Any] {
        var members: [String: Any] = ["title": title, "status": status, "code": code, "detail": detail]
        members["type"] = type ?? "about:blank"
        return members
    }

    public var response: APIResponse {
        var response = APIResponse.json(members, status: status)
        response.contentType = "application/problem+json"
        if status == 503 || status == 429 { response.headers.append(("Retry-After", "1")) }
        if status == 401 { response.headers.append(("WWW-Authenticate", "Bearer")) }
        return response
    }
}
