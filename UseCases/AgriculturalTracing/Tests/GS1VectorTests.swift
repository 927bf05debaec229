import AgriculturalTracingContract
import Foundation
import TestSupport
import Testing

/// gs1/gs1-syntax-engine, unit tests of its linters (Apache-2.0; facts).
struct GS1VectorTests {
    private func cases(_ linter: String) throws -> [(input: String, ok: Bool)] {
        guard let file = Vectors.locate("gs1/lint_cases.json", cases: 400) else { return [] }
        let lint = try Vectors.json(file)["lint"] as? [String: Any]
        let cases = (lint?[linter] as? [[String: Any]] ?? []).map {
            ($0["in"] as? String ?? "", $0["ok"] as? Bool ?? false)
        }
        print("gs1 \(linter): \(cases.count) cases")
        #expect(!cases.isEmpty)
        return cases
    }

    @Test func checkDigits() throws {
        for (input, ok) in try cases("csum") { #expect(CheckDigit.isValid(input) == ok, "\(input)") }
    }

    @Test func characterSet82() throws {
        for (input, ok) in try cases("cset82") { #expect(CharacterSet82.contains(input) == ok, "\(input)") }
    }

    /// AI (17): day 00 is the last day of the month.
    @Test func expiryDates() throws {
        for (input, ok) in try cases("yymmd0") {
            let date = try? ExpiryDate(yymmdd: input, currentYear: 2026)
            #expect((date != nil) == ok, "\(input)")
        }
        #expect(try ExpiryDate(yymmdd: "280200", currentYear: 2026).day == 29)
        #expect(try ExpiryDate(yymmdd: "270200", currentYear: 2026).day == 28)
    }

    @Test func endOfDayInTheProductsZone() throws {
        // 2026-11-24 ends in Berlin (UTC+1) at 23:00 UTC, in New York (UTC-5) at 05:00 UTC the next day.
        let date = try ExpiryDate(yymmdd: "261124", currentYear: 2026)
        #expect(date.end(utcOffset: 60) == 1_795_561_200_000)
        #expect(date.end(utcOffset: -300) == 1_795_582_800_000)
    }
}
