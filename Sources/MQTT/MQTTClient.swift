import CMosquitto
import Foundation

/// An MQTT client over libmosquitto: MQTT 5, or 3.1.1 where the broker knows no better.
///
/// The client keeps its connection by itself: it connects again with growing pauses, subscribes again, and sends
/// again what was not acknowledged. Publications and subscriptions wait meanwhile.
///
/// ```swift
/// let client = try MQTTClient(configuration)
/// try await client.connect()
/// try await client.publish(MQTTMessage(topic: "cairn/v1/farm/urn:dev:ow:1/data/soil", payload: pack))
/// for try await messages in client.deliveries { … }
/// await client.close()
/// ```
public final class MQTTClient: Sendable {
    /// Octets of a payload (MQTT 5 §2.1.4 allows 256 MiB for a whole packet).
    public static let maximumPayload = 128 * 1024 * 1024

    /// How the client was set up.
    public let configuration: MQTTConfiguration
    let session: MosquittoSession

    /// Makes a client and starts to connect.
    ///
    /// - Throws: ``MQTTError`` with `configuration` when a file cannot be read or a name is not valid.
    public init(_ configuration: MQTTConfiguration) throws(MQTTError) {
        self.configuration = configuration
        session = try MosquittoSession(configuration)
        session.start()
    }

    deinit {
        session.state.withLock { $0.isClosing = true }
        session.wake.signal()
    }

    /// Whether the broker has accepted the present connection.
    public var isConnected: Bool { session.state.withLock { $0.connection == .accepted } }

    /// Whether user properties can be sent: false on a 3.1.1 connection.
    public var isVersion5: Bool { session.state.withLock { $0.isVersion5 } }

    /// Waits for the first connection.
    ///
    /// - Parameter timeout: how long to wait; nil waits for ever, through any number of attempts.
    /// - Throws: ``MQTTError``: `refused` at once, `unreachable` after the time (the client goes on trying).
    public func connect(timeout: Duration? = .seconds(30)) async throws {
        let identifier = session.state.withLock { $0.nextTicket() }
        let timer = timeout.map { timeout in
            Task { [session] in
                try await Task.sleep(for: timeout)
                session.giveUpConnect(identifier)
            }
        }
        defer { timer?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = session.state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if let refusal = state.refusal { return .failure(refusal) }
                    if state.isClosed { return .failure(MQTTError(.closed, "the client was closed")) }
                    if state.connection == .accepted { return .success(()) }
                    state.connectWaiters[identifier] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            session.state.withLock { $0.connectWaiters.removeValue(forKey: identifier) }?
                .resume(throwing: CancellationError())
        }
    }

    /// Publishes a message and waits until the broker has taken it (PUBACK, PUBCOMP), through reconnections.
    ///
    /// A task that is cancelled stops waiting; the message may still be delivered.
    ///
    /// - Returns: whether anybody will get it; always `accepted` with MQTT 3.1.1.
    /// - Throws: ``MQTTError``: `notAuthorised`, `rejected`, `invalidMessage`, `busy`, `closed`.
    @discardableResult
    public func publish(_ message: MQTTMessage) async throws -> MQTTPublication {
        try await submit(message).answer()
    }

    /// Hands a message over without waiting: messages leave in the order of these calls. The answer must be asked for,
    /// or it is kept for ever.
    ///
    /// - Throws: ``MQTTError``: `invalidMessage`, `busy`, `closed`; `unreachable` at QoS 0, where messages do not wait.
    public func submit(_ message: MQTTMessage) throws -> MQTTPendingPublication {
        guard mosquitto_pub_topic_check(message.topic) == MOSQ_ERR_SUCCESS.rawValue else {
            throw MQTTError(.invalidMessage, "'\(message.topic)' is not a topic; it has no wildcards and is not empty")
        }
        guard message.payload.count <= Self.maximumPayload else {
            throw MQTTError(.invalidMessage, "a message has at most \(Self.maximumPayload) octets")
        }
        let ticket = try session.state.withLock { state in
            if let refusal = state.refusal { throw refusal }
            if state.isClosed || state.isClosing { throw MQTTError(.closed, "the client was closed") }
            if state.connection != .accepted && message.qualityOfService == .atMostOnce {
                throw MQTTError(.unreachable, "there is no connection, and at QoS 0 a message does not wait for one")
            }
            if state.pending >= configuration.maximumPending {
                throw MQTTError(.busy, "\(configuration.maximumPending) messages wait for the broker; try later")
            }
            let ticket = state.nextTicket()
            state.outbox.append((ticket, message))
            return ticket
        }
        session.wake.signal()
        return MQTTPendingPublication(ticket: ticket, session: session)
    }

    /// Adds filters at QoS 1 and waits for the broker's consent; they are subscribed again at each connection.
    ///
    /// With `acknowledgement = .afterProcessing` nothing is sent while messages are unprocessed, so name the filters in
    /// ``MQTTConfiguration/subscriptions`` instead of waiting here.
    ///
    /// - Throws: ``MQTTError``: `notAuthorised`, `invalidMessage`, `closed`.
    public func subscribe(_ filters: [String]) async throws {
        for filter in filters where mosquitto_sub_topic_check(filter) != MOSQ_ERR_SUCCESS.rawValue {
            throw MQTTError(.invalidMessage, "'\(filter)' is not a topic filter")
        }
        try await withCheckedThrowingContinuation { (continuation: SessionState.Waiter) in
            let failure: MQTTError? = session.state.withLock { state in
                if let refusal = state.refusal { return refusal }
                if state.isClosed || state.isClosing { return MQTTError(.closed, "the client was closed") }
                state.subscriptionRequests.append(.init(filters: filters, waiter: continuation))
                return nil
            }
            session.wake.signal()
            if let failure { continuation.resume(throwing: failure) }
        }
    }

    /// The received messages. One consumer at a time.
    public var deliveries: MQTTDeliveries { MQTTDeliveries(session: session) }

    /// Sends what is queued, says goodbye to the broker and ends the network thread. Messages that were delivered and
    /// not processed stay unacknowledged.
    public func close() async {
        await withCheckedContinuation { continuation in
            let isClosed = session.state.withLock { state in
                state.isClosing = true
                if !state.isClosed { state.closeWaiters.append(continuation) }
                return state.isClosed
            }
            session.wake.signal()
            if isClosed { continuation.resume() }
        }
    }
}
