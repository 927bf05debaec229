/// Why a certificate could not be issued or the broker not be run.
public struct BrokerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; two errors are equal when their codes are.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A file could not be read or written.
        case file
        /// A name cannot be the common name of a certificate.
        case name
        /// The authority's files are damaged or do not belong together.
        case authority
        /// A certification request that is not one, or not for this device.
        case request
        /// There is no broker program on this machine.
        case missingProgram
        /// Another process listens on the port.
        case portInUse
        /// The broker ended or did not accept connections in time.
        case notStarted
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

    public var description: String { "broker \(code.rawValue): \(message)" }

    public static func == (left: BrokerError, right: BrokerError) -> Bool { left.code == right.code }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
