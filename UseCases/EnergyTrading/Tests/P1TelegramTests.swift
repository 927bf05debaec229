import EnergyTradingMetering
import Foundation
import TestSupport
import Testing

@Suite("P1 telegrams")
struct P1TelegramTests {
    /// Registers in Wh as the telegrams have them; P1 files of dsmr_parser, read in place.
    private static let registers: [String: (imported: UInt64?, exported: UInt64?, power: Int64?)] = [
        "telegram_esy5q3da1004_v304.txt": (32_549_506, nil, 1688),
        "telegram_esy5q3db1024_v304.txt": (52_185_782, 19_949_322, 2124),
        "telegram_fluvius_v171.txt": (15_792, 11, 0),
        "telegram_fluvius_v171_alt.txt": (571_562, 5, 338),
        "telegram_iskra_ie.txt": (20_363, 20_563, -100),
        "telegram_sagemcom_t210_d_r.txt": (6_545_766, 58, 286),
        "telegram_v2_2.txt": (2002, 2002, 1010),
        "telegram_v3.txt": (24_691_356, 24_691_356, 1190),
    ]

    @Test("NRG-1: telegrams of ten meters are read, and a changed byte is refused where there is a checksum")
    func outsideTelegrams() throws {
        guard let folder = Vectors.locate("energy/dsmr", cases: 13) else { return }
        var read = 0
        for file in Vectors.files(in: folder, suffix: ".txt") {
            let bytes = [UInt8](try Data(contentsOf: file))
            let telegram = try P1Telegram(bytes)
            let name = file.lastPathComponent
            #expect(try telegram.imported() != nil, "\(name)")
            #expect(!telegram.identification.isEmpty, "\(name)")
            if let expected = Self.registers[name] {
                #expect(try telegram.imported() == expected.imported, "\(name)")
                #expect(try telegram.exported() == expected.exported, "\(name)")
                #expect(try telegram.power() == expected.power, "\(name)")
            }
            if telegram.hasChecksum {
                for index in stride(from: 1, to: bytes.count - 8, by: 7) {
                    var changed = bytes
                    changed[index] ^= 1
                    #expect(throws: P1Error.self) { try P1Telegram(changed, requiresChecksum: true) }
                }
                #expect(try P1Telegram(telegram.bytes).objects == telegram.objects)
            }
            var framer = P1Framer()
            let pieces = [UInt8]("noise\r\n".utf8) + bytes + bytes.prefix(40) + bytes
            let framed = pieces.flatMap { framer.push([$0]) }
            #expect(try framed.map { try P1Telegram($0).objects } == [telegram.objects, telegram.objects], "\(name)")
            read += 1
        }
        print("P1 telegrams: \(read)")
        #expect(read >= 10)
    }

    @Test("Times have their zone's offset; an hour that comes twice is told apart")
    func times() throws {
        func time(_ text: String) throws -> Int64? {
            P1Telegram(identification: "X", objects: [.init(.time, [text])]).time
        }
        #expect(try time("200512135409S") == 1_589_284_449)
        #expect(try time("231102121548W") == 1_698_923_748)
        // 2026-10-25: two o'clock comes twice.
        #expect(try time("261025023000W").map { $0 - 3600 } == time("261025023000S"))
        #expect(try time("632525252525W") == nil)
        #expect(try time("200512135409") == nil)
    }

    @Test("Whatever comes is a telegram or an error")
    func anything() throws {
        var random = SeededGenerator.fresh()
        let start = P1Telegram(
            identification: "CRN5", objects: [.init(.imported(), ["000001.234*kWh"]), .init(.time, ["200512135409S"])]
        ).bytes
        for _ in 0..<3000 {
            var bytes = start
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0 ... .max, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: index)
                }
            }
            guard let telegram = try? P1Telegram(bytes) else { continue }
            _ = (try? telegram.imported(), try? telegram.exported(), try? telegram.power(), telegram.time)
        }
    }
}
