import Broker
import Synchronization

/// Tells when the portal accepts connections.
final class PortBox: Sendable {
    private let stream: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    }

    func open(_ port: Int) { continuation.yield(port) }

    func wait() async throws {
        for await _ in stream { return }
        throw CancellationError()
    }
}

enum FreePort {
    /// A port of the loopback interface that nobody listens on.
    static func find() throws -> Int { try LoopbackPort.free() }
}
