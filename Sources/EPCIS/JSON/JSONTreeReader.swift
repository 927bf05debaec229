/// Reads JSON (RFC 8259) from octets that anybody may have sent: no name twice, and nothing nested without end.
public struct JSONTreeReader {
    /// Arrays and objects inside one another. An EPCIS event has about six; extensions may bring their own.
    public static let maximumDepth = 64

    private let octets: [UInt8]
    private var position = 0

    /// - Throws: ``EPCISError`` with the place of the octet that does not fit.
    public static func read(_ octets: [UInt8]) throws(EPCISError) -> JSONValue {
        var reader = JSONTreeReader(octets: octets)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == octets.count else { throw reader.malformed("something stands after the value") }
        return value
    }

    private init(octets: [UInt8]) { self.octets = octets }

    private var current: UInt8? { position < octets.count ? octets[position] : nil }

    private func malformed(_ what: String) -> EPCISError {
        EPCISError(.malformedJSON, at: "", "not JSON at octet \(position): \(what)")
    }

    private mutating func skipSpace() {
        while let octet = current, [0x20, 0x09, 0x0A, 0x0D].contains(octet) { position += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard current == octet else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(EPCISError) -> JSONValue {
        guard depth < Self.maximumDepth else { throw malformed("nested more than \(Self.maximumDepth) deep") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(EPCISError) -> JSONValue {
        guard octets[position...].starts(with: text.utf8) else { throw malformed("a value is expected") }
        position += text.utf8.count
        return value
    }

    private mutating func array(depth: Int) throws(EPCISError) -> JSONValue {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(items) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a comma or ] is expected") }
        }
    }

    private mutating func object(depth: Int) throws(EPCISError) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw malformed("a name in quotes is expected") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("a colon is expected") }
            // What comes twice means two things: the sender and we could read different ones.
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
                throw malformed("the name \(name) comes twice in one object")
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a comma or } is expected") }
        }
    }

    private mutating func number() throws(EPCISError) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole > 0, whole == 1 || octets[position - whole] != UInt8(ascii: "0") else {
            throw malformed("a value is expected")
        }
        if take(UInt8(ascii: ".")) { guard digits() > 0 else { throw malformed("digits are expected") } }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw malformed("digits are expected") }
        }
        let text = String(decoding: octets[start..<position], as: UTF8.self)
        guard Double(text)?.isFinite == true else { throw malformed("the number is too large") }
        return text
    }

    private mutating func digits() -> Int {
        let start = position
        while let octet = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) { position += 1 }
        return position - start
    }

    private mutating func string() throws(EPCISError) -> String {
        position += 1
        var text: [UInt8] = []
        while let octet = current {
            position += 1
            switch octet {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw malformed("not UTF-8") }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw malformed("a control character in a string")
            default: text.append(octet)
            }
        }
        throw malformed("a string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(EPCISError) {
        guard let octet = current else { throw malformed("a string does not end") }
        position += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(octet)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw malformed("half a surrogate") }
                let low = try fourHexDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw malformed("half a surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate") }
            text += String(Character(scalar)).utf8
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func fourHexDigits() throws(EPCISError) -> UInt32 {
        guard position + 4 <= octets.count, octets[position..<position + 4].allSatisfy(\.isHexDigit),
            let code = UInt32(String(decoding: octets[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw malformed("four hex digits are expected") }
        position += 4
        return code
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
