import APIKit
import Foundation
import Logging
import Testing

/// Requests that are answered on the connection's thread, among others on the same connection.
struct DirectRouteTests {
    /// A server with a direct route that answers after a while, unless the body begins with "no"; its general way says so.
    private static func serve(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let slow = Route(
            .post, "/slow", "", tag: "", access: .anyone, consumes: "text/plain", bodyLimit: 1000, rate: nil
        ) {
            request in
            .text("general \(String(decoding: request.body, as: UTF8.self))")
        }.answeredDirectly { request, respond in
            let text = String(decoding: request.body, as: UTF8.self)
            if text.hasPrefix("no") { return false }
            Task {
                try? await Task.sleep(for: .milliseconds(50))
                respond(.text("direct \(text) \(request.preferredWait ?? 0)"))
            }
            return true
        }
        let quick = Route(.get, "/quick", "", tag: "", access: .anyone) { _ in .text("quick") }
        let server = Server(
            routes: [slow, quick], sessions: Sessions(port: 0, directory: { _ in nil }, keys: nil, clock: { 0 }),
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            group.addTask { try await server.run(host: "127.0.0.1", port: 0) { port.yield($0) } }
            for await port in ports {
                try await body(port)
                break
            }
            group.cancelAll()
        }
    }

    private static func post(_ body: String, _ fields: String = "") -> String {
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static let get = "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"

    /// Sends `text`, closes the sending half if asked, and returns the bodies of that many answers.
    private static func exchange(
        _ text: String, answers: Int, port: Int, closing: Bool = false
    ) async throws -> [String] {
        let connection = try RawConnection(port: port)
        connection.send(text)
        if closing { connection.closeSending() }
        return try await connection.bodies(answers)
    }

    private static func expect(
        _ text: String, _ expected: [String], port: Int, closing: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answers = try await exchange(text, answers: expected.count, port: port, closing: closing)
        #expect(answers == expected, sourceLocation: sourceLocation)
    }

    @Test func directAndDeclined() async throws {
        try await Self.serve { port in
            let preferring = Self.post("a", "Prefer: wait=3\r\n")
            try await Self.expect(preferring, ["direct a 3000"], port: port)
            try await Self.expect(Self.post("no"), ["general no"], port: port)
            let empty = Self.post("")
            try await Self.expect(empty, ["direct  0"], port: port)
        }
    }

    /// What is not plain goes the general way: no length known before, a client that wants to be told to go on, too much, another type.
    @Test func unusualRequests() async throws {
        try await Self.serve { port in
            let chunked =
                "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
            try await Self.expect(chunked, ["general a"], port: port)
            let query = Self.post("a").replacing("/slow", with: "/slow?x=1")
            try await Self.expect(query, ["general a"], port: port)
            let token = try await Self.exchange(Self.post("a", "Authorization: Bearer x\r\n"), answers: 1, port: port)[
                0]
            #expect(token.contains("sign-in-needed"))
            let last = Self.post("a", "Connection: close\r\n")
            try await Self.expect(last, ["general a"], port: port)
            let long = Self.post(String(repeating: "a", count: 1001))
            let tooLong = try await Self.exchange(long, answers: 1, port: port)[0]
            #expect(tooLong.contains("too-large"))
            let other = Self.post("a").replacing("text/plain", with: "text/html")
            let wrongType = try await Self.exchange(other, answers: 1, port: port)[0]
            #expect(wrongType.contains("media-type"))
        }
    }

    /// Answers come in the order of the requests, whichever way each goes.
    @Test func pipelined() async throws {
        try await Self.serve { port in
            let requests = [Self.post("1"), Self.get, Self.post("2"), Self.post("no"), Self.get, Self.post("3")]
            let answers = try await Self.exchange(requests.joined(), answers: 6, port: port)
            #expect(answers[0] == "direct 1 0" && answers[1] == "quick" && answers[3] == "general no")
            #expect(answers[4] == "quick")
            // Behind a request that is still with the router, a submission takes the general way too.
            #expect(
                ["direct 2 0", "general 2"].contains(answers[2]) && ["direct 3 0", "general 3"].contains(answers[5]))
        }
    }

    /// Some clients offer HTTP/2 with their first request (`Upgrade: h2c`), and send the next one on the same connection. It is answered, and the
    /// connection ends, which they are told; it never goes silent.
    @Test func offersOfAnotherProtocol() async throws {
        try await Self.serve { port in
            let offer = Self.get.replacing(
                "Host: x\r\n",
                with: "Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")
            let connection = try RawConnection(port: port)
            connection.send(offer + Self.get)
            let answer = try await connection.untilClosed().lowercased()
            #expect(answer.hasSuffix("quick") && answer.contains("connection: close"), "\(answer)")
            try await Self.expect(Self.post("a", "Upgrade: h2c\r\n"), ["general a"], port: port)
            try await Self.expect(Self.get + Self.get, ["quick", "quick"], port: port)
        }
    }

    /// Bytes that are no request end the connection, after the answer that was due.
    @Test func nonsenseBehindARequest() async throws {
        try await Self.serve { port in
            let answers = try await Self.exchange(Self.post("1") + "nonsense\r\n\r\n", answers: 1, port: port)
            #expect(answers.first == "direct 1 0")
        }
    }

    @Test func clientThatStopsSendingAndOneThatLeaves() async throws {
        try await Self.serve { port in
            try await Self.expect(Self.post("a"), ["direct a 0"], port: port, closing: true)
            for _ in 0..<20 {
                let connection = try RawConnection(port: port)
                connection.send(Self.post("gone"))
            }
            try await Task.sleep(for: .milliseconds(100))
            try await Self.expect(Self.post("b"), ["direct b 0"], port: port)
        }
    }
}
