/// Writes deterministic CBOR (RFC 8949 §4.2.1) piece by piece.
///
/// The caller of ``map(_:)`` writes the entries in the order of their encoded keys; ``encode(_:)`` does so by itself.
public struct CBOREncoder {
    public private(set) var bytes: Bytes = []

    public init(capacity: Int = 128) {
        bytes.reserveCapacity(capacity)
    }

    public mutating func unsigned(_ value: UInt64) { head(0, value) }

    public mutating func int(_ value: Int64) {
        if value >= 0 { head(0, UInt64(value)) } else { head(1, UInt64(-(value + 1))) }
    }

    public mutating func bytes(_ value: Bytes) {
        head(2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func hash(_ value: Hash32) {
        head(2, 32)
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    public mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            head(3, UInt64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    public mutating func array(_ count: Int) { head(4, UInt64(count)) }
    public mutating func map(_ count: Int) { head(5, UInt64(count)) }
    public mutating func tag(_ number: UInt64) { head(6, number) }
    public mutating func bool(_ value: Bool) { bytes.append(value ? 0xF5 : 0xF4) }
    public mutating func null() { bytes.append(0xF6) }

    /// Bytes that are already encoded CBOR.
    public mutating func raw(_ encoded: Bytes) { bytes.append(contentsOf: encoded) }

    public mutating func encode(_ item: CBOR) {
        switch item {
        case .unsigned(let value): head(0, value)
        case .negative(let value): head(1, value)
        case .bytes(let value): bytes(value)
        case .text(let value): text(value)
        case .array(let items):
            array(items.count)
            for item in items { encode(item) }
        case .map(let entries):
            map(entries.count)
            for entry in entries.entries {
                encode(entry.key)
                encode(entry.value)
            }
        case .tagged(let number, let item):
            tag(number)
            encode(item)
        case .bool(let value): bool(value)
        case .null: null()
        case .double(let value): double(value)
        }
    }

    private mutating func head(_ major: UInt8, _ value: UInt64) {
        let type = major << 5
        switch value {
        case 0..<24:
            bytes.append(type | UInt8(value))
        case 24...0xFF:
            bytes.append(type | 24)
            bytes.append(UInt8(value))
        case 0x100...0xFFFF:
            bytes.append(type | 25)
            bigEndian(UInt16(value))
        case 0x1_0000...0xFFFF_FFFF:
            bytes.append(type | 26)
            bigEndian(UInt32(value))
        default:
            bytes.append(type | 27)
            bigEndian(value)
        }
    }

    /// The shortest float that keeps the value (RFC 8949 §4.2.1); every NaN becomes the half-precision quiet NaN.
    private mutating func double(_ value: Double) {
        if value.isNaN {
            bytes.append(contentsOf: [0xF9, 0x7E, 0x00])
        } else if let half = HalfFloat.bits(of: value) {
            bytes.append(0xF9)
            bigEndian(half)
        } else if Double(Float(value)) == value {
            bytes.append(0xFA)
            bigEndian(Float(value).bitPattern)
        } else {
            bytes.append(0xFB)
            bigEndian(value.bitPattern)
        }
    }

    private mutating func bigEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// IEEE 754 binary16 by hand: `Float16` is not available on every platform this builds for.
enum HalfFloat {
    static func value(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        let magnitude: Double =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// The half-precision bits of a value that half precision holds exactly, else nil.
    static func bits(of value: Double) -> UInt16? {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        let magnitude = value.magnitude
        if magnitude == 0 { return sign }
        if magnitude.isInfinite { return sign | 0x7C00 }
        guard magnitude <= 65504, magnitude >= 0x1p-24 else { return nil }
        if magnitude < 0x1p-14 {
            let scaled = magnitude * 0x1p24
            return scaled == scaled.rounded() ? sign | UInt16(scaled) : nil
        }
        let fraction = (magnitude.significand - 1) * 1024
        guard fraction == fraction.rounded() else { return nil }
        return sign | UInt16(Int(magnitude.exponent) + 15) << 10 | UInt16(fraction)
    }
}
