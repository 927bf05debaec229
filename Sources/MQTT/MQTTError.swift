/// Why the broker could not be reached or did not do what was asked.
public struct MQTTError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The client could not be set up: a certificate file is missing or unreadable, a name is not valid.
        case configuration
        /// No connection within the time allowed; the client goes on trying unless it was closed.
        case unreachable
        /// The broker refused the client (certificate, user or protocol).
        case refused
        /// The broker does not let this client publish or subscribe here.
        case notAuthorised
        /// The broker refused one message or subscription for another reason.
        case rejected
        /// The topic or filter is not valid, or the message is too large.
        case invalidMessage
        /// More messages wait for their acknowledgement than ``MQTTConfiguration/maximumPending`` allows.
        case busy
        /// The client was closed.
        case closed
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

    public var description: String { "MQTT \(code.rawValue): \(message)" }

    public static func == (left: MQTTError, right: MQTTError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
