import Foundation

/// An HTTP connection on a plain socket: it sends exactly the bytes it is told to. Closed when it is let go.
final class RawConnection: Sendable {
    struct Ended: Error {
        let answer: String
    }

    private let socket: Int32

    init(port: Int) throws {
        #if canImport(Darwin)
            socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #else
            socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Ended(answer: "no connection to port \(port)") }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Foundation.send(socket, bytes, bytes.count, 0)
    }

    func closeSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// The bodies of the next answers.
    func bodies(_ count: Int) async throws -> [String] {
        var received = ""
        while true {
            let bodies = Self.bodies(in: received)
            if bodies.count >= count { return bodies }
            let chunk = try await receive()
            guard !chunk.isEmpty else { throw Ended(answer: received) }
            received += chunk
        }
    }

    /// All that comes until the server closes.
    func untilClosed() async throws -> String {
        var received = ""
        while true {
            let chunk = try await receive()
            guard !chunk.isEmpty else { break }
            received += chunk
        }
        // Silence ends the wait for more, too; a connection that is closed says so at once.
        var byte: UInt8 = 0
        guard recv(socket, &byte, 1, Int32(MSG_DONTWAIT)) == 0 else { throw Ended(answer: received) }
        return received
    }

    /// On a thread of its own: waiting here must not keep the server's tasks from theirs.
    private func receive() async throws -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = recv(self.socket, &buffer, buffer.count, 0)
                continuation.resume(returning: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
            }
        }
    }

    private static func bodies(in text: String) -> [String] {
        var bodies: [String] = []
        var rest = Array(text.utf8)[...]
        let blank = Array("\r\n\r\n".utf8)
        while let end = rest.indices.first(where: { rest[$0...].starts(with: blank) }) {
            let head = String(decoding: rest[..<end], as: UTF8.self).lowercased()
            let field = head.components(separatedBy: "\r\n").first { $0.hasPrefix("content-length: ") }
            guard let length = field.flatMap({ Int($0.dropFirst("content-length: ".count)) }) else { return bodies }
            let body = rest[(end + 4)...]
            guard body.count >= length else { return bodies }
            bodies.append(String(decoding: body.prefix(length), as: UTF8.self))
            rest = body.dropFirst(length)
        }
        return bodies
    }
}
