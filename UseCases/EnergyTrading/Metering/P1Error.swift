/// Why a telegram is not taken; none of it is used then.
public struct P1Error: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable { case format, checksum, size, value }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
