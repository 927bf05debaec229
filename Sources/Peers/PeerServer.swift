import APIKit
import Ledger
import Logging
import Replica
import Sequencing

/// Answers the nodes of the other members, over TLS with the member's key.
public struct PeerServer: Sendable {
    private let server: Server
    private let keys: MemberKeys
    private let host: String
    private let port: Int

    public init(
        node: LedgerNode, keys: MemberKeys, host: String, port: Int, clock: @escaping @Sendable () -> UInt64,
        logger: Logger
    ) {
        // Nobody signs in here: each request is signed by a member's key.
        let sessions = Sessions(port: port, directory: { _ in nil }, keys: nil, clock: clock)
        server = Server(routes: PeerRoutes(node: node, clock: clock).routes, sessions: sessions, logger: logger)
        self.keys = keys
        self.host = host
        self.port = port
    }

    /// Runs until cancelled; `ready` gets the port once connections are accepted.
    public func run(ready: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        try await server.run(
            host: host, port: port, security: try PeerSecurity.server(of: keys), ready: ready)
    }
}
