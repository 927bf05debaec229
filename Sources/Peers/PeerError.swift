/// A peer that does not answer, or not as it should.
public struct PeerError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let unknown = Code(rawValue: "unknown-peer")
        public static let answer = Code(rawValue: "answer")
        /// The peer does not take this node for the one of a member.
        public static let refused = Code(rawValue: "refused")
        /// Somebody else answers in the place of a member's node.
        public static let impostor = Code(rawValue: "impostor")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
    public static func == (a: PeerError, b: PeerError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
