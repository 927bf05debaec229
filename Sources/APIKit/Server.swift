import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore

/// Serves a route table over HTTP.
public struct Server: Sendable {
    /// Pieces of a stream that wait for a slow reader.
    private static let streamBuffer = 64
    /// As answers name it.
    static let name = "cairn"

    private let routes: [Route]
    private let sessions: Sessions
    private let limiter = RateLimiter()
    private let logger: Logger
    /// Turns a problem into a page for browsers; nil answers problem+json to everybody.
    private let problemPage: (@Sendable (Problem, Session?) -> String?)?
    private let headers: HTTPFields

    /// - Parameter headers: sent with every page.
    public init(
        routes: [Route], sessions: Sessions, logger: Logger, headers: [(name: String, value: String)] = [],
        problemPage: (@Sendable (Problem, Session?) -> String?)? = nil
    ) {
        self.routes = routes
        self.sessions = sessions
        self.logger = logger
        self.headers = HTTPFields(
            headers.compactMap { name, value in
                HTTPField.Name(name).map { HTTPField(name: $0, value: value) }
            })
        self.problemPage = problemPage
    }

    /// Runs until cancelled; `ready` gets the port once connections are accepted.
    ///
    /// - Parameter security: with it, connections are TLS and nothing else.
    public func run(
        host: String, port: Int, security: TLSConfiguration? = nil, ready: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let router = Router(context: CallerContext.self)
        for route in routes {
            router.on(RouterPath(route.path), method: route.method.http) { request, context in
                await self.answer(request, context, route)
            }
            guard route.method == .get else { continue }
            // RFC 9110 §9.3.2: as GET, without the body.
            router.on(RouterPath(route.path), method: .head) { request, context in
                var response = await self.answer(request, context, route)
                response.body = .init()
                return response
            }
        }
        refuseOtherMethods(router)
        router.on("**", method: .get) { request, _ in
            self.response(to: Problem.notFound("page \(request.uri.path)"), request: request, session: nil)
        }
        var quiet = logger
        // A server that is told to stop reports the cancellation as an error; what matters of a request is logged above.
        quiet.logLevel = .critical
        let plain = HTTPServerBuilder { DirectChannel(responder: $0, routes: self.routes) }
        let application = Application(
            router: router, server: try security.map { try .tls(plain, tlsConfiguration: $0) } ?? plain,
            configuration: .init(address: .hostname(host, port: port), serverName: Self.name),
            onServerRunning: { channel in await ready(channel.localAddress?.port ?? port) }, logger: quiet)
        try await application.run()
    }

    /// RFC 9110 §15.5.6: a path that exists answers to other methods that it has, and which.
    private func refuseOtherMethods(_ router: Router<CallerContext>) {
        let methods: [HTTPRequest.Method] =
            [.get, .post, .put, .patch, .delete, .options, .trace] + (HTTPRequest.Method("QUERY").map { [$0] } ?? [])

        for (path, routes) in Dictionary(grouping: routes, by: \.path) {
            let known = routes.map(\.method.http)
            let allowed = (known + (known.contains(.get) ? [.head] : [])).map(\.rawValue).sorted().joined(
                separator: ", ")
            for method in methods where !known.contains(method) {
                router.on(RouterPath(path), method: method) { request, _ in
                    let problem = Problem(405, "method", "\(request.method.rawValue) is not one of \(allowed)")
                    var response = self.response(to: problem, request: request, session: nil)
                    response.headers[.allow] = allowed
                    return response
                }
            }
        }
    }

    private func answer(_ request: Request, _ context: CallerContext, _ route: Route) async -> Response {
        let parameters = context.parameters
        let authorization = request.headers[.authorization]
        let session = sessions.session(authorization: authorization, cookie: request.headers[.cookie])
        do {
            try limit(route, session?.signer ?? context.address)
            // A token that is not, or no longer, known is an error, not a visitor.
            if authorization != nil, session == nil { throw Problem.signInNeeded }
            try authorise(route, session)
            let body = try await collect(request, route)
            var query: [String: String] = [:]
            if request.uri.query != nil {
                for (name, value) in request.uri.queryParameters { query[String(name)] = String(value) }
            }
            for parameter in route.parameters where parameter.place == .query {
                try parameter.check(query[parameter.name])
            }
            var named: [String: String] = [:]
            for (name, value) in parameters { named[String(name)] = String(value).removingPercentEncoding ?? "" }
            let api = APIRequest(
                method: request.method.rawValue, path: request.uri.path, parameters: named, query: query, body: body,
                headers: .init(fields: request.headers), host: request.head.authority ?? "", session: session)
            // A browser sends its cookie to whoever makes it post something; the token shows that the page was ours.
            if !route.method.isSafe, route.access != .anyone, let token = session?.csrfToken,
                api.headers[Sessions.forgeryHeader] != token,
                route.consumes != Route.formContentType || api.form["csrf"] != token
            {
                throw Problem.forged
            }
            return respond(try await route.handler(api))
        } catch {
            let problem = self.problem(error, route)
            return response(to: problem.typed(route.problemTypes[problem.status]), request: request, session: session)
        }
    }

    private func problem(_ error: any Error, _ route: Route) -> Problem {
        if let problem = error as? Problem ?? (error as? any ProblemSource)?.problem { return problem }
        logger.error("request failed", metadata: ["path": "\(route.path)", "error": "\(error)"])
        return Problem(500, "internal", "the node could not answer; its log says why")
    }

    private func limit(_ route: Route, _ caller: String) throws {
        guard let rate = route.rate, let seconds = limiter.take(rate, of: "\(rate.burst) \(caller)") else { return }
        throw Problem(
            429, "too-many-requests", "at most \(Int(rate.perSecond)) a second; come again in \(Int(seconds) + 1) s")
    }

    private func authorise(_ route: Route, _ session: Session?) throws {
        if let scopes = session?.scopes, route.access != .anyone, !scopes.contains(route.scope) {
            throw Problem(403, "scope-needed", "this key does not have the scope \(route.scope); make one that has")
        }
        switch route.access {
        case .anyone: return
        case .signedIn: if session == nil { throw Problem.signInNeeded }
        case .role(let role): try require([role], session)
        case .roles(let roles): try require(roles, session)
        }
    }

    private func require(_ roles: Set<String>, _ session: Session?) throws {
        guard let session else { throw Problem.signInNeeded }
        guard !roles.isDisjoint(with: session.roles) else {
            let names = roles.sorted().joined(separator: " or ")
            throw Problem(403, "role-needed", "this needs the role \(names), which \(session.name) does not have")
        }
    }

    private func collect(_ request: Request, _ route: Route) async throws -> [UInt8] {
        guard let consumes = route.consumes else { return [] }
        let given = request.headers[.contentType]?.split(separator: ";").first.map(String.init) ?? ""
        guard given == consumes else {
            throw Problem(415, "media-type", "the body must be \(consumes), not \(given.isEmpty ? "untyped" : given)")
        }
        do {
            let buffer = try await request.body.collect(upTo: route.bodyLimit)
            return Array(buffer.readableBytesView)
        } catch {
            throw Problem(413, "too-large", "the body may have at most \(route.bodyLimit) bytes")
        }
    }

    private func response(to problem: Problem, request: Request, session: Session?) -> Response {
        if request.headers[.accept]?.contains("text/html") == true, let page = problemPage?(problem, session) {
            return respond(.html(page, status: problem.status))
        }
        return respond(problem.response)
    }

    private func respond(_ answer: APIResponse) -> Response {
        // What a page may load does not concern an answer that is no page.
        var fields = answer.contentType.hasPrefix("text/html") ? headers : HTTPFields()
        fields[.xContentTypeOptions] = "nosniff"
        if !answer.contentType.isEmpty { fields[.contentType] = answer.contentType }
        for (name, value) in answer.headers {
            if let field = HTTPField.Name(name) { fields.append(HTTPField(name: field, value: value)) }
        }
        let body: ResponseBody
        switch answer.body {
        case .bytes(let bytes):
            body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let produce):
            body = ResponseBody { writer in
                let pipe = AsyncStream.makeStream(
                    of: [UInt8].self, bufferingPolicy: .bufferingOldest(Self.streamBuffer))
                let producer = Task {
                    defer { pipe.continuation.finish() }
                    try await produce { bytes in
                        // A reader that is so far behind is let go; it resumes by Last-Event-ID.
                        if case .dropped = pipe.continuation.yield(bytes) { throw CancellationError() }
                    }
                }
                defer { producer.cancel() }
                for await bytes in pipe.stream { try await writer.write(ByteBuffer(bytes: bytes)) }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: answer.status), headers: fields, body: body)
    }
}
