import AsyncHTTPClient
import DeviceKit
import Foundation
import Ledger
import Logging
import MQTT
import NodeClient
import Synchronization

/// An IoT gateway: takes signed readings from the broker, verifies and stores them, and brings them to the ledger.
///
/// ```
/// broker ──▶ Intake: verify, judge, store ──▶ Batcher: sign ──▶ ForwarderPool: POST until final
///                │ durable before the broker hears of it              store-and-forward while the node is away
///                ▼
///          dead letters, answers to devices, edge rules
/// ```
public final class Gateway: Sendable {
    /// Answers to devices that may wait; beyond, the oldest are left out, for they also are in the dead letters.
    private static let maximumReports = 1_000
    /// How often the store is measured and pruned.
    private static let maintenanceInterval: Duration = .seconds(1)
    /// Longest time that settled readings stay in the store's log while readings keep coming.
    private static let tidyInterval: Duration = .seconds(60)

    /// What it was set up with.
    public let configuration: GatewayConfiguration
    let store: GatewayStore
    let board = CounterBoard()
    let directory: DeviceDirectory
    let streams: StreamDirectory
    private let epochs: EpochKeeper
    let intake: Intake
    private let batcher: Batcher
    private let forwarders: ForwarderPool
    let node: GatewayUplink
    private let ruleActions: AsyncStream<RuleAction>
    let replies = PendingReplies()
    let claims = Mutex<[String: OpenClaim]>([:])
    let client: MQTTClient
    let reports: AsyncStream<MQTTMessage>
    let reportQueue: AsyncStream<MQTTMessage>.Continuation

    /// Opens the store and starts to connect to the broker; ``run()`` does the work.
    ///
    /// - Throws: ``GatewayError`` with `store`, `MQTTError` with `configuration`.
    public init(_ configuration: GatewayConfiguration) throws {
        self.configuration = configuration
        store = try GatewayStore(path: configuration.store, logger: configuration.logger)
        let backlog = try store.backlog()
        board.update { $0.backlog = backlog }
        node = GatewayUplink(
            base: configuration.node, path: configuration.submissionPath, gateway: configuration.id,
            publicKey: configuration.signingKey.verifyingKey.coseKey.hex,
            session: NodeSession(
                address: configuration.node, ledger: configuration.ledger, participant: configuration.id,
                key: configuration.signingKey), http: .shared, board: board)
        directory = try DeviceDirectory(node: node, store: store, logger: configuration.logger)
        let builder = BatchBuilder(
            issuer: configuration.id, ledger: configuration.ledger, key: configuration.signingKey,
            validity: configuration.validity)
        streams = try StreamDirectory(node: node, store: store, logger: configuration.logger)
        epochs = EpochKeeper(configuration, directory: streams, store: store, builder: builder, node: node)
        let (waiting, waitingQueue) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        batcher = try Batcher(
            builder: builder, epochs: epochs, limits: configuration.batch, store: store, batchesWaiting: waitingQueue)
        let (actions, actionQueue) = AsyncStream.makeStream(
            of: RuleAction.self, bufferingPolicy: .bufferingNewest(Self.maximumReports))
        ruleActions = actions
        intake = try Intake(
            configuration, directory: directory, store: store, batcher: batcher, board: board, actions: actionQueue)
        forwarders = ForwarderPool(
            configuration: configuration, builder: builder, epochs: epochs, store: store, node: node, board: board,
            batchesWaiting: waiting)
        (reports, reportQueue) = AsyncStream.makeStream(
            of: MQTTMessage.self, bufferingPolicy: .bufferingNewest(Self.maximumReports))
        client = try MQTTClient(Self.brokerConfiguration(configuration, board))
    }

    private static func brokerConfiguration(
        _ configuration: GatewayConfiguration, _ board: CounterBoard
    ) -> MQTTConfiguration {
        var broker = configuration.broker
        broker.clientID = configuration.id
        // The broker keeps what arrives while the gateway is away, and hears of a message only when it is durable here.
        broker.cleanSession = false
        broker.acknowledgement = .afterProcessing
        let topics = "cairn/v1/\(configuration.member)/+"
        broker.subscriptions = ["\(topics)/data/+", "\(topics)/cmd/+/reply"]
        if configuration.signRequest != nil { broker.subscriptions.append("\(topics)/provision") }
        broker.receiveWindow = configuration.receiveWindow
        let logger = configuration.logger
        broker.onStateChange = { state in
            board.update { counters in
                counters.isBrokerConnected = if case .connected = state { true } else { false }
            }
            switch state {
            case .connected(let isVersion5): logger.info("connected to the broker, MQTT \(isVersion5 ? "5" : "3.1.1")")
            case .disconnected(let reason): logger.warning("no connection to the broker: \(reason)")
            case .closed: logger.info("left the broker")
            }
        }
        return broker
    }

    /// What was done and what is held.
    public var counters: GatewayCounters { board.snapshot }

    /// Works until the task is cancelled; then finishes the group at hand, closes the open batches and leaves the
    /// broker.
    ///
    /// - Throws: `MQTTError` when the broker refuses the gateway, ``GatewayError`` or an SQLite error when the store
    ///   fails for good. Cancellation is a return, not an error.
    public func run() async throws {
        var failure: (any Error)?
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.readDirectory() }
                group.addTask { try await self.takeMessages() }
                group.addTask { try await self.closeBatches() }
                group.addTask { try await self.forwarders.run() }
                group.addTask { await self.sendReports() }
                group.addTask { try await CommandDesk(self).run() }
                if configuration.setClaims != nil {
                    group.addTask { try await ProvisioningDesk(gateway: self).follow() }
                }
                if let certificates = configuration.certificates {
                    group.addTask { try await self.tellCertificates(certificates) }
                }
                group.addTask { try await RuleDesk(gateway: self).follow() }
                group.addTask { await RuleDesk(gateway: self).act(on: self.ruleActions) }
                group.addTask {
                    try await OutboxSender(configuration: self.configuration, store: self.store, node: self.node).run()
                }
                group.addTask { try await self.maintain() }
                if configuration.analysis != nil { group.addTask { try await self.letTimePass() } }
                // None of these ends by itself but by an error or because of cancellation.
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
        } catch is CancellationError {
            // Stopping was asked for.
        } catch  where Task.isCancelled {
            configuration.logger.debug("while stopping: \(error)")
        } catch {
            failure = error
        }
        // In a task of its own: this one is cancelled, and a cancelled write is rolled back.
        let (batcher, client) = (batcher, client)
        let ending = Task.detached {
            try await batcher.closeAll()
            await client.close()
        }
        try await ending.value
        if let failure { throw failure }
    }

    // MARK: The tasks

    private func readDirectory() async throws {
        while true {
            await directory.refresh()
            await streams.refresh()
            try await Task.sleep(
                for: directory.isLoaded && streams.isLoaded ? configuration.directoryInterval : .milliseconds(500))
        }
    }

    private func takeMessages() async throws {
        // Without a list of devices nobody is known, and without terms nobody knows what is published; the broker keeps
        // the messages until there are both.
        while !(directory.isLoaded && streams.isLoaded) { try await Task.sleep(for: .milliseconds(50)) }
        for try await delivered in client.deliveries {
            let messages = await passOnRequests(passOnReplies(delivered))
            let received = UInt64(Date().timeIntervalSince1970 * 1000)
            let outcomes =
                configuration.whenFull == .spill && isFull()
                ? try await intake.spill(messages, received: received)
                : try await intake.process(messages, received: received)
            for (message, outcome) in zip(messages, outcomes) {
                if case .refused(let refusal) = outcome { report(refusal, on: message) }
            }
            while configuration.whenFull == .wait && isFull() { try await Task.sleep(for: .milliseconds(100)) }
        }
    }

    func isFull() -> Bool {
        let counters = board.snapshot
        return counters.backlog >= configuration.limits.backlog || counters.isFull
    }

    private func closeBatches() async throws {
        let pause = max(configuration.batch.age / 4, .milliseconds(5))
        while true {
            try await Task.sleep(for: pause)
            try await batcher.closeAged()
        }
    }

    private func letTimePass() async throws {
        while true {
            try await Task.sleep(for: Self.maintenanceInterval)
            try await intake.tick(Date().timeIntervalSince1970)
        }
    }

    private func maintain() async throws {
        var isFull = false
        var tidiness = Tidiness()
        while true {
            try await tidy(&tidiness)
            let size = try await store.size()
            try await store.prune(keep: configuration.limits.settledBatches)
            let evicted = try await store.evictDeadLetters(limit: configuration.limits.deadLetters)
            if evicted > 0 { configuration.logger.warning("\(evicted) dead letters gave way to newer ones") }
            let backlog = board.snapshot.backlog
            let isNowFull = size >= configuration.limits.octets || backlog >= configuration.limits.backlog
            if isNowFull != isFull {
                isFull = isNowFull
                configuration.logger.warning(
                    isFull
                        ? "the store is full (\(backlog) readings, \(size) octets); policy: \(configuration.whenFull)"
                        : "the store has room again")
            }
            board.update { counters in
                counters.isFull = isNowFull
                counters.storeOctets = size
                counters.deadLettersEvicted += UInt64(evicted)
            }
            try await Task.sleep(for: Self.maintenanceInterval)
        }
    }

    /// When the store was last rid of what it no longer needs.
    private struct Tidiness {
        var settled: UInt64 = 0
        /// Keys were deleted since.
        var isOwed = false
        var at = ContinuousClock.now
    }

    /// Deletes keys of epochs that are over, and brings settled readings out of the store's log: once nothing waits, and
    /// at least every ``tidyInterval``.
    private func tidy(_ last: inout Tidiness) async throws {
        if try await epochs.retire() { last.isOwed = true }
        let counters = board.snapshot
        let isDue = counters.backlog == 0 || ContinuousClock.now - last.at >= Self.tidyInterval
        guard last.isOwed || (counters.settled != last.settled && isDue) else { return }
        if try await store.truncateLog() { last = Tidiness(settled: counters.settled) }
    }
}
