/// What can be wrong with bytes that claim to be part of a ledger.
///
/// Two errors are equal when their codes are; the message says what was found and what to do.
public struct LedgerError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let cbor = Code(rawValue: "malformed-cbor")
        public static let notDeterministic = Code(rawValue: "not-deterministic")
        public static let limit = Code(rawValue: "limit-exceeded")
        public static let key = Code(rawValue: "malformed-key")
        public static let statement = Code(rawValue: "malformed-statement")
        public static let signature = Code(rawValue: "signature-invalid")
        public static let block = Code(rawValue: "malformed-block")
        public static let proof = Code(rawValue: "proof-invalid")
        public static let evidence = Code(rawValue: "malformed-evidence")
        public static let checkpoint = Code(rawValue: "malformed-checkpoint")
        public static let sealing = Code(rawValue: "sealing-invalid")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }

    public static func == (a: LedgerError, b: LedgerError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
