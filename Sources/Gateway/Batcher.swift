import Foundation
import Ledger

/// Collects stored readings into batches and signs them.
actor Batcher {
    private struct Open {
        let name: String
        var readings: [PlacedReading] = []
        var octets = 0
        var since = ContinuousClock.now
    }

    private let builder: BatchBuilder
    private let epochs: EpochKeeper
    private let limits: GatewayConfiguration.BatchLimits
    private let store: GatewayStore
    private let batchesWaiting: AsyncStream<Void>.Continuation
    private let turnstile = Turnstile()
    private var open: [Int64: Open] = [:]

    /// - Parameter batchesWaiting: told when batches are in the store.
    init(
        builder: BatchBuilder, epochs: EpochKeeper, limits: GatewayConfiguration.BatchLimits, store: GatewayStore,
        batchesWaiting: AsyncStream<Void>.Continuation
    ) throws {
        self.builder = builder
        self.epochs = epochs
        self.limits = limits
        self.store = store
        self.batchesWaiting = batchesWaiting
        // What was stored and not batched when the process ended last time.
        for stream in try store.streamsAtStart() where stream.batched < stream.next {
            var batch = Open(name: stream.name)
            batch.readings = try store.unbatched(stream: stream.id)
            batch.octets = batch.readings.reduce(0) { $0 + BatchBuilder.cost($1.encoded) }
            open[stream.id] = batch
        }
    }

    /// Takes readings that are durable, and closes the batches that are full.
    func append(_ readings: [PlacedReading], names: [Int64: String]) async throws {
        for reading in readings {
            if open[reading.stream]?.readings.isEmpty ?? true { open[reading.stream]?.since = .now }
            open[reading.stream, default: Open(name: names[reading.stream] ?? "")].readings.append(reading)
            open[reading.stream]?.octets += BatchBuilder.cost(reading.encoded)
        }
        try await close { batch in batch.readings.count >= limits.readings || batch.octets >= limits.octets }
    }

    /// Closes the batches whose first reading has waited long enough.
    func closeAged() async throws {
        let now = ContinuousClock.now
        try await close(whole: true) { batch in now - batch.since >= limits.age }
    }

    /// Closes everything: the gateway stops.
    func closeAll() async throws {
        try await close(whole: true) { _ in true }
    }

    /// Signs what is full, and with `whole` the remainder too, and stores it in one transaction. One call at a time: a
    /// batch must not reach the store before the one that precedes it.
    private func close(whole: Bool = false, where isDue: (Open) -> Bool) async throws {
        try await turnstile.pass {
            var keys: [Int64: EpochKey?] = [:]
            for (id, batch) in open where !batch.readings.isEmpty && isDue(batch) {
                keys[id] = .some(try await epochs.key(stream: id, name: batch.name))
            }
            // No suspension from here until the remainders are put back: readings that come meanwhile would be lost.
            var batches: [SignedBatch] = []
            let now = UInt64(Date().timeIntervalSince1970)
            for (id, key) in keys {
                guard let batch = open[id] else { continue }
                var rest = batch.readings[...]
                while !rest.isEmpty {
                    let count = countThatFits(rest)
                    if count == rest.count && !whole && !isFull(rest) { break }
                    batches.append(try builder.sign(Array(rest.prefix(count)), stream: batch.name, now: now, key: key))
                    rest = rest.dropFirst(count)
                }
                open[id]?.readings = Array(rest)
                open[id]?.octets = rest.reduce(0) { $0 + BatchBuilder.cost($1.encoded) }
                open[id]?.since = .now
            }
            guard !batches.isEmpty else { return }
            let signed = batches
            try await store.persist { [store] in try await store.insert(signed) }
            batchesWaiting.yield()
        }
    }

    private func countThatFits(_ readings: ArraySlice<PlacedReading>) -> Int {
        var octets = 0
        var count = 0
        for reading in readings.prefix(limits.readings) {
            octets += BatchBuilder.cost(reading.encoded)
            if octets > limits.octets && count > 0 { break }
            count += 1
        }
        return count
    }

    private func isFull(_ readings: ArraySlice<PlacedReading>) -> Bool {
        readings.count >= limits.readings
            || readings.reduce(0) { $0 + BatchBuilder.cost($1.encoded) } >= limits.octets
    }
}
