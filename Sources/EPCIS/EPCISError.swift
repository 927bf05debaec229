/// Why an EPCIS document, event or query is refused: what rule, where, and what to change.
public struct EPCISError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule that was broken. Two errors are equal when their codes are: messages are for people.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The octets are not JSON (RFC 8259), or a limit of ``JSONTreeReader`` was passed.
        case malformedJSON
        /// No EPCIS 2.0 document with events (EPCIS 2.0 §9.6).
        case document
        /// A member that must be there is not.
        case missing
        /// A member has another type than the standard gives it.
        case wrongType
        /// A value outside its vocabulary, or not of its form (URI, time, unit).
        case value
        /// A name that is neither the standard's nor of a namespace (EPCIS 2.0 §9.1.2).
        case name
        /// Members that may not stand together, or of which one is needed (EPCIS 2.0 §7.4).
        case combination
        /// A query parameter that is unknown or not served (EPCIS 2.0 §8.2.7.1).
        case query
    }

    public let code: Code
    /// Where, as a JSON pointer (RFC 6901) into what was sent.
    public let pointer: String
    public let message: String

    public init(_ code: Code, at pointer: String, _ message: String) {
        self.code = code
        self.pointer = pointer
        self.message = message
    }

    public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }

    public static func == (left: EPCISError, right: EPCISError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
