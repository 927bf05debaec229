/// Why a pond cannot be simulated.
public struct PondError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable { case series, device }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
    public static func == (left: PondError, right: PondError) -> Bool { left.code == right.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
