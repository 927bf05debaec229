import AgriculturalTracingContract
import Foundation
import TestSupport
import Testing

@testable import AgriculturalTracingService

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

    /// AGR-2: GS1 Digital Link URIs, from the unit tests of the same engine.
    @Test func digitalLinks() throws {
        guard let file = Vectors.locate("gs1/dl_parse_cases.json", cases: 67) else { return }
        var run = 0
        for item in try Vectors.json(file)["parse"] as? [[String: Any]] ?? [] where item["flags"] == nil {
            let uri = item["uri"] as? String ?? ""
            // Names instead of numbers are an option of the engine that the cases leave unsaid.
            let named = uri.contains("/gtin/") || uri.contains("/sscc/")
            let wanted = item["ok"] as? Bool ?? false
            let link = DigitalLink(uri, permitsFormerNames: named && wanted)
            #expect((link != nil) == wanted, "\(uri)")
            if let link { #expect(link.elementString == item["ai"] as? String, "\(uri)") }
            run += 1
        }
        print("gs1 digital links: \(run) cases")
        #expect(run > 0)
        let own = try ProductCode(gtin: "04012345000016", lot: "L/1", serial: "S 1".replacing(" ", with: "+"))
        let link = try #require(DigitalLink("https://example.com/\(own.path)"))
        #expect(link.elements.map(\.value) == ["04012345000016", "L/1", "S+1"])
    }

    /// AGR-2: EPC of a radio tag, the examples of the EPC Tag Data Standard (table of appendix E).
    @Test func tagCodes() throws {
        let code = try ProductCode(gtin: "70614141123451", lot: "L", serial: "32a/b")
        let tag = try #require(TagCode(code, companyPrefix: "0614141"))
        #expect(tag.urn == "urn:epc:id:sgtin:0614141.712345.32a%2Fb")
        // The standard's example has filter value 3, ours 1: bits 8 to 10 differ and no others.
        #expect(tag.hex == "3634257BF6B7A659B2C2BF1000000000000000000000000000" + "00")
        #expect(TagCode(code, companyPrefix: "4012345") == nil)
    }

    @Test func endOfDayInTheProductsZone() throws {
        // 2026-11-24 ends in Berlin (UTC+1) at 23:00 UTC, in New York (UTC-5) at 05:00 UTC the next day.
        let date = try ExpiryDate(yymmdd: "261124", currentYear: 2026)
        #expect(date.end(utcOffset: 60) == 1_795_561_200_000)
        #expect(date.end(utcOffset: -300) == 1_795_582_800_000)
    }
}
