import DeviceKit
import Foundation
import Gateway
import Ledger
import SenML
import TestSupport
import Testing

/// Recorded oxygen of a creek, with its faults: rows without a value, and zeros where the sonde fell dry.
@Suite("COMMON-7: quality of recorded water data")
struct PondReadingTests {
    private struct Row {
        var time: Double
        var oxygen: Double?
    }

    private static func rows() throws -> [Row]? {
        guard let file = Vectors.locate("fish/french.csv", cases: 2) else { return nil }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "M/d/yyyy HH:mm:ss"
        let lines = try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
        return lines.compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 7, fields[2] == "TOWN", let date = format.date(from: "\(fields[3]) \(fields[4])")
            else { return nil }
            return Row(time: date.timeIntervalSince1970, oxygen: Double(fields[6]))
        }
    }

    private static func profile() throws -> DeviceProfile {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Profiles")
        return DeviceProfile(try ThingProfile.file(folder.appending(path: "water-sonde.profile.json").path))
    }

    private static func marks(_ rows: [Row]) throws -> [Reading.Quality] {
        let profile = try profile()
        var marker = QualityMarker()
        return try rows.map { row in
            let value: SenMLRecord.Value = row.oxygen.map { .number($0) } ?? .string("NA")
            let pack = SenMLPack(records: [
                SenMLRecord(name: "urn:dev:os:1:oxygen", unit: "mg/l", value: value, time: row.time)
            ])
            return marker.mark(
                try pack.resolve(now: row.time), profile: profile, received: row.time + 1, gap: false, ahead: 60,
                behind: 3600)
        }
    }

    @Test("Rows without a value and zeros get their mark, and every row is kept")
    func faults() throws {
        guard let rows = try Self.rows() else { return }
        let marks = try Self.marks(rows)
        #expect(marks.count == rows.count && rows.count > 8000)
        for (row, mark) in zip(rows, marks) {
            #expect(mark.contains(.noValue) == (row.oxygen == nil))
            if let oxygen = row.oxygen { #expect(mark.contains(.outOfRange) == (oxygen < 0.1)) }
            if row.oxygen == 0 { #expect(!mark.isFitForContracts) }
        }
        #expect(marks.count { $0.contains(.noValue) } > 200)
        #expect(rows.count { $0.oxygen == 0 } > 0)
        let sound = zip(rows, marks).count { ($0.oxygen ?? 0) > 0 && $1.isDisjoint(with: [.frozen, .rateOfChange]) }
        #expect(Double(sound) > 0.95 * Double(rows.count { ($0.oxygen ?? 0) > 0 }))
    }

    @Test("A frozen, a spiking and an out-of-order stream made of the same rows get the right mark")
    func streams() throws {
        guard let all = try Self.rows() else { return }
        let rows = Array(all.filter { ($0.oxygen ?? 0) > 4 }.prefix(60))
        var frozen = rows
        for index in 10..<60 { frozen[index].oxygen = rows[10].oxygen }
        for index in 1..<60 { frozen[index].time = frozen[0].time + Double(index) * 300 }
        #expect(try Self.marks(frozen)[59].contains(.frozen))
        #expect(try !Self.marks(frozen)[9].contains(.frozen))
        var spiking = rows
        spiking[30].oxygen = (rows[30].oxygen ?? 0) + 6
        #expect(try Self.marks(spiking)[30].contains(.rateOfChange))
        var disordered = rows
        disordered.swapAt(20, 21)
        #expect(try Self.marks(disordered)[21] == .outOfOrder)
        #expect(try !Self.marks(disordered)[20].contains(.outOfOrder))
    }

    @Test("COMMON-14: an hour's wrong clock is marked, and a contract can tell")
    func clock() throws {
        var marker = QualityMarker()
        func mark(_ shift: Double) throws -> Reading.Quality {
            let now = 1_800_000_000.0
            let pack = SenMLPack(records: [
                SenMLRecord(name: "oxygen", unit: "mg/l", value: .number(8), time: now + shift)
            ])
            return marker.mark(
                try pack.resolve(now: now), profile: try Self.profile(), received: now + 1, gap: false, ahead: 60,
                behind: 3600)
        }
        #expect(try mark(-3600).contains(.clockSkew))
        #expect(try mark(0).isFitForContracts)
        let ahead = try mark(3600)
        #expect(ahead.contains(.clockSkew) && !ahead.isFitForContracts)
    }
}
