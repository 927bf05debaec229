import ContractKit

/// A GS1 product code of one box: GTIN (AI 01), batch or lot (AI 10) and serial (AI 21), GS1 General Specifications §3.
public struct ProductCode: Hashable, Sendable {
    public let gtin: String
    public let lot: String
    public let serial: String

    /// - Parameters:
    ///   - gtin: 14 digits with a right check digit.
    ///   - lot, serial: 1 to 20 characters of GS1 character set 82.
    public init(gtin: String, lot: String, serial: String) throws(ContractError) {
        guard gtin.utf8.count == 14, CheckDigit.isValid(gtin) else {
            throw ContractError(110, "a GTIN has 14 digits, the last of them the check digit (AI 01)")
        }
        for part in [lot, serial] {
            guard (1...20).contains(part.utf8.count), CharacterSet82.contains(part) else {
                throw ContractError(111, "lot and serial have 1 to 20 characters of GS1 character set 82 (AI 10, 21)")
            }
        }
        self.gtin = gtin
        self.lot = lot
        self.serial = serial
    }

    /// From the path of a GS1 Digital Link, `01/…/10/…/21/…` with percent-encoded parts.
    public init(path: String) throws(ContractError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "01", parts[2] == "10", parts[4] == "21",
            let lot = PercentEncoding.decode(parts[3]), let serial = PercentEncoding.decode(parts[5])
        else { throw ContractError(112, "a product code is 01/{GTIN}/10/{lot}/21/{serial}") }
        try self.init(gtin: parts[1], lot: lot, serial: serial)
    }

    /// The canonical path of its GS1 Digital Link, without a leading slash; also the subject of statements about the box.
    public var path: String {
        "01/\(gtin)/10/\(PercentEncoding.encode(lot))/21/\(PercentEncoding.encode(serial))"
    }
}

/// Mod-10 check digit, GS1 General Specifications §7.9.
public enum CheckDigit {
    /// Whether the last digit is the check digit of those before it.
    public static func isValid(_ digits: String) -> Bool {
        let values = digits.utf8.map { Int($0) - 0x30 }
        guard values.count >= 2, values.allSatisfy({ (0...9).contains($0) }) else { return false }
        // Weights 3, 1, 3, … from the digit left of the check digit leftwards.
        let sum = values.dropLast().reversed().enumerated().reduce(0) { $0 + $1.element * ($1.offset % 2 == 0 ? 3 : 1) }
        return (10 - sum % 10) % 10 == values[values.count - 1]
    }
}

/// GS1 AI encodable character set 82, General Specifications figure 7.11-1.
public enum CharacterSet82 {
    private static let others: [UInt8] = Array("!\"%&'()*+,-./:;<=>?_".utf8)

    public static func contains(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || others.contains(byte)
        }
    }
}

/// Percent-encoding of one path segment (RFC 3986 §2.1): all but unreserved characters.
public enum PercentEncoding {
    private static let digits: [UInt8] = Array("0123456789ABCDEF".utf8)

    public static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            let unreserved =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte)
            if unreserved { out.append(byte) } else { out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// nil for an incomplete escape or text that is not UTF-8.
    public static func decode(_ text: String) -> String? {
        var out: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == 0x25 else {
                out.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(value), let low = rest.next().flatMap(value) else { return nil }
            out.append(high << 4 | low)
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
