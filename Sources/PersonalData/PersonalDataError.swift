/// Why personal data was not kept, read or erased.
public struct PersonalDataError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable {
        /// A field is empty, too long, or has control characters.
        case field = "bad-field"
        /// The retention table has no such class.
        case unknownClass = "unknown-class"
        /// The retention table, a key or the database cannot be read or written.
        case storage = "personal-storage"
    }

    public let code: Code
    /// What happened and what to do; never the value itself.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }

    public static func == (a: PersonalDataError, b: PersonalDataError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
