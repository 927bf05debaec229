import Foundation
import MQTT
import Synchronization

/// Commands whose answers are awaited, by their correlation data (MQTT 5 §4.10).
final class PendingReplies: Sendable {
    typealias Waiter = CheckedContinuation<MQTTMessage, any Error>

    private let waiters = Mutex<[[UInt8]: Waiter]>([:])

    /// Waits for the answer that carries `correlation`.
    ///
    /// - Throws: ``GatewayError`` with `noReply` after the time, `CancellationError`.
    func wait(for correlation: [UInt8], timeout: Duration) async throws -> MQTTMessage {
        let timer = Task {
            try await Task.sleep(for: timeout)
            self.end(correlation, GatewayError(.noReply, "the device did not answer within \(timeout)"))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiters.withLock { $0[correlation] = continuation }
                if Task.isCancelled { end(correlation, CancellationError()) }
            }
        } onCancel: {
            end(correlation, CancellationError())
        }
    }

    /// Gives an answer to whoever waits for it; others are of no interest to anybody any more.
    func receive(_ message: MQTTMessage) {
        guard let correlation = message.correlationData else { return }
        waiters.withLock { $0.removeValue(forKey: correlation) }?.resume(returning: message)
    }

    private func end(_ correlation: [UInt8], _ error: any Error) {
        waiters.withLock { $0.removeValue(forKey: correlation) }?.resume(throwing: error)
    }
}
