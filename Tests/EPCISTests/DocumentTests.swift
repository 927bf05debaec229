import EPCIS
import Foundation
import TestSupport
import Testing

/// Documents of GS1 (its IP policy) and of openepcis-test-resources (Apache-2.0).
struct DocumentTests {
    private func read(_ file: URL) throws -> Result<Int, EPCISError> {
        let octets = Array(try Data(contentsOf: file))
        do throws(EPCISError) {
            let json = try JSONTreeReader.read(octets)
            if json["epcisBody"] == nil {
                _ = try EPCISEvent(json, context: nil)
                return .success(1)
            }
            return .success(try EPCISDocument(octets).events.count)
        } catch { return .failure(error) }
    }

    @Test func validDocumentsAreAccepted() throws {
        guard let folder = Vectors.locate("epcis/openepcis/JSON", cases: 38) else { return }
        var accepted = 0
        for file in Vectors.files(in: folder, suffix: ".json")
        where !file.path.contains("/Invalid/") && !file.path.contains("/Queries/") {
            let result = try read(file)
            // GS1's own schema refuses this one.
            if file.lastPathComponent == "SensorData_with_combined_events.json" {
                #expect(throws: EPCISError.self) { try result.get() }
            } else if case .failure(let error) = result {
                Issue.record("\(file.lastPathComponent): \(error)")
            } else {
                accepted += 1
            }
        }
        print("openepcis: \(accepted) documents accepted")
        #expect(accepted > 0)
    }

    @Test func examplesOfGS1AreAccepted() throws {
        guard let folder = Vectors.locate("epcis/gs1/JSON", cases: 47) else { return }
        var accepted = 0
        for file in Vectors.files(in: folder, suffix: ".jsonld") {
            let result = try read(file)
            // It has two different ids in one event, under one name.
            if file.lastPathComponent == "AssociationEvent-h.jsonld" {
                #expect(throws: EPCISError(.malformedJSON, at: "", "")) { try result.get() }
            } else if case .failure(let error) = result {
                Issue.record("\(file.lastPathComponent): \(error)")
            } else {
                accepted += 1
            }
        }
        print("gs1: \(accepted) documents accepted")
        #expect(accepted > 0)
    }

    @Test func invalidDocumentsAreRefused() throws {
        guard let folder = Vectors.locate("epcis/openepcis/JSON", cases: 15) else { return }
        var refused = 0
        for file in Vectors.files(in: folder, suffix: ".json")
        where file.path.contains("/Invalid/") && !file.path.contains("/Queries/") {
            guard case .failure(let error) = try read(file) else {
                Issue.record("\(file.lastPathComponent) is accepted")
                continue
            }
            #expect(error.pointer.hasPrefix("/"), "\(file.lastPathComponent): \(error)")
            refused += 1
        }
        print("openepcis: \(refused) documents refused")
        #expect(refused > 0)
    }

    @Test func queriesAreCheckedToo() throws {
        guard let folder = Vectors.locate("epcis/openepcis/JSON/Query/Queries/Invalid", cases: 2) else { return }
        for file in Vectors.files(in: folder, suffix: ".json") {
            #expect(throws: EPCISError(.query, at: "", "")) {
                try EventQuery(try JSONTreeReader.read(Array(try Data(contentsOf: file))))
            }
        }
    }

    @Test func timesAreRoundedAndCarried() {
        #expect(EventTime("2026-02-28T23:59:59.9995-01:00")?.text == "2026-03-01T01:00:00.000Z")
        #expect(EventTime("1969-12-31T23:59:59.999Z")?.milliseconds == -1)
        #expect(EventTime("2024-02-29T00:00:00Z")?.text == "2024-02-29T00:00:00.000Z")
        for text in [
            "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01",
            "2026-01-01T00:00:00.Z",
        ] {
            #expect(EventTime(text) == nil, "\(text)")
        }
    }

    /// Nothing that anybody sends stops the process or is read as something that it is not.
    @Test func hostileOctetsAreRefused() throws {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 200_000)
        #expect(throws: EPCISError.self) { try JSONTreeReader.read(deep) }
        for text in [
            "", "{", "{\"a\":1,\"a\":2}", "[1,]", "01", "-", "1.", "1e", "1e999", "\"\\ud800\"", "\"\\u12\"",
            "\"\u{1}\"", "nul", "{}x",
            "\"\\x\"", "{a:1}", "[1 2]",
        ] {
            #expect(throws: EPCISError(.malformedJSON, at: "", ""), "\(text)") {
                try JSONTreeReader.read(Array(text.utf8))
            }
        }
        #expect(throws: EPCISError.self) { try JSONTreeReader.read([0x22, 0xFF, 0x22]) }
    }

    @Test func changedDocumentsNeverTrap() throws {
        let seed =
            ProcessInfo.processInfo.environment["CAIRN_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0 ... .max)
        print("CAIRN_SEED=\(seed)")
        var random = SplitMix(state: seed)
        let pieces = [
            "null", "[]", "{}", "-0", "1e30", "\"\"", "\":\"", "\"ni:\"", "true", "\"urn:epc:id:sgtin:0614141..\"",
            "[[[]]]",
        ]
        let event = """
            {"@context":["urn:x",{"ex":"urn:y"}],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-01-01T00:00:00Z",\
            "epcisBody":{"eventList":[{"type":"ObjectEvent","eventTime":"2026-01-01T00:00:00Z","eventTimeZoneOffset":"+00:00",\
            "epcList":["urn:epc:id:sgtin:4012345.011111.9876"],"action":"ADD","bizStep":"shipping","readPoint":{"id":"urn:z"},\
            "quantityList":[{"epcClass":"urn:q","quantity":1,"uom":"KGM"}],"ilmd":{"ex:a":[1,{"ex:b":2}]},\
            "sensorElementList":[{"sensorReport":[{"type":"Temperature","value":1.5,"uom":"CEL"}]}]}]}}
            """
        #expect(try EPCISDocument(Array(event.utf8)).events.count == 1)
        for _ in 0..<3000 {
            var octets = Array(event.utf8)
            for _ in 0..<(1 + random.next() % 3) {
                let place = Int(random.next() % UInt64(octets.count))
                switch random.next() % 3 {
                case 0: octets[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: octets.removeSubrange(place..<min(octets.count, place + Int(random.next() % 9)))
                default:
                    octets.replaceSubrange(
                        place..<min(octets.count, place + 1),
                        with: pieces[Int(random.next() % UInt64(pieces.count))].utf8)
                }
                if octets.isEmpty { octets = [0x7B] }
            }
            guard let document = try? EPCISDocument(octets) else { continue }
            for event in document.events {
                // What is accepted is read again from what is kept, and is the same event.
                let kept = try EPCISEvent(JSONTreeReader.read(event.encoded), context: nil)
                #expect(kept.hash == event.hash)
            }
        }
    }
}

private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
