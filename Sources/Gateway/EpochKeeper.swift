import Foundation
import Ledger

/// The keys under which the gateway seals, one for each stream and epoch.
///
/// A key lives here as long as batches are sealed with it: a day, or until a grant on the stream ends. Before the first
/// batch of an epoch leaves, the epoch is on the ledger and its key with the owner's key service, so nothing is ever on
/// the ledger that its owner cannot open. Then the key is deleted: who takes the gateway opens no older data.
actor EpochKeeper {
    private let configuration: GatewayConfiguration
    private let directory: StreamDirectory
    private let store: GatewayStore
    private let builder: BatchBuilder
    private let node: GatewayUplink
    private let turnstile = Turnstile()
    /// The latest epoch of each stream that was asked for.
    private var latest: [Int64: StoredEpoch] = [:]

    init(
        _ configuration: GatewayConfiguration, directory: StreamDirectory, store: GatewayStore, builder: BatchBuilder,
        node: GatewayUplink
    ) {
        self.configuration = configuration
        self.directory = directory
        self.store = store
        self.builder = builder
        self.node = node
    }

    /// The key to seal a stream's next batch with; nil for a stream that its owner published.
    func key(stream: Int64, name: String) async throws -> EpochKey? {
        let terms = directory.current
        if terms.isPublished(name) { return nil }
        return try await turnstile.pass { try await currentKey(stream: stream, name: name, terms: terms) }
    }

    private func currentKey(stream: Int64, name: String, terms: StreamTerms) async throws -> EpochKey {
        if latest[stream] == nil { latest[stream] = try await store.latestEpoch(stream: stream) }
        let now = Self.now
        if let epoch = latest[stream], let key = epoch.key, !isOver(epoch, name, terms, now: now) {
            return try EpochKey(key, of: place(name, epoch.number))
        }
        let number = (latest[stream]?.number ?? 0) + 1
        let key = EpochKey.generate(of: place(name, number))
        let epoch = StoredEpoch(
            number: number, key: key.bytes, commitment: key.commitment, openedAt: now,
            rotation: terms.rotation(of: name), isRegistered: false, isDelivered: false)
        try await store.persist { [store] in try await store.insert(epoch, stream: stream) }
        latest[stream] = epoch
        return key
    }

    private func isOver(_ epoch: StoredEpoch, _ name: String, _ terms: StreamTerms, now: UInt64) -> Bool {
        let age = now > epoch.openedAt ? now - epoch.openedAt : 0
        return epoch.rotation != terms.rotation(of: name) || age >= configuration.epochSeconds * 1000
    }

    private func place(_ stream: String, _ number: UInt64) -> StreamEpoch {
        StreamEpoch(ledger: configuration.ledger, gateway: configuration.id, stream: stream, number: number)
    }

    private static var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    // MARK: Before the first batch leaves

    /// Sees to it that an epoch is registered and that the owner has its key; does nothing where both are done.
    ///
    /// - Returns: what stands in the way: `away` when it is worth another try soon, `rejected` when it may be a mistake;
    ///   `final` when all is done.
    func announce(stream: Int64, name: String, number: UInt64) async throws -> NodeAnswer {
        // Not through the turnstile: sealing goes on while the node is away. Each stream has one forwarder.
        guard var epoch = try await store.epoch(stream: stream, number: number) else {
            throw GatewayError(.store, "the key of epoch \(number) of \(name) is not in the store")
        }
        if !epoch.isRegistered {
            let statement = try builder.openEpoch(
                place(name, number), commitment: epoch.commitment, now: Self.now / 1000)
            let answer = await node.submit(statement.bytes, waits: true)
            guard answer == .final else { return answer }
            try await store.persist { [store] in try await store.markRegistered(stream: stream, number: number) }
            epoch.isRegistered = true
        }
        if !epoch.isDelivered {
            let answer = try await deliver(epoch, of: name)
            guard answer == .final else { return answer }
            try await store.persist { [store] in try await store.markDelivered(stream: stream, number: number) }
            epoch.isDelivered = true
        }
        if latest[stream]?.number == number { latest[stream] = epoch }
        return .final
    }

    private func deliver(_ epoch: StoredEpoch, of name: String) async throws -> NodeAnswer {
        guard let bytes = epoch.key else {
            throw GatewayError(
                .store, "the key of epoch \(epoch.number) of \(name) was deleted before it was delivered")
        }
        guard let owner = StreamName.owner(of: name), let recipient = directory.current.owners[owner] else {
            return .away(reason: "the owner of \(name) has no encryption key on the ledger; register one")
        }
        let key = try EpochKey(bytes, of: place(name, epoch.number))
        let wrapped = try key.wrapped(for: owner, recipient.key, grant: nil)
        return await node.deliver(wrapped, of: key.epoch, to: recipient.service)
    }

    // MARK: Afterwards

    /// Deletes keys that nothing is sealed with any more.
    ///
    /// - Returns: whether any was.
    func retire() async throws -> Bool {
        try await turnstile.pass {
            var dropped = try await store.dropSupersededKeys()
            let (terms, now) = (directory.current, Self.now)
            for stream in try await store.streams() {
                if latest[stream.id] == nil { latest[stream.id] = try await store.latestEpoch(stream: stream.id) }
                guard let epoch = latest[stream.id], epoch.key != nil, epoch.isDelivered,
                    isOver(epoch, stream.name, terms, now: now)
                else { continue }
                try await store.dropKey(stream: stream.id, number: epoch.number)
                latest[stream.id]?.key = nil
                dropped += 1
            }
            return dropped > 0
        }
    }
}
