/// JSON as it was written: a number keeps its digits, since a hash is taken over them.
public enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The number's text (RFC 8259 §6).
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public subscript(_ name: String) -> JSONValue? { object?[name] }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    public var number: String? { if case .number(let text) = self { text } else { nil } }

    /// The strings of an array, or the one string.
    public var strings: [String] { string.map { [$0] } ?? (array ?? []).compactMap(\.string) }

    /// UTF-8 with members in the order of their names, so that the same value always has the same octets.
    public func encoded() -> [UInt8] {
        var octets: [UInt8] = []
        write(to: &octets)
        return octets
    }

    private func write(to octets: inout [UInt8]) {
        switch self {
        case .null: octets += "null".utf8
        case .boolean(let value): octets += (value ? "true" : "false").utf8
        case .number(let text): octets += text.utf8
        case .string(let text): Self.write(text, to: &octets)
        case .array(let items):
            octets.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { octets.append(UInt8(ascii: ",")) }
                item.write(to: &octets)
            }
            octets.append(UInt8(ascii: "]"))
        case .object(let members):
            octets.append(UInt8(ascii: "{"))
            let ordered = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, member) in ordered.enumerated() {
                if index > 0 { octets.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &octets)
                octets.append(UInt8(ascii: ":"))
                member.value.write(to: &octets)
            }
            octets.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to octets: inout [UInt8]) {
        octets.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): octets += [UInt8(ascii: "\\"), octet]
            case 0..<0x20: octets += "\(octet < 0x10 ? #"\u000"# : #"\u00"#)\(String(octet, radix: 16))".utf8
            default: octets.append(octet)
            }
        }
        octets.append(UInt8(ascii: "\""))
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral items: JSONValue...) { self = .array(items) }
    /// - Precondition: no name comes twice.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(uniqueKeysWithValues: members))
    }
}
