import APIKit
import Logging
import Peers

/// What connects a member's node to those of the others.
struct Neighbours: Sendable {
    let client: PeerClient
    let routes: [Route]
    let port: Int
    let logger: Logger
    let clock: @Sendable () -> UInt64

    /// Sends votes and answers peers until cancelled.
    func run() async throws {
        // Nobody signs in here: each request is signed by a member's key.
        let sessions = Sessions(port: port, directory: { _ in nil }, keys: nil, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask {
                try await Server(routes: routes, sessions: sessions, logger: logger)
                    .run(host: "127.0.0.1", port: port) { _ in }
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
