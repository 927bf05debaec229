/// Why a key was not taken or not handed out.
public struct KeyServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are. The raw values are the problem codes of the interface.
    public enum Code: String, Sendable, Hashable {
        /// The participant's keys are not kept at this node.
        case notHosted = "not-hosted"
        /// There is no such grant or epoch on the ledger.
        case notFound = "not-found"
        /// The request is malformed, or signed too long ago.
        case request = "bad-request"
        /// The wrapped key is not the one that was registered.
        case wrongKey = "wrong-key"
        /// The grant does not allow it: not theirs, over, revoked, or for other streams.
        case notGranted = "not-granted"
        /// The reader has no encryption key on the ledger.
        case noEncryptionKey = "no-encryption-key"
        /// The ledger did not make the record of the access final in time.
        case notRecorded = "not-recorded"
        /// A key file or a database cannot be read or written.
        case storage = "key-storage"
    }

    public let code: Code
    /// What happened and what to do.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }

    public static func == (a: KeyServiceError, b: KeyServiceError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
