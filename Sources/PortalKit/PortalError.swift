/// Why a page or an asset could not be made. Two errors are equal when their codes are.
public struct PortalError: Error, Equatable, CustomStringConvertible {
    /// What went wrong, stable across versions.
    public enum Code: String, Sendable {
        /// A folder of templates or assets is not where the build put it.
        case resourcesMissing
        /// A template does not parse.
        case templateMalformed
        /// A page names a template that no folder holds.
        case templateUnknown
        /// A text is too long for a QR symbol, or the encoder refused it.
        case symbolRefused
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what to do, for an operator.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }

    public static func == (left: PortalError, right: PortalError) -> Bool { left.code == right.code }
}
