/// What a ledger's engine refuses or cannot do.
public struct ReplicaError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let notMember = Code(rawValue: "not-a-member")
        public static let otherLedger = Code(rawValue: "other-ledger")
        public static let unknownKey = Code(rawValue: "unknown-key")
        public static let signature = Code(rawValue: "signature-invalid")
        public static let expired = Code(rawValue: "expired")
        public static let validity = Code(rawValue: "valid-too-long")
        public static let busy = Code(rawValue: "busy")
        public static let noQuorum = Code(rawValue: "no-quorum")
        public static let diverged = Code(rawValue: "diverged")
        /// The program lacks a version of a contract that the ledger runs.
        public static let outdated = Code(rawValue: "outdated")
        public static let stopped = Code(rawValue: "stopped")
        /// A block that no quorum signed.
        public static let certificate = Code(rawValue: "no-certificate")
        /// A block whose statements do not belong to its header, signed by the one who sent it.
        public static let misleading = Code(rawValue: "misleading-block")
        /// A statement that ended the process more than once.
        public static let trapped = Code(rawValue: "statement-stops-process")
        /// Nothing keeps the ledger from going on, so that members resolve nothing outside of the order.
        public static let goesOn = Code(rawValue: "goes-on")
        public static let notFound = Code(rawValue: "not-found")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
    public static func == (a: ReplicaError, b: ReplicaError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
