import Foundation
import Ledger

/// A closed loop of HTTP clients on plain sockets: each sends a request, waits for its FINAL, and sends the next.
///
/// Written on `poll` so that the generator takes as little as possible of the cores that it shares with the consortium.
struct LoadGenerator {
    /// Largest answer, bytes.
    private static let buffer = 8192

    /// Of the nodes that the clients are shared out among.
    let ports: [Int]
    let connections: Int

    init(port: Int, connections: Int) { self.init(ports: [port], connections: connections) }

    init(ports: [Int], connections: Int) {
        self.ports = ports
        self.connections = connections
    }

    struct Outcome: Sendable {
        var latencies: [Double] = []
        var seconds = 0.0
        var refused = 0
    }

    private struct Client {
        let socket: Int32
        var started = ContinuousClock.now
        var answer = Bytes()
    }

    /// Sends all bodies, one each, and returns the latencies of those that became FINAL, ms.
    ///
    /// On a thread of its own: the tasks of the consortium in this process need theirs.
    func run(_ bodies: [Bytes]) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try self.loop(bodies) }) }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    private func loop(_ bodies: [Bytes]) throws -> Outcome {
        var outcome = Outcome()
        outcome.latencies.reserveCapacity(bodies.count)
        var clients = try (0..<min(connections, bodies.count)).map {
            Client(socket: try connect(to: ports[$0 % ports.count]))
        }
        defer { for client in clients { close(client.socket) } }
        var next = 0
        let start = ContinuousClock.now
        for index in clients.indices {
            send(bodies[next], &clients[index])
            next += 1
        }
        var waiting = clients.count
        var chunk = Bytes(repeating: 0, count: Self.buffer)
        var descriptors = clients.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        while waiting > 0 {
            guard poll(&descriptors, nfds_t(descriptors.count), 60_000) > 0 else {
                throw Failure(.unreachable, "the node did not answer for a minute")
            }
            for index in clients.indices where descriptors[index].revents != 0 {
                descriptors[index].revents = 0
                let count = recv(clients[index].socket, &chunk, chunk.count, 0)
                guard count > 0 else { throw Failure(.unreachable, "the node closed a connection") }
                clients[index].answer.append(contentsOf: chunk[..<count])
                guard let status = Self.completeStatus(clients[index].answer) else { continue }
                if status == 201 {
                    outcome.latencies.append((ContinuousClock.now - clients[index].started).seconds * 1000)
                } else {
                    outcome.refused += 1
                }
                clients[index].answer.removeAll(keepingCapacity: true)
                if next < bodies.count {
                    send(bodies[next], &clients[index])
                    next += 1
                } else {
                    waiting -= 1
                    descriptors[index].fd = -1
                }
            }
        }
        outcome.seconds = (ContinuousClock.now - start).seconds
        return outcome
    }

    private func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(.unreachable, "port \(port) does not accept connections") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private func send(_ body: Bytes, _ client: inout Client) {
        let head =
            "POST /api/v1/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cose\r\nPrefer: wait=60\r\nContent-Length: \(body.count)\r\n\r\n"
        let request = Bytes(head.utf8) + body
        client.started = .now
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { bytes in
                Foundation.send(
                    client.socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    private static let headerEnd = Bytes("\r\n\r\n".utf8)

    /// The status of an answer once all of it is there. The node's answers to a submission are under a kilobyte.
    private static func completeStatus(_ answer: Bytes) -> Int? {
        guard answer.count > 12, let end = find(headerEnd, in: answer, before: answer.count) else { return nil }
        var length = 0
        if let field = find(lengthField, in: answer, before: end) {
            var place = field + lengthField.count
            while place < end, (0x30...0x39).contains(answer[place]) {
                length = length * 10 + Int(answer[place]) - 0x30
                place += 1
            }
        }
        guard answer.count >= end + 4 + length else { return nil }
        return answer[9..<12].reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    private static let lengthField = Bytes("Content-Length: ".utf8)

    private static func find(_ needle: Bytes, in bytes: Bytes, before end: Int) -> Int? {
        needle.withUnsafeBufferPointer { needle in
            bytes.withUnsafeBufferPointer { bytes in
                var place = 0
                while place + needle.count <= end {
                    if bytes[place] == needle[0] {
                        var length = 1
                        while length < needle.count, bytes[place + length] == needle[length] { length += 1 }
                        if length == needle.count { return place }
                    }
                    place += 1
                }
                return nil
            }
        }
    }
}
