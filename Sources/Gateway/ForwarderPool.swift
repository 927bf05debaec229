import Foundation

/// One forwarder for each stream: streams do not wait for each other.
struct ForwarderPool: Sendable {
    let configuration: GatewayConfiguration
    let builder: BatchBuilder
    let epochs: EpochKeeper
    let store: GatewayStore
    let node: GatewayUplink
    let board: CounterBoard
    /// Fires when new batches are in the store.
    let batchesWaiting: AsyncStream<Void>

    /// Runs until the task is cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var wakes: [Int64: AsyncStream<Void>.Continuation] = [:]
            func start(_ streams: [GatewayStore.StreamRow]) {
                for stream in streams where wakes[stream.id] == nil {
                    let (wake, continuation) = AsyncStream.makeStream(
                        of: Void.self, bufferingPolicy: .bufferingNewest(1))
                    wakes[stream.id] = continuation
                    let forwarder = Forwarder(
                        stream: stream.id, name: stream.name, configuration: configuration, builder: builder,
                        epochs: epochs, store: store, node: node, board: board, wake: wake)
                    group.addTask { await forwarder.run() }
                }
            }
            start(try await store.streams())
            for await _ in batchesWaiting {
                start(try await store.streams())
                for wake in wakes.values { wake.yield() }
            }
            group.cancelAll()
        }
    }
}
