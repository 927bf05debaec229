/// What stops a gateway, or one request to it.
public struct GatewayError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The store cannot be opened, was written by a later version, or is damaged.
        case store
        /// A batch cannot be made.
        case batch
        /// The node's list of devices cannot be read.
        case directory
        /// There is no dead letter of that number.
        case notFound
        /// Edge rules or a profile cannot be read.
        case rules
        /// The store is full, or no list of devices was read yet.
        case busy
        /// A device did not answer a command in time.
        case noReply
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

    public var description: String { "gateway \(code.rawValue): \(message)" }

    public static func == (left: GatewayError, right: GatewayError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
