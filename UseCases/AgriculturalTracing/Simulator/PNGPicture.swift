/// A picture of 8-bit RGB pixels and its PNG form (ISO/IEC 15948).
///
/// The pixels are stored, not compressed (RFC 1951 §3.2.4): the same picture has the same octets on every machine,
/// whatever its compression library.
struct PNGPicture: Sendable {
    let width: Int
    let height: Int
    private var pixels: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 0, count: width * height * 3)
    }

    /// Red, green and blue of a pixel, 0 to 1; what lies outside is cut off.
    mutating func set(_ x: Int, _ y: Int, _ red: Double, _ green: Double, _ blue: Double) {
        guard 0..<width ~= x, 0..<height ~= y else { return }
        let start = (y * width + x) * 3
        for (offset, value) in [red, green, blue].enumerated() {
            pixels[start + offset] = UInt8(min(max(value, 0), 1) * 255)
        }
    }

    /// The file.
    var png: [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        var header: [UInt8] = Self.bigEndian(UInt32(width))
        header += Self.bigEndian(UInt32(height))
        // 8 bits a sample, colour type 2 (RGB), deflate, no filter method but 0, not interlaced.
        header += [8, 2, 0, 0, 0]
        file += Self.chunk("IHDR", header)
        file += Self.chunk("IDAT", Self.zlib(scanlines))
        return file + Self.chunk("IEND", [])
    }

    /// Each line begins with its filter type, 0: none.
    private var scanlines: [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(height * (width * 3 + 1))
        for line in 0..<height {
            lines.append(0)
            lines += pixels[(line * width * 3)..<((line + 1) * width * 3)]
        }
        return lines
    }

    private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let covered = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + covered + bigEndian(crc32(covered))
    }

    /// RFC 1950 around stored blocks of at most 65,535 octets.
    private static func zlib(_ content: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + 65_535, content.count)
            let count = UInt16(end - start)
            stream.append(end == content.count ? 1 : 0)
            stream += [UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)]
            stream += content[start..<end]
            start = end
        } while start < content.count
        return stream + bigEndian(adler32(content))
    }

    private static func adler32(_ content: [UInt8]) -> UInt32 {
        var (first, second): (UInt32, UInt32) = (1, 0)
        for octet in content {
            first = (first + UInt32(octet)) % 65_521
            second = (second + first) % 65_521
        }
        return second << 16 | first
    }

    private static func crc32(_ content: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for octet in content {
            crc ^= UInt32(octet)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~crc
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
