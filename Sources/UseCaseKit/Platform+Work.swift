import Logging

extension Platform {
    /// Does something again and again until cancelled. What goes wrong is said once, and anew when it is another trouble or
    /// comes back; it ends nothing.
    ///
    /// - Parameter undone: what does not get done then: "a bill is not asked for".
    public func keepOn(
        _ undone: String, every pause: Duration, _ body: () async throws -> Void
    ) async throws {
        var said: String?
        while true {
            do {
                try await body()
                said = nil
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                let words = "\(error)"
                if words != said { logger.warning("\(undone); it is tried again", metadata: ["error": "\(words)"]) }
                said = words
            }
            try await Task.sleep(for: pause)
        }
    }
}
