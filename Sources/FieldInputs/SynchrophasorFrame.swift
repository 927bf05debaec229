/// A frame of IEEE C37.118.2-2011, by which phasor measurement units report: clause 6, all numbers high octet first.
///
/// ```
/// AA type size(2) id(2) seconds(4) quality(1) fraction(3) … check(2)
/// ```
public struct SynchrophasorFrame: Sendable, Hashable {
    public enum Kind: UInt8, Sendable {
        case data = 0
        case header = 1
        case configuration1 = 2
        case configuration2 = 3
        case command = 4
        case configuration3 = 5
    }

    /// What a command frame asks a unit for; table 15.
    public enum Command: UInt16, Sendable {
        case stop = 1
        case start = 2
        case sendConfiguration2 = 5
    }

    /// Octets before and after what a kind of frame has of its own.
    static let prefix = 14
    private static let sync: UInt8 = 0xAA
    /// Largest frame; its size has 16 bits.
    public static let maximumSize = 65_535

    public let kind: Kind
    public let id: UInt16
    /// Seconds since 1970, and the fraction in parts of the configuration's time base.
    public let seconds: UInt32
    public let fraction: UInt32
    /// Of the clock; 0 is locked to its source.
    public let timeQuality: UInt8
    public let body: [UInt8]

    /// Takes one whole frame apart.
    public init(_ octets: [UInt8]) throws(FieldInputError) {
        guard let size = Self.size(octets), size == octets.count, let kind = Kind(rawValue: octets[1] >> 4 & 7) else {
            throw FieldInputError(.synchrophasor, "this is no frame of C37.118.2, or not a whole one")
        }
        let stated = UInt16(octets[size - 2]) << 8 | UInt16(octets[size - 1])
        guard stated == Self.check(octets[..<(size - 2)]) else {
            throw FieldInputError(.synchrophasor, "the check sequence of a frame is wrong; look at the line")
        }
        var reader = OctetReader(octets[2...])
        _ = try reader.unsigned(2)
        self.kind = kind
        id = UInt16(try reader.unsigned(2))
        seconds = UInt32(try reader.unsigned(4))
        timeQuality = UInt8(try reader.unsigned(1))
        fraction = UInt32(try reader.unsigned(3))
        body = Array(octets[Self.prefix..<(size - 2)])
    }

    /// The size that a frame states at its beginning; nil where there is no beginning of a frame.
    static func size(_ octets: [UInt8]) -> Int? {
        guard octets.count >= 4, octets[0] == sync, octets[1] & 0x80 == 0 else { return nil }
        let size = Int(octets[2]) << 8 | Int(octets[3])
        return size >= prefix + 2 ? size : nil
    }

    /// A command to a unit.
    public static func command(_ command: Command, to id: UInt16, at seconds: UInt32) -> [UInt8] {
        func octets(_ value: UInt32, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        }
        let frame =
            [sync, Kind.command.rawValue << 4 | 1] + octets(18, 2) + octets(UInt32(id), 2) + octets(seconds, 4)
            + octets(0, 4) + octets(UInt32(command.rawValue), 2)
        return frame + octets(UInt32(check(frame[...])), 2)
    }

    /// CRC-CCITT of annex B: x¹⁶+x¹²+x⁵+1 from FFFF, most significant bit first.
    static func check(_ octets: ArraySlice<UInt8>) -> UInt16 {
        var check: UInt16 = 0xFFFF
        for octet in octets {
            check ^= UInt16(octet) << 8
            for _ in 0..<8 { check = check & 0x8000 != 0 ? check << 1 ^ 0x1021 : check << 1 }
        }
        return check
    }
}

/// Numbers in the order of the line.
struct OctetReader {
    private var rest: ArraySlice<UInt8>

    init(_ octets: ArraySlice<UInt8>) { rest = octets }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func octets(_ count: Int) throws(FieldInputError) -> ArraySlice<UInt8> {
        guard rest.count >= count else {
            throw FieldInputError(.synchrophasor, "a frame is shorter than its configuration says")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func unsigned(_ count: Int) throws(FieldInputError) -> UInt64 {
        try octets(count).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func signed16() throws(FieldInputError) -> Int16 { Int16(bitPattern: UInt16(try unsigned(2))) }

    mutating func float() throws(FieldInputError) -> Double {
        Double(Float(bitPattern: UInt32(try unsigned(4))))
    }

    /// Sixteen octets of a name, without the spaces behind it.
    mutating func name() throws(FieldInputError) -> String {
        let text = String(decoding: try octets(16), as: UTF8.self)
        return String(text.reversed().drop { $0 == " " || $0 == "\0" }.reversed())
    }
}
