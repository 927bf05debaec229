/// How an engine waits: by the clock of the machine, or by one that a simulation drives.
public typealias Pause = @Sendable (Duration) async throws -> Void
