/// Received messages in groups: all that had arrived when the consumer asked.
///
/// Asking for the next group says that the one before is processed. With
/// ``MQTTConfiguration/Acknowledgement/afterProcessing`` that is the moment at which its messages are acknowledged, so
/// a consumer that makes them durable first loses none; it gets some twice after a lost connection. A slow consumer
/// stops the reading, and so the broker.
///
/// Ends when the client is closed or the consuming task is cancelled (the last group then counts as processed).
public struct MQTTDeliveries: AsyncSequence, Sendable {
    /// A group of messages in the order of their arrival.
    public typealias Element = [MQTTMessage]

    let session: MosquittoSession

    /// Iterates over groups.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let session: MosquittoSession

        /// The next group, never empty.
        ///
        /// - Throws: ``MQTTError`` when the broker refused the client or a subscription.
        public mutating func next() async throws -> [MQTTMessage]? {
            let session = session
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    session.askForMessages(continuation)
                }
            } onCancel: {
                session.state.withLock { state in
                    defer { state.consumer = nil }
                    return state.consumer
                }?.resume(returning: nil)
            }
        }
    }

    /// Starts to iterate.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(session: session) }
}

extension MosquittoSession {
    func askForMessages(_ continuation: CheckedContinuation<[MQTTMessage]?, any Error>) {
        let answer: Result<[MQTTMessage]?, any Error>? = state.withLock { state in
            precondition(state.consumer == nil, "deliveries has one consumer at a time")
            if Task.isCancelled {
                state.window.acknowledge()
                return .success(nil)
            }
            let messages = state.window.take()
            if !messages.isEmpty { return .success(messages) }
            if let failure = state.deliveryFailure ?? state.refusal { return .failure(failure) }
            if state.isClosed { return .success(nil) }
            state.consumer = continuation
            return nil
        }
        // Reading may go on, or acknowledgements may be written.
        wake.signal()
        if let answer { continuation.resume(with: answer) }
    }

    func giveUpConnect(_ identifier: UInt64) {
        let (waiter, failure) = state.withLock { state in
            (state.connectWaiters.removeValue(forKey: identifier), state.lastFailure)
        }
        waiter?.resume(
            throwing: MQTTError(
                .unreachable, "no broker at \(configuration.host):\(configuration.port): \(failure); is it running?"))
    }
}
