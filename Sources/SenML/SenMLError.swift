/// Why a pack was refused or could not be written.
///
/// A pack is accepted or refused whole, so an error names the record (counted from 0) and what to change in it.
public struct SenMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of rule was broken. Two errors are equal when their codes are: messages are for people.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The octets are not JSON (RFC 8259).
        case malformedJSON
        /// The octets are not well-formed CBOR (RFC 8949).
        case malformedCBOR
        /// A pack is an array of at least one object or map (RFC 8428 §4).
        case notAPack
        /// A field has the wrong type (RFC 8428 §5, §6).
        case wrongType
        /// A label appears twice in one record.
        case duplicateField
        /// CBOR labels of the fields of RFC 8428 are the integers of its table 4, never text (§6).
        case textLabel
        /// A label that ends in "_" must be understood, and is not (RFC 8428 §4.4).
        case mandatoryField
        /// The pack needs a later version, or its records disagree about it (RFC 8428 §4.4).
        case version
        /// The name is empty, starts badly or has a character that names may not have (RFC 8428 §4.5.1).
        case name
        /// A record has more than one value, or neither value nor sum (RFC 8428 §4.2).
        case value
        /// A number is not finite.
        case number
        /// A limit of ``SenMLLimits`` was passed.
        case limit
    }

    /// The rule that was broken.
    public var code: Code
    /// What happened, where, and what to change.
    public var message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "SenML \(code.rawValue): \(message)" }

    public static func == (left: SenMLError, right: SenMLError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
