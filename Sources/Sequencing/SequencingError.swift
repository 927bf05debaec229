/// Why an order cannot be had or continued.
public struct SequencingError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The slot asked for is not kept any more; blocks of peers stand in for it.
        public static let trimmed = Code(rawValue: "trimmed")
        /// The orderer stands before a point where it was already: it was restored from an older copy, or wiped.
        public static let rewound = Code(rawValue: "rewound")
        /// A slot is missing, or does not continue the chain.
        public static let broken = Code(rawValue: "broken-chain")
        /// Members began another order meanwhile.
        public static let superseded = Code(rawValue: "superseded")
        /// The orderer takes nothing more until it has space.
        public static let full = Code(rawValue: "full")
        public static let unreachable = Code(rawValue: "unreachable")
        /// The orderer does not let this node in, or refuses what it asks.
        public static let refused = Code(rawValue: "refused")
        public static let configuration = Code(rawValue: "configuration")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
    public static func == (a: SequencingError, b: SequencingError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
