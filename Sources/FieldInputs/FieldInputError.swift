/// What can be wrong with inputs beside MQTT.
public struct FieldInputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The file of adapters cannot be used.
        case configuration
        /// A Modbus server cannot be reached or does not answer as it should.
        case modbus
        /// A phasor measurement unit cannot be reached or sends what cannot be read.
        case synchrophasor
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

    public var description: String { "field input \(code.rawValue): \(message)" }

    public static func == (left: FieldInputError, right: FieldInputError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
