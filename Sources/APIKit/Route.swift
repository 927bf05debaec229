import HTTPTypes

/// One row of the route table, from which the router, the OpenAPI document and the tests are made.
public struct Route: Sendable {
    public enum Method: String, Sendable, CaseIterable {
        case get, post, delete, options

        var http: HTTPRequest.Method {
            switch self {
            case .get: .get
            case .post: .post
            case .delete: .delete
            case .options: .options
            }
        }

        /// RFC 9110 §9.2.1: it asks and changes nothing.
        var isSafe: Bool { self == .get || self == .options }
    }

    /// Who may call. What is not said to be public needs a session.
    public enum Access: Sendable, Hashable {
        case anyone
        /// A session of a participant with this role.
        case role(String)
        /// A session of a participant with one of these roles.
        case roles(Set<String>)
        case signedIn
    }

    public struct Parameter: Sendable {
        public enum Place: String, Sendable { case path, query, header }
        /// What a value looks like, for the OpenAPI document.
        public enum Form: Sendable {
            case text
            /// 32 bytes in hex.
            case hash
            case integer(ClosedRange<Int64>)
            /// A regular expression of the whole text.
            case pattern(String)
        }
        public let name: String
        public let place: Place
        public let description: String
        public let form: Form
        public let isRequired: Bool

        public init(
            _ name: String, in place: Place, _ description: String, _ form: Form = .text, isRequired: Bool = false
        ) {
            self.name = name
            self.place = place
            self.description = description
            self.form = form
            self.isRequired = isRequired || place == .path
        }
    }

    /// A JSON body as far as it is described.
    public enum Body: Sendable {
        public enum Member: Sendable {
            case text
            case texts
            /// 32 bytes in hex.
            case hash
            case integer(ClosedRange<Int64>)
            case boolean
            case choices([String])
        }

        /// An object with these members and no others need to be there.
        case object([String: Member])
        /// A browser's `PublicKeyCredential` as JSON (WebAuthn §5.1).
        case credential
    }

    /// What a browser sends a form as.
    public static let formContentType = "application/x-www-form-urlencoded"

    public typealias Handler = @Sendable (APIRequest) async throws -> APIResponse

    public let method: Method
    /// OpenAPI notation: `/api/v1/transactions/{id}`.
    public let path: String
    public let summary: String
    public let tag: String
    public private(set) var access: Access
    public let parameters: [Parameter]
    /// Media type of the request body; nil for none.
    public let consumes: String?
    /// What a JSON body holds, for the OpenAPI document.
    public let body: Body?
    /// JSON Schema of the successful answer, where an outside standard has one.
    public let answer: String?
    /// Largest request body, bytes.
    public let bodyLimit: Int
    /// Media type of the successful answer.
    public let produces: String
    /// Status of success, with what it means.
    public let success: (status: Int, description: String)
    /// Codes of problems it answers with, by status.
    public let problems: [Int: String]
    /// What a program's key must allow for this route: `<tag>:read` or `<tag>:write`.
    public var scope: String { "\(tag):\(method.isSafe ? "read" : "write")" }
    /// Whether the caller is limited, and how. A signed statement is limited by the ledger's queue instead, which answers 503.
    public let rate: RateLimiter.Rate?
    /// Pages are left out of the OpenAPI document.
    public var isPage: Bool { produces == "text/html" }
    public let handler: Handler
    /// See ``calling(_:)``.
    public private(set) var problemTypes: [Int: String] = [:]
    /// See ``answeringEveryoneWithTheirOwn()``.
    public private(set) var answersWithOwn = false
    /// See ``answeredDirectly(_:)``.
    public internal(set) var direct: Direct?

    /// The same route for those of whoever is signed in that have one of these roles.
    public func restricted(to roles: Set<String>) -> Route {
        guard access == .signedIn, !answersWithOwn else { return self }
        var route = self
        route.access = .roles(roles)
        return route
    }

    /// The same route, whose problems have the types (RFC 9457 §3.1.1) that an outside standard gives them, by status.
    public func calling(_ types: [Int: String]) -> Route {
        var route = self
        route.problemTypes = types
        return route
    }

    /// The same route, left open by ``restricted(to:)``: its handler gives each caller what concerns them and no more.
    public func answeringEveryoneWithTheirOwn() -> Route {
        var route = self
        route.answersWithOwn = true
        return route
    }

    public init(
        _ method: Method, _ path: String, _ summary: String, tag: String, access: Access = .signedIn,
        parameters: [Parameter] = [], consumes: String? = nil, bodyLimit: Int = 64 * 1024,
        produces: String = "application/json", success: (status: Int, description: String) = (200, "OK"),
        problems: [Int: String] = [:], body: Body? = nil, answer: String? = nil,
        rate: RateLimiter.Rate? = RateLimiter.requests,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.tag = tag
        self.access = access
        self.parameters = parameters
        self.consumes = consumes
        self.body = body
        self.answer = answer
        self.bodyLimit = bodyLimit
        self.produces = produces
        self.success = success
        self.problems = problems
        self.rate = rate
        self.handler = handler
    }
}
