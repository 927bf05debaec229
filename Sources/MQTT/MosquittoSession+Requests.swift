import CMosquitto
import Foundation

// What callers ask for, given to the library by the network thread alone and only while a connection is accepted. The
// library is said to be thread-safe, but a message that is published while it connects is marked as sent without
// having been, and waits for its acknowledgement for ever.

extension MosquittoSession {
    /// Gives the library what was asked for since the last time.
    func passOnRequests() {
        let (outbox, subscriptions, isVersion5) = state.withLock { state in
            guard state.connection == .accepted else {
                return ([(ticket: UInt64, message: MQTTMessage)](), [SessionState.Subscription](), false)
            }
            defer {
                state.outbox = []
                state.subscriptionRequests = []
            }
            return (state.outbox, state.subscriptionRequests, state.isVersion5)
        }
        for subscription in subscriptions { pass(on: subscription) }
        for entry in outbox { publish(entry.message, entry.ticket, isVersion5) }
    }

    private func publish(_ message: MQTTMessage, _ ticket: UInt64, _ isVersion5: Bool) {
        var identifier: Int32 = 0
        var result: Int32
        let count = Int32(clamping: message.payload.count)
        let level = message.qualityOfService.rawValue
        do {
            if isVersion5 {
                let properties = try MosquittoProperties(of: message)
                result = mosquitto_publish_v5(
                    handle.pointer, &identifier, message.topic, count, message.payload, level, message.retain,
                    properties.list)
            } else {
                result = mosquitto_publish(
                    handle.pointer, &identifier, message.topic, count, message.payload, level, message.retain)
            }
        } catch {
            return fail(ticket, error)
        }
        // Without a connection the library has queued what is above QoS 0, and sends it when it has one.
        if result == MOSQ_ERR_NO_CONN.rawValue && message.qualityOfService != .atMostOnce {
            result = MOSQ_ERR_SUCCESS.rawValue
        }
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            return fail(
                ticket, MQTTError(.invalidMessage, "cannot publish to '\(message.topic)': \(Mosquitto.text(result))"))
        }
        state.withLock { $0.tickets[identifier] = ticket }
    }

    private func fail(_ ticket: UInt64, _ error: any Error) {
        state.withLock { $0.answer(ticket, .failure(error)) }?.resume(throwing: error)
    }

    private func pass(on subscription: SessionState.Subscription) {
        var identifier: Int32 = 0
        let result = request(subscription.filters, &identifier)
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            return subscription.waiter.resume(
                throwing: MQTTError(.invalidMessage, "cannot subscribe: \(Mosquitto.text(result))"))
        }
        state.withLock { $0.subscriptions[identifier] = subscription }
    }

    /// Queues a SUBSCRIBE at QoS 1.
    func request(_ filters: [String], _ identifier: inout Int32) -> Int32 {
        let copies = filters.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return copies.withUnsafeBufferPointer { pointers in
            mosquitto_subscribe_multiple(
                handle.pointer, &identifier, Int32(filters.count), UnsafePointer(pointers.baseAddress), 1, 0, nil)
        }
    }
}
