/// What can be wrong with a device's name, key, message or connection.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Not a device URN of RFC 9039.
        case urn
        /// A name of a member, channel, event or command that cannot be a level of a topic.
        case topic
        /// A provisioning secret that is too short.
        case secret
        /// The message carries no signature.
        case unsigned
        /// A property of the signature is malformed.
        case malformed
        /// The file with the sequence number is damaged, unreadable or used by another process.
        case sequence
        /// A device profile that cannot be read.
        case profile
        /// Too many readings wait for the broker.
        case busy
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

    public var description: String { "device \(code.rawValue): \(message)" }

    public static func == (left: DeviceError, right: DeviceError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
