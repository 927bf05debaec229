import EPCIS
import Foundation
import TestSupport
import Testing

/// RalphTro/epcis-event-hash-generator, tests/examples (MIT): documents with the hashes of their events.
struct EventHashTests {
    /// Fields that the generator leaves out when it is told to: the option cases.
    private let ignored: Set = ["repository-x:hash", "example:captureID"]

    @Test func hashesOfTheReferenceGenerator() throws {
        guard let folder = Vectors.locate("epcis/hash/examples", cases: 43) else { return }
        var compared = 0
        for file in Vectors.files(in: folder, suffix: ".jsonld") {
            let hashes = try String(
                contentsOf: file.deletingPathExtension().appendingPathExtension("hashes"), encoding: .utf8)
            let wanted = hashes.split(whereSeparator: \.isWhitespace).map(String.init)
            let isOption = file.lastPathComponent.contains("IgnoreFields")
            let document = try EPCISDocument(Array(Data(contentsOf: file)), ignoring: isOption ? ignored : [])
            #expect(document.events.map(\.hash.uri) == wanted, "\(file.lastPathComponent)")
            if document.events.map(\.hash.uri) != wanted { print(document.events.map(\.hash.canonical)) }
            compared += wanted.count
        }
        print("event hash: \(compared) hashes compared")
        #expect(compared >= 30)
    }

    @Test func eventsThatAreOneHaveOneHash() throws {
        guard let folder = Vectors.locate("epcis/hash/expected_equal", cases: 1) else { return }
        for file in Vectors.files(in: folder, suffix: ".json") {
            let events = try EPCISDocument(Array(Data(contentsOf: file))).events
            #expect(events.count > 1 && Set(events.map(\.hash)).count == 1, "\(file.lastPathComponent)")
        }
    }

    private func event(_ changes: [String: JSONValue] = [:]) throws -> EPCISEvent {
        let members: [String: JSONValue] = [
            "@context": [
                .string("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"),
                ["ex": "https://ns.example.org/"],
            ],
            "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-30T12:00:00+01:00",
            "eventTimeZoneOffset": "+01:00", "epcList": ["urn:epc:id:sscc:4012345.0000000111"], "bizStep": "receiving",
        ]
        return try EPCISEvent(.object(members.merging(changes) { $1 }), context: nil)
    }

    @Test func syntaxDoesNotMatterAndContentDoes() throws {
        let plain = try event().hash
        let sameEvents: [[String: JSONValue]] = [
            ["eventTime": "2026-11-30T11:00:00.0004Z"],
            ["epcList": ["https://example.org/a/sscc/040123450000001112?x=1"]],
            ["bizStep": "https://ref.gs1.org/cbv/BizStep-receiving"], ["eventID": "urn:uuid:1"],
            ["bizStep": "cbv:BizStep-receiving"],
            ["recordTime": "2026-11-30T12:00:01Z"], ["@context": ["https://example.org/other"]],
        ]
        for change in sameEvents { #expect(try event(change).hash == plain, "\(change)") }
        let otherEvents: [[String: JSONValue]] = [
            ["eventTime": "2026-11-30T11:00:00.0005Z"], ["bizStep": "shipping"], ["ex:price": .number("3.50")],
            ["action": "ADD"], ["epcList": ["https://id.gs1.org/00/040123450000001129"]],
        ]
        for change in otherEvents { #expect(try event(change).hash != plain, "\(change)") }
        #expect(try event(["ex:price": .number("3.50")]).hash == event(["ex:price": "3.5"]).hash)
        // Numbers that a double cannot tell apart are two numbers.
        #expect(
            try event(["ex:n": .number("12345678901234567890")]).hash
                != event(["ex:n": .number("12345678901234567891")]).hash)
    }
}
