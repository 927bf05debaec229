import Ledger

/// What can be wrong with a ledger's database.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The file was written by a later version of the program.
        public static let newerFile = Code(rawValue: "newer-file")
        /// A stored byte is not what was written.
        public static let damaged = Code(rawValue: "damaged")
        /// SQLite reports an error.
        public static let database = Code(rawValue: "database")
        /// The file belongs to another ledger or member.
        public static let otherLedger = Code(rawValue: "other-ledger")
        /// The statement is known, and this member does not keep it.
        public static let notKept = Code(rawValue: "not-kept")
        /// Signing would contradict an earlier signature.
        public static let conflictingVote = Code(rawValue: "conflicting-vote")
    }

    public let code: Code
    /// Where: a block, a statement, a state key, a tile.
    public let location: String
    public let message: String

    public init(_ code: Code, at location: String, _ message: String) {
        self.code = code
        self.location = location
        self.message = message
    }

    public static func notKept(transaction: Hash32) -> StoreError {
        StoreError(
            .notKept, at: "transaction \(transaction)",
            "this member does not keep its statement, only what became of it; ask the node of another member")
    }

    public var description: String { "\(code.rawValue) at \(location): \(message)" }

    public static func == (a: StoreError, b: StoreError) -> Bool { a.code == b.code && a.location == b.location }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(location)
    }
}
