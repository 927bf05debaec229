/// Reads RFC 8259 text one token at a time, straight into records: a gateway reads tens of thousands of packs a
/// second, so no tree of values is built on the way.
struct JSONReader {
    private let octets: [UInt8]
    private(set) var position = 0
    private let limits: SenMLLimits

    init(_ octets: [UInt8], limits: SenMLLimits) {
        self.octets = octets
        self.limits = limits
    }

    var isAtEnd: Bool { position >= octets.count }

    func malformed(_ what: String) -> SenMLError {
        SenMLError(.malformedJSON, "\(what) at octet \(position)")
    }

    mutating func skipSpace() {
        while position < octets.count {
            switch octets[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The next octet after white space, without taking it.
    mutating func peek() throws(SenMLError) -> UInt8 {
        skipSpace()
        guard position < octets.count else { throw malformed("the text ends early") }
        return octets[position]
    }

    /// Takes a structural character if it is next.
    mutating func take(_ character: Character) throws(SenMLError) -> Bool {
        guard let ascii = character.asciiValue, try peek() == ascii else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Character) throws(SenMLError) {
        if try !take(character) { throw malformed("expected '\(character)'") }
    }

    mutating func literal(_ word: StaticString) throws(SenMLError) {
        let count = word.utf8CodeUnitCount
        guard position + count <= octets.count else { throw malformed("the text ends early") }
        for offset in 0..<count where octets[position + offset] != word.utf8Start[offset] {
            throw malformed("expected '\(word)'")
        }
        position += count
    }

    // MARK: Strings (RFC 8259 §7)

    mutating func string() throws(SenMLError) -> String {
        try expect("\"")
        let start = position
        while position < octets.count {
            switch octets[position] {
            case UInt8(ascii: "\""):
                guard let text = String(validating: octets[start..<position], as: UTF8.self) else {
                    throw malformed("a string that is not UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw malformed("a control character in a string")
            default: position += 1
            }
        }
        throw malformed("a string that does not end")
    }

    private mutating func escapedString(from start: Int) throws(SenMLError) -> String {
        var output = Array(octets[start..<position])
        while position < octets.count {
            let octet = octets[position]
            position += 1
            switch octet {
            case UInt8(ascii: "\""):
                guard let text = String(validating: output, as: UTF8.self) else {
                    throw malformed("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): output.append(contentsOf: try escape())
            case 0..<0x20: throw malformed("a control character in a string")
            default: output.append(octet)
            }
        }
        throw malformed("a string that does not end")
    }

    private mutating func escape() throws(SenMLError) -> [UInt8] {
        guard position < octets.count else { throw malformed("an escape that does not end") }
        let octet = octets[position]
        position += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [octet]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try scalar()).utf8)
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func scalar() throws(SenMLError) -> Character {
        var code = UInt32(try hexadecimal())
        if 0xD800..<0xDC00 ~= code {
            try literal("\\u")
            let low = UInt32(try hexadecimal())
            guard 0xDC00..<0xE000 ~= low else { throw malformed("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate pair") }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(SenMLError) -> UInt16 {
        guard position + 4 <= octets.count else { throw malformed("an escape that does not end") }
        var code: UInt16 = 0
        for _ in 0..<4 {
            let octet = octets[position]
            position += 1
            switch octet {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt16(octet - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt16(octet - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt16(octet - UInt8(ascii: "A") + 10)
            default: throw malformed("an escape that is not hexadecimal")
            }
        }
        return code
    }

    // MARK: Numbers (RFC 8259 §6)

    /// A number; whole and unsigned where it was written as digits alone, because versions may be nothing else.
    mutating func number() throws(SenMLError) -> SenMLField.Content {
        let start = position
        if position < octets.count, octets[position] == UInt8(ascii: "-") { position += 1 }
        let negative = position > start
        let whole = try integerDigits()
        var isWhole = true
        if position < octets.count, octets[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits()
        }
        if position < octets.count, octets[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if position < octets.count, octets[position] == UInt8(ascii: "+") || octets[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
        if isWhole, let whole {
            return negative ? .number(-Double(whole)) : .unsigned(whole)
        }
        // The standard library reads decimal text with correct rounding.
        guard let value = Double(String(decoding: octets[start..<position], as: UTF8.self)) else {
            throw malformed("a number that cannot be read")
        }
        return .number(value)
    }

    private mutating func integerDigits() throws(SenMLError) -> UInt64? {
        guard position < octets.count else { throw malformed("the text ends early") }
        if octets[position] == UInt8(ascii: "0") {
            position += 1
            return 0
        }
        let start = position
        try digits()
        var value: UInt64 = 0
        for digit in octets[start..<position] {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if overflow || carried { return nil }
            value = sum
        }
        return value
    }

    private mutating func digits() throws(SenMLError) {
        let start = position
        while position < octets.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= octets[position] { position += 1 }
        if position == start { throw malformed("a number without digits") }
    }

    // MARK: Values that are not known

    /// Passes over a value of a field that is not known, checking its form.
    mutating func skipValue(depth: Int = 0) throws(SenMLError) {
        if depth > limits.depth { throw SenMLError(.limit, "an unknown field nests deeper than \(limits.depth)") }
        switch try peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "["):
            try expect("[")
            if try take("]") { return }
            repeat { try skipValue(depth: depth + 1) } while try take(",")
            try expect("]")
        case UInt8(ascii: "{"):
            try expect("{")
            if try take("}") { return }
            repeat {
                _ = try string()
                try expect(":")
                try skipValue(depth: depth + 1)
            } while try take(",")
            try expect("}")
        default: _ = try number()
        }
    }
}
