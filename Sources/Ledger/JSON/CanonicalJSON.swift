/// JSON in the one form that RFC 8785 (JCS) gives a value, so that a hash over it can be recomputed by whoever has the value.
public enum CanonicalJSON: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// Finite: JSON has no other numbers.
    case number(Double)
    case string(String)
    case array([CanonicalJSON])
    case object([String: CanonicalJSON])

    /// UTF-8, without white space, members in the order of their names' UTF-16 code units (RFC 8785 §3.2.3).
    public func encoded() -> Bytes {
        var octets = Bytes()
        write(to: &octets)
        return octets
    }

    private func write(to octets: inout Bytes) {
        switch self {
        case .null: octets += "null".utf8
        case .boolean(let value): octets += (value ? "true" : "false").utf8
        case .number(let value): octets += Self.text(of: value).utf8
        case .string(let text): Self.write(text, to: &octets)
        case .array(let items):
            Self.write(items, between: "[", and: "]", to: &octets) { $0.write(to: &$1) }
        case .object(let members):
            let ordered = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            Self.write(ordered, between: "{", and: "}", to: &octets) { member, octets in
                Self.write(member.key, to: &octets)
                octets.append(UInt8(ascii: ":"))
                member.value.write(to: &octets)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between open: Unicode.Scalar, and close: Unicode.Scalar, to octets: inout Bytes,
        _ body: (Item, inout Bytes) -> Void
    ) {
        octets.append(UInt8(ascii: open))
        for (index, item) in items.enumerated() {
            if index > 0 { octets.append(UInt8(ascii: ",")) }
            body(item, &octets)
        }
        octets.append(UInt8(ascii: close))
    }

    /// RFC 8785 §3.2.2.2: what must be escaped and nothing else, the short way where there is one.
    private static func write(_ text: String, to octets: inout Bytes) {
        octets.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""): octets += #"\""#.utf8
            case UInt8(ascii: "\\"): octets += #"\\"#.utf8
            case 0x08: octets += #"\b"#.utf8
            case 0x09: octets += #"\t"#.utf8
            case 0x0A: octets += #"\n"#.utf8
            case 0x0C: octets += #"\f"#.utf8
            case 0x0D: octets += #"\r"#.utf8
            case 0..<0x20: octets += "\(octet < 0x10 ? #"\u000"# : #"\u00"#)\(String(octet, radix: 16))".utf8
            default: octets.append(octet)
            }
        }
        octets.append(UInt8(ascii: "\""))
    }

    /// RFC 8785 §3.2.2.3: as ECMAScript's `Number::toString` writes it. Swift's description has the same shortest digits
    /// and another layout, so the digits and the place of the point are taken from it.
    private static func text(of value: Double) -> String {
        precondition(value.isFinite, "JSON has finite numbers only")
        if value == 0 { return "0" }
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var digits = Array(mantissa.joined())
        // The number is 0.d₁d₂d₃… × 10^point.
        var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.last == "0" { digits.removeLast() }
        while digits.first == "0" {
            digits.removeFirst()
            point -= 1
        }
        return (value < 0 ? "-" : "") + layout(String(digits), point)
    }

    private static func layout(_ digits: String, _ point: Int) -> String {
        switch point {
        case digits.count...21: return digits + String(repeating: "0", count: point - digits.count)
        case 1...21: return "\(digits.prefix(point)).\(digits.dropFirst(point))"
        case -5...0: return "0." + String(repeating: "0", count: -point) + digits
        default:
            let rest = digits.count > 1 ? ".\(digits.dropFirst())" : ""
            return "\(digits.prefix(1))\(rest)e\(point > 0 ? "+" : "")\(point - 1)"
        }
    }
}

extension CanonicalJSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(arrayLiteral items: CanonicalJSON...) { self = .array(items) }
    /// - Precondition: no name comes twice.
    public init(dictionaryLiteral members: (String, CanonicalJSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: members))
    }
}
