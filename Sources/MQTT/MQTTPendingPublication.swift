/// A message on its way to the broker.
public struct MQTTPendingPublication: Sendable {
    let ticket: UInt64
    let session: MosquittoSession

    /// Waits until the broker has taken the message, through reconnections. To be called once.
    ///
    /// - Throws: ``MQTTError``: `notAuthorised`, `rejected`, `invalidMessage`, `closed`; `CancellationError`.
    public func answer() async throws -> MQTTPublication {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<MQTTPublication, any Error>? = session.state.withLock { state in
                    if let answer = state.answers.removeValue(forKey: ticket) { return answer }
                    if Task.isCancelled {
                        state.abandoned.insert(ticket)
                        return .failure(CancellationError())
                    }
                    if state.isClosed { return .failure(MQTTError(.closed, "the client was closed")) }
                    state.publishers[ticket] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let publisher = session.state.withLock { state in
                let publisher = state.publishers.removeValue(forKey: ticket)
                if publisher != nil { state.abandoned.insert(ticket) }
                return publisher
            }
            publisher?.resume(throwing: CancellationError())
        }
    }
}
