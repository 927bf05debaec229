import SimulationKit

/// A picture of a plate as a camera has it: drawn characters, noise, dirt; a bitmap (BMP) of 8-bit grey.
public struct PlatePicture: Sendable {
    static let width = 192
    static let height = 48

    /// Rows of 5 pixels, from the top.
    private static let glyphs: [Character: [UInt8]] = [
        "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 2, 4, 8, 31],
        "3": [31, 2, 4, 2, 1, 17, 14], "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14],
        "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
        "9": [14, 17, 17, 15, 1, 2, 12], "A": [14, 17, 17, 31, 17, 17, 17], "B": [30, 17, 17, 30, 17, 17, 30],
        "C": [14, 17, 16, 16, 16, 17, 14], "D": [28, 18, 17, 17, 17, 18, 28], "E": [31, 16, 16, 30, 16, 16, 31],
        "F": [31, 16, 16, 30, 16, 16, 16], "G": [14, 17, 16, 23, 17, 17, 15], "H": [17, 17, 17, 31, 17, 17, 17],
        "I": [14, 4, 4, 4, 4, 4, 14], "J": [7, 2, 2, 2, 2, 18, 12], "K": [17, 18, 20, 24, 20, 18, 17],
        "L": [16, 16, 16, 16, 16, 16, 31], "M": [17, 27, 21, 21, 17, 17, 17], "N": [17, 17, 25, 21, 19, 17, 17],
        "O": [14, 17, 17, 17, 17, 17, 14], "P": [30, 17, 17, 30, 16, 16, 16], "Q": [14, 17, 17, 17, 21, 18, 13],
        "R": [30, 17, 17, 30, 20, 18, 17], "S": [15, 16, 16, 14, 1, 1, 30], "T": [31, 4, 4, 4, 4, 4, 4],
        "U": [17, 17, 17, 17, 17, 17, 14], "V": [17, 17, 17, 17, 17, 10, 4], "W": [17, 17, 17, 21, 21, 21, 10],
        "X": [17, 17, 10, 4, 10, 17, 17], "Y": [17, 17, 17, 10, 4, 4, 4], "Z": [31, 1, 2, 4, 8, 16, 31],
    ]

    /// - Parameters:
    ///   - dirt: 0 is a clean lens, 1 one that sees nothing.
    ///   - number: of the picture, so that no two are alike.
    static func draw(_ text: String, dirt: Double, noise: SeededNoise, number: UInt64) -> [UInt8] {
        var pixels = [Double](repeating: 0.92, count: width * height)
        for (place, character) in text.enumerated() {
            guard let rows = glyphs[character] else { continue }
            for (row, bits) in rows.enumerated() {
                for column in 0..<5 where bits >> UInt8(4 - column) & 1 == 1 {
                    fill(&pixels, 8 + place * 18 + column * 3, 12 + row * 3)
                }
            }
        }
        for index in pixels.indices {
            let grain = noise.normal(0.03 + 0.25 * dirt, 9, number &* 10_007 &+ UInt64(index))
            pixels[index] = pixels[index] * (1 - dirt * 0.5) + dirt * 0.25 + grain
        }
        return bitmap(pixels)
    }

    private static func fill(_ pixels: inout [Double], _ x: Int, _ y: Int) {
        for dy in 0..<3 {
            for dx in 0..<3 where x + dx < width && y + dy < height { pixels[(y + dy) * width + x + dx] = 0.08 }
        }
    }

    /// BITMAPINFOHEADER, 8 bits, a palette of greys, rows from the bottom.
    private static func bitmap(_ pixels: [Double]) -> [UInt8] {
        func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let start = 54 + 1024
        var file: [UInt8] = [0x42, 0x4D] + word(start + pixels.count) + word(0) + word(start)
        file += word(40) + word(width) + word(height) + [1, 0, 8, 0] + word(0) + word(pixels.count)
        file += word(2835) + word(2835) + word(256) + word(0)
        for grey in 0..<256 { file += [UInt8(grey), UInt8(grey), UInt8(grey), 0] }
        for row in (0..<height).reversed() {
            file += pixels[(row * width)..<((row + 1) * width)].map { UInt8(min(max($0, 0), 1) * 255) }
        }
        return file
    }
}
