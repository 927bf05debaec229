import CMosquitto
import Foundation

// What the library's callbacks report, and what follows from it. All of it runs on the network thread.

extension MosquittoSession {
    /// MQTT 3.1.1 CONNACK code 1 and MQTT 5 reason code 0x84: the broker does not know the protocol version.
    private static let unsupportedVersion: Set<Int32> = [1, 0x84]

    /// CONNACK codes of a busy or restarting broker, which another attempt may change: 3.1.1 code 3, MQTT 5 codes
    /// server unavailable, server busy, connection rate exceeded, use another server.
    private static let passing: Set<Int32> = [3, 0x88, 0x89, 0x9F, 0x9C]

    func connectAnswered(_ code: Int32) {
        if code == 0 { return accepted() }
        let reason = Mosquitto.reason(code)
        state.withLock { state in
            state.connection = .none
            state.lastFailure = "the broker refused the connection: \(reason)"
            if Self.unsupportedVersion.contains(code) && state.isVersion5 && !state.wasAccepted {
                state.isVersion5 = false
            } else if !Self.passing.contains(code) && !state.wasAccepted {
                state.refusal = MQTTError(
                    .refused,
                    "the broker at \(configuration.host):\(configuration.port) refused "
                        + "'\(configuration.clientID)': \(reason); check its certificate and that it is enrolled")
            }
        }
    }

    private func accepted() {
        let (waiters, filters, isVersion5) = state.withLock { state in
            state.connection = .accepted
            state.wasAccepted = true
            defer { state.connectWaiters = [:] }
            return (Array(state.connectWaiters.values), state.filters, state.isVersion5)
        }
        if !filters.isEmpty {
            var identifier: Int32 = 0
            if request(filters, &identifier) == MOSQ_ERR_SUCCESS.rawValue {
                state.withLock { $0.standingSubscription = identifier }
            }
        }
        for waiter in waiters { waiter.resume() }
        configuration.onStateChange?(.connected(isVersion5: isVersion5))
    }

    func subscriptionAnswered(_ identifier: Int32, _ granted: [Int32]) {
        let refused = granted.contains { $0 >= 0x80 }
        let error = MQTTError(
            .notAuthorised, "the broker refused a subscription of '\(configuration.clientID)': check its access list")
        let (waiter, consumer) = state.withLock { state -> (SessionState.Waiter?, SessionState.Consumer?) in
            if let subscription = state.subscriptions.removeValue(forKey: identifier) {
                // From now on it is made at each connection.
                if !refused { state.filters += subscription.filters.filter { !state.filters.contains($0) } }
                return (subscription.waiter, nil)
            }
            guard refused, identifier == state.standingSubscription else { return (nil, nil) }
            state.deliveryFailure = error
            defer { state.consumer = nil }
            return (nil, state.consumer)
        }
        consumer?.resume(throwing: error)
        if refused { waiter?.resume(throwing: error) } else { waiter?.resume() }
    }

    func publicationAnswered(_ identifier: Int32, _ code: Int32) {
        let result = Self.publication(code)
        let publisher = state.withLock { state in
            state.tickets.removeValue(forKey: identifier).flatMap { state.answer($0, result) }
        }
        publisher?.resume(with: result)
    }

    /// The meaning of a PUBACK reason code (MQTT 5 §3.4.2.1).
    private static func publication(_ code: Int32) -> Result<MQTTPublication, any Error> {
        switch code {
        case 0: .success(.accepted)
        case Int32(MQTT_RC_NO_MATCHING_SUBSCRIBERS.rawValue): .success(.noSubscribers)
        case 0x87:
            .failure(MQTTError(.notAuthorised, "the broker does not let this client publish to that topic"))
        default: .failure(MQTTError(.rejected, "the broker rejected the message: \(Mosquitto.reason(code))"))
        }
    }

    func received(_ message: MQTTMessage) {
        state.withLock { $0.window.receive(message) }
    }

    /// Hands over what was received, if the consumer waits for it.
    func deliver() {
        let (consumer, messages) = state.withLock { state in
            guard let consumer = state.consumer else { return (nil as SessionState.Consumer?, [MQTTMessage]()) }
            let messages = state.window.take()
            if messages.isEmpty { return (nil, []) }
            state.consumer = nil
            return (consumer, messages)
        }
        consumer?.resume(returning: messages)
    }

    func connectionEnded(_ result: Int32) {
        let failure = Mosquitto.text(result)
        let reason = state.withLock { state in
            // A broker that does not know MQTT 5 may also just hang up on it, or answer in a form of 3.1.1 that does
            // not parse as MQTT 5; the other version is tried in turn until one was accepted.
            let unanswered = state.connection == .awaitingAcceptance && !state.wasAccepted
            let protocolFault = [MOSQ_ERR_PROTOCOL.rawValue, MOSQ_ERR_MALFORMED_PACKET.rawValue].contains(result)
            if unanswered && protocolFault && configuration.version == .v5OrV311 { state.isVersion5.toggle() }
            // A refusal has its reason from the broker already.
            if result != MOSQ_ERR_CONN_REFUSED.rawValue { state.lastFailure = failure }
            state.connection = .none
            state.window.connectionLost()
            // The library forgets subscriptions that were not answered.
            state.subscriptionRequests += state.subscriptions.values
            state.subscriptions = [:]
            return state.lastFailure
        }
        configuration.onStateChange?(.disconnected(reason: reason))
    }

    /// The thread ends: everyone who waits is told.
    func finish() {
        let ended = state.withLock { state in
            let ended = state
            state.isClosed = true
            state.connectWaiters = [:]
            state.publishers = [:]
            state.outbox = []
            state.tickets = [:]
            state.subscriptionRequests = []
            state.subscriptions = [:]
            state.consumer = nil
            state.closeWaiters = []
            return ended
        }
        let error = ended.refusal ?? MQTTError(.closed, "the client was closed")
        for waiter in ended.connectWaiters.values { waiter.resume(throwing: error) }
        for publisher in ended.publishers.values { publisher.resume(throwing: error) }
        for subscription in ended.subscriptions.values { subscription.waiter.resume(throwing: error) }
        for subscription in ended.subscriptionRequests { subscription.waiter.resume(throwing: error) }
        if let refusal = ended.refusal {
            ended.consumer?.resume(throwing: refusal)
        } else {
            ended.consumer?.resume(returning: nil)
        }
        for waiter in ended.closeWaiters { waiter.resume() }
        configuration.onStateChange?(.closed)
    }
}
