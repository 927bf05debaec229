/// Writes records as JSON objects.
struct JSONWriter {
    private(set) var octets: [UInt8] = []
    private var isFirstField = true

    mutating func raw(_ text: StaticString) {
        octets.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The fields of a record; the caller writes the braces.
    mutating func write(_ record: SenMLRecord) {
        isFirstField = true
        if let name = record.baseName { text(.baseName, name) }
        if let time = record.baseTime { number(.baseTime, time) }
        if let unit = record.baseUnit { text(.baseUnit, unit) }
        if let value = record.baseValue { number(.baseValue, value) }
        if let sum = record.baseSum { number(.baseSum, sum) }
        if let version = record.baseVersion {
            label(.baseVersion)
            octets.append(contentsOf: String(version).utf8)
        }
        if let name = record.name { text(.name, name) }
        if let unit = record.unit { text(.unit, unit) }
        switch record.value {
        case .number(let value): number(.value, value)
        case .string(let value): text(.stringValue, value)
        case .boolean(let value):
            label(.booleanValue)
            raw(value ? "true" : "false")
        case .octets(let value): text(.dataValue, Base64URL.encode(value))
        case .none: break
        }
        if let sum = record.sum { number(.sum, sum) }
        if let time = record.time { number(.time, time) }
        if let time = record.updateTime { number(.updateTime, time) }
    }

    private mutating func label(_ field: SenMLField) {
        if !isFirstField { raw(",") }
        isFirstField = false
        raw("\"")
        octets.append(contentsOf: field.label.utf8)
        raw("\":")
    }

    private mutating func number(_ field: SenMLField, _ value: Double) {
        label(field)
        // Whole numbers that a double holds exactly are written as such; `description` is the shortest text that
        // reads back as the same number.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53, !(whole == 0 && value.sign == .minus) {
            octets.append(contentsOf: String(whole).utf8)
        } else {
            octets.append(contentsOf: value.description.utf8)
        }
    }

    private mutating func text(_ field: SenMLField, _ value: String) {
        label(field)
        raw("\"")
        for octet in value.utf8 {
            switch octet {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 0..<0x20:
                raw("\\u00")
                octets.append(Self.hexadecimal[Int(octet >> 4)])
                octets.append(Self.hexadecimal[Int(octet & 15)])
            default: octets.append(octet)
            }
        }
        raw("\"")
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)
}
