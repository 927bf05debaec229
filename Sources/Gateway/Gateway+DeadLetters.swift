import Foundation
import MQTT

// What was refused, and what was rejected, for a person to look at.

extension Gateway {
    /// Dead letters, newest first.
    ///
    /// - Parameters:
    ///   - before: the number of the last one seen, to page on.
    ///   - limit: how many at most.
    public func deadLetters(before: Int64? = nil, limit: Int = 100) async throws -> [DeadLetter] {
        try await store.deadLetters(before: before, limit: limit)
    }

    /// Takes a dead letter again, as if it came now, with its own time of reception: after the device was enrolled, for
    /// instance. When it is accepted it is marked as replayed; when not, it stays as it is.
    ///
    /// - Throws: ``GatewayError`` with `notFound`.
    @discardableResult
    public func replay(deadLetter id: Int64) async throws -> MessageOutcome {
        guard let letter = try await store.deadLetter(id) else {
            throw GatewayError(.notFound, "there is no dead letter \(id); list them again")
        }
        await directory.refresh()
        let outcomes = try await intake.process(
            [letter.mqttMessage], received: letter.received, keepsRefused: false)
        let outcome = outcomes.first ?? .duplicateDelivery
        if outcome == .accepted || outcome == .duplicateDelivery {
            try await store.markReplayed(id, now: UInt64(Date().timeIntervalSince1970 * 1000))
        }
        return outcome
    }

    /// Takes messages that did not come from the broker; each is durable, or refused, when this returns.
    ///
    /// - Throws: ``GatewayError`` with `busy`.
    public func take(_ messages: [MQTTMessage]) async throws -> [MessageOutcome] {
        guard directory.isLoaded else { throw GatewayError(.busy, "the gateway has no list of devices yet; try later") }
        let received = UInt64(Date().timeIntervalSince1970 * 1000)
        guard isFull() else { return try await intake.process(messages, received: received) }
        guard configuration.whenFull == .spill else {
            throw GatewayError(.busy, "the gateway's store is full; send the message again later")
        }
        return try await intake.spill(messages, received: received)
    }

    /// Batches that the node rejected, oldest first. They are signed and sent again by themselves, with growing pauses.
    public func rejectedBatches(limit: Int = 100) async throws -> [RejectedBatch] {
        try await store.rejectedBatches(limit: limit)
    }
}
