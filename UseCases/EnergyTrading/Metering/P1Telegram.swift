/// A telegram of a smart meter's P1 port: Dutch Smart Meter Requirements P1 companion standard 2.2 to 5.0.2 and its
/// national relatives, which follow IEC 62056-21 mode D.
///
/// ```
/// /ISk5\2MT382-1000 CR LF CR LF
/// 1-0:1.8.1(000301.548*kWh) CR LF …
/// !AD3B CR LF                       CRC16 of all from "/" to "!", hex; none before version 4
/// ```
public struct P1Telegram: Sendable, Hashable {
    /// Longest telegram, bytes.
    public static let maximumSize = 16 * 1024
    /// Most lines of one.
    public static let maximumObjects = 500

    /// A line: what it is about, and the contents of its brackets.
    public struct Object: Sendable, Hashable {
        public let code: OBIS
        public let values: [String]

        public init(_ code: OBIS, _ values: [String]) {
            self.code = code
            self.values = values
        }
    }

    /// Manufacturer and model, without the slash.
    public let identification: String
    public let objects: [Object]
    /// Whether it had a checksum, which then was right.
    public let hasChecksum: Bool

    public init(identification: String, objects: [Object]) {
        self.identification = identification
        self.objects = objects
        hasChecksum = true
    }

    /// Takes a telegram apart.
    ///
    /// - Parameter requiresChecksum: refuse one without; a meter of version 4 or later always has it.
    public init(_ bytes: [UInt8], requiresChecksum: Bool = false) throws(P1Error) {
        guard bytes.count <= Self.maximumSize else {
            throw P1Error(.size, "a telegram has at most \(Self.maximumSize) bytes")
        }
        guard bytes.first == UInt8(ascii: "/") else { throw P1Error(.format, "a telegram begins with a slash") }
        // The mark that ends a telegram stands at the beginning of a line.
        var end: Int?
        for index in bytes.indices.dropFirst() where bytes[index] == UInt8(ascii: "!") && bytes[index - 1] == 0x0A {
            end = index
            break
        }
        guard let end else { throw P1Error(.format, "no line begins with the \"!\" that ends a telegram") }
        hasChecksum = try Self.check(bytes, end: end)
        guard hasChecksum || !requiresChecksum else { throw P1Error(.checksum, "the telegram has no checksum") }
        guard bytes[..<end].allSatisfy({ $0 < 0x80 }) else {
            throw P1Error(.format, "a telegram is ASCII up to its end")
        }
        let lines = Self.lines(bytes[..<end])
        identification = String(lines.first?.dropFirst() ?? "")
        objects = try Self.objects(lines.dropFirst())
    }

    /// Whether there is a checksum; a wrong one is an error.
    private static func check(_ bytes: [UInt8], end: Int) throws(P1Error) -> Bool {
        let tail = bytes[(end + 1)...].prefix { $0 != 0x0D && $0 != 0x0A }
        if tail.isEmpty { return false }
        guard tail.count == 4, let stated = UInt16(String(decoding: tail, as: UTF8.self), radix: 16) else {
            throw P1Error(.checksum, "four hexadecimal digits follow the \"!\"")
        }
        let real = CRC16.arc(bytes[...end])
        guard stated == real else {
            throw P1Error(.checksum, "the checksum is \(hex(stated)), the telegram's is \(hex(real))")
        }
        return true
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func objects(_ lines: ArraySlice<String>) throws(P1Error) -> [Object] {
        var objects: [Object] = []
        for line in lines {
            guard let bracket = line.firstIndex(of: "(") else {
                throw P1Error(.format, "a line has its values in brackets: \(line.prefix(40))")
            }
            let values = try values(line[bracket...])
            if bracket == line.startIndex {
                // Meters before version 4 write a gas meter's value on a line of its own.
                guard let last = objects.popLast() else { throw P1Error(.format, "a value without a code") }
                objects.append(Object(last.code, last.values + values))
                continue
            }
            guard let code = OBIS(line[..<bracket]) else {
                throw P1Error(.format, "\(line[..<bracket].prefix(40)) is no OBIS code")
            }
            guard objects.count < maximumObjects else {
                throw P1Error(.size, "a telegram has at most \(maximumObjects) lines")
            }
            objects.append(Object(code, values))
        }
        return objects
    }

    private static func values(_ text: Substring) throws(P1Error) -> [String] {
        var values: [String] = []
        var rest = text
        while !rest.isEmpty {
            guard rest.first == "(", let close = rest.firstIndex(of: ")") else {
                throw P1Error(.format, "brackets do not close: \(text.prefix(40))")
            }
            values.append(String(rest[rest.index(after: rest.startIndex)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return values
    }

    // MARK: Writing

    /// The telegram's bytes, with its checksum.
    public var bytes: [UInt8] {
        var text = "/\(identification)\r\n\r\n"
        for object in objects {
            text += "\(object.code)" + object.values.map { "(\($0))" }.joined() + "\r\n"
        }
        let body = Array((text + "!").utf8)
        return body + Array((Self.hex(CRC16.arc(body[...])) + "\r\n").utf8)
    }

    private static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

enum CRC16 {
    /// CRC-16/ARC: x¹⁶+x¹⁵+x²+1, least significant bit first, from 0; P1 companion standard 5.0.2, clause 5.2.
    static func arc(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xA001 : crc >> 1 }
        }
        return crc
    }
}
