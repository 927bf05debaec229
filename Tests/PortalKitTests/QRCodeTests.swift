import Foundation
import Testing

@testable import PortalKit

@Suite("QR symbols")
struct QRCodeTests {
    static let reader = "/usr/bin/zbarimg"

    @Test(
        "an independent reader finds the exact text",
        .enabled(if: FileManager.default.fileExists(atPath: reader), "zbarimg is not installed (zbar-tools)"),
        arguments: [
            "https://id.example.org/01/09506000134352/10/ABC%2F123/21/0000001",
            "http://127.0.0.1:8080/01/09506000134352/10/88/21/1",
            "urn:epc:id:sgtin:9506000.013435.1",
        ])
    func reading(text: String) throws {
        let code = try QRCode(text)
        let scale = 4
        let side = code.width + 2 * QRCode.quietZone
        var image = Data("P5 \(side * scale) \(side * scale) 255\n".utf8)
        for y in 0..<(side * scale) {
            for x in 0..<(side * scale) {
                let isDark = code.isDark(row: y / scale - QRCode.quietZone, column: x / scale - QRCode.quietZone)
                image.append(isDark ? 0 : 255)
            }
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "cairn-qr-\(UUID().uuidString).pgm")
        try image.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.reader)
        process.arguments = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = Pipe()
        try process.run()
        let read = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(String(decoding: read, as: UTF8.self) == text + "\n")
    }

    @Test(
        "what no symbol should hold is refused",
        arguments: ["", String(repeating: "x", count: 513), "a\0b", "Grüße"])
    func refusal(text: String) {
        #expect(throws: PortalError(.symbolRefused, "")) { try QRCode(text) }
    }

    @Test("the drawing covers exactly the dark modules")
    func drawing() throws {
        let code = try QRCode("HTTPS://EXAMPLE.ORG")
        let dark = (0..<code.width).reduce(0) { sum, row in
            sum + (0..<code.width).count { code.isDark(row: row, column: $0) }
        }
        // Each run is written as M x y h length v1 h-length z.
        let runs = code.svg(title: "t").matches(of: /h(\d+)v1/).compactMap { Int($0.output.1) }
        #expect(runs.reduce(0, +) == dark)
        let lines = code.terminalText.split(separator: "\n")
        #expect(lines.count == (code.width + 2 * QRCode.quietZone + 1) / 2)
    }
}
