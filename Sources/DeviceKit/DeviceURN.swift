/// The name of a device: `urn:dev:…` (RFC 9039 §3.2).
///
/// Scheme and namespace may be written in any case by RFC 8141; here only lower case is a name, so that one device
/// has one name in topics, certificates and on the ledger.
public struct DeviceURN: Sendable, Hashable, CustomStringConvertible {
    /// Longest name in octets: it is the common name of a certificate (RFC 5280 appendix A.1, ub-common-name).
    public static let maximumLength = 64

    /// The whole name.
    public let text: String

    public var description: String { text }

    /// The subtype: `mac`, `ow`, `org`, `os`, `ops` or another.
    public var subtype: String {
        String(text.dropFirst(Self.prefix.count).prefix { $0 != ":" })
    }

    private static let prefix = "urn:dev:"

    /// Checks a name against the grammar.
    ///
    /// - Throws: ``DeviceError`` with `urn`, saying which rule is broken.
    public init(_ text: String) throws(DeviceError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw DeviceError(.urn, "a device URN has at most \(Self.maximumLength) octets here: '\(text)'")
        }
        guard text.hasPrefix(Self.prefix) else {
            throw DeviceError(.urn, "a device URN begins with '\(Self.prefix)': '\(text)'")
        }
        if let fault = Self.fault(in: text.dropFirst(Self.prefix.count)) {
            throw DeviceError(.urn, "'\(text)' is not a device URN (RFC 9039 §3.2): \(fault)")
        }
        self.text = text
    }

    /// body componentpart; nil when the grammar is met.
    private static func fault(in rest: Substring) -> String? {
        // componentpart = *( "_" identifier ), and "_" occurs nowhere else.
        let parts = rest.split(separator: "_", omittingEmptySubsequences: false)
        if let bad = parts.dropFirst().first(where: { !isIdentifier($0) }) { return "'\(bad)' is not a component" }
        guard let body = parts.first, let colon = body.firstIndex(of: ":") else {
            return "a subtype and ':' are missing"
        }
        let fields = body[body.index(after: colon)...].split(separator: ":", omittingEmptySubsequences: false)
        switch body[..<colon] {
        case "mac", "ow":
            guard fields.count == 1, let field = fields.first, isHexadecimal(field) else {
                return "the identifier is pairs of lower-case hexadecimal digits"
            }
        case "org", "os": return organisationFault(fields, products: 0)
        case "ops": return organisationFault(fields, products: 1)
        case let subtype:
            guard isSubtype(subtype) else { return "'\(subtype)' is not a subtype" }
            if let bad = fields.first(where: { !isIdentifier($0) }) { return "'\(bad)' is not an identifier" }
        }
        return nil
    }

    /// posnumber "-" [product "-"] serial *( ":" identifier )
    private static func organisationFault(_ fields: [Substring], products: Int) -> String? {
        guard let first = fields.first else { return "an identifier is missing" }
        let pieces = first.split(separator: "-", maxSplits: products + 1, omittingEmptySubsequences: false)
        guard pieces.count == products + 2, let number = pieces.first, isPositive(number) else {
            return "it begins with a private enterprise number and '-'"
        }
        if let bad = (pieces.dropFirst() + fields.dropFirst()).first(where: { !isIdentifier($0) }) {
            return "'\(bad)' is not an identifier"
        }
        return nil
    }

    private static func isIdentifier(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isDigit($0) || isLower($0 | 0x20) || $0 == 0x2D || $0 == 0x2E }
    }

    private static func isSubtype(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLower(first) else { return false }
        return text.utf8.allSatisfy { isDigit($0) || isLower($0) }
    }

    private static func isHexadecimal(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count.isMultiple(of: 2)
            && text.utf8.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    private static func isPositive(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.first != UInt8(ascii: "0") && text.utf8.allSatisfy(isDigit)
    }

    private static func isDigit(_ octet: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= octet }

    private static func isLower(_ octet: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= octet }
}
