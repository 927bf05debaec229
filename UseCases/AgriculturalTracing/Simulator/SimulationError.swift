/// What keeps a simulation from running.
public struct SimulationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A picture cannot be stored.
        case picture
        /// There is no such device, or it cannot do what was asked.
        case device
    }

    /// What went wrong.
    public var code: Code
    /// What happened and what to do about it.
    public var message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "simulation \(code.rawValue): \(message)" }

    public static func == (left: SimulationError, right: SimulationError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
