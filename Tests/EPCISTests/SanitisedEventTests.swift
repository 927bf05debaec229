import EPCIS
import Testing

/// AGR-38: members of an event are hidden, and proved by who opens them.
struct SanitisedEventTests {
    private let event: JSONValue = [
        "@context": [
            .string("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"),
            ["shop": "https://shop.example/"],
        ],
        "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-30T12:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": ["urn:epc:id:sgtin:4012345.011111.SERIAL77", "urn:epc:id:sgtin:4012345.011111.SERIAL78"],
        "quantityList": [
            ["epcClass": "urn:epc:class:lgtin:4012345.012345.L1", "quantity": .number("200"), "uom": "KGM"]
        ],
        "shop:price": ["shop:amount": .number("3.50"), "shop:currency": "EUR"],
    ]

    private func sanitised(_ levels: [String: SanitisedEvent.Level]) throws -> SanitisedEvent {
        var number = 0
        return try SanitisedEvent(event, levels: levels) {
            number += 1
            return "salt\(number)"
        }
    }

    @Test func whatIsHiddenIsGoneAndProved() throws {
        let hidden = try sanitised([
            "/quantityList/0/quantity": .restricted, "/shop:price": .private, "/epcList/0": .linked,
            "/epcList/1": .linked,
        ])
        let text = String(decoding: JSONValue.object(hidden.members).encoded(), as: UTF8.self)
        for secret in ["200", "3.50", "EUR", "SERIAL77", "SERIAL78"] {
            #expect(!text.contains(secret), "\(secret) in \(text)")
        }
        #expect(text.contains("L1"))
        let captured = try EPCISEvent(.object(hidden.members), context: nil)
        // What is kept of it is read again and has the hash that anchors it.
        #expect(try EPCISEvent(JSONTreeReader.read(captured.encoded), context: nil).hash == captured.hash)
        #expect(hidden.openings.count == 4)
        for opening in hidden.openings {
            #expect(SanitisedEvent.opens(opening, in: captured.members))
            let lie = SanitisedEvent.Opening(
                pointer: opening.pointer, level: opening.level, salt: opening.salt, value: .number("201"))
            #expect(!SanitisedEvent.opens(lie, in: captured.members))
        }
        let moved = SanitisedEvent.Opening(
            pointer: "/other", level: .restricted, salt: hidden.openings[0].salt, value: hidden.openings[0].value)
        #expect(!SanitisedEvent.opens(moved, in: captured.members))
    }

    @Test func aPartnerWhoKnowsTheIdentifierFindsTheEvent() throws {
        let members = try sanitised(["/epcList/0": .linked]).members
        func finds(_ epc: String) throws -> Bool {
            try EventQuery(["MATCH_epc": [epc]]).selects(members, recorded: EventTime(milliseconds: 0))
        }
        #expect(try finds("https://id.gs1.org/01/04012345111118/21/SERIAL77"))
        #expect(try finds("urn:epc:id:sgtin:4012345.011111.SERIAL77"))
        #expect(try !finds("urn:epc:id:sgtin:4012345.011111.SERIAL99"))
    }

    @Test func equalValuesHaveDifferentDigests() throws {
        let one = try SanitisedEvent(event, levels: ["/shop:price": .private]) { "a" }
        let two = try SanitisedEvent(event, levels: ["/shop:price": .private]) { "b" }
        #expect(one.members["cairn:hidden"] != two.members["cairn:hidden"])
    }

    @Test func whatCouldBeGuessedIsNotLinked() {
        let wrong: [[String: SanitisedEvent.Level]] = [
            ["/quantityList/0/quantity": .linked], ["/quantityList/0/epcClass": .linked], ["/nothing": .private],
            ["/shop:price": .private, "/shop:price/shop:amount": .restricted], ["/epcList/7": .private],
        ]
        for levels in wrong { #expect(throws: EPCISError.self) { try sanitised(levels) } }
    }
}
