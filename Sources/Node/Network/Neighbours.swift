import Peers

/// What connects a member's node to those of the others.
struct Neighbours: Sendable {
    let client: PeerClient
    let server: PeerServer

    /// Sends votes and answers peers until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask { try await server.run() }
            try await group.next()
            group.cancelAll()
        }
    }
}
