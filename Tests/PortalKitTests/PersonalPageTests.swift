import Testing

@testable import PortalKit

/// The page about personal data.
struct PersonalPageTests {
    private static let rules = [
        PersonalPage.Rule(
            dataClass: "contact", title: "Contact for deliveries", days: 1095, why: "Questions & claims",
            law: "GDPR Art. 6(1)(b)")
    ]

    private static let page = PersonalPage(
        ledgerID: ExplorerSamples.ledgerID, organisation: "Linde Farm", organisationCount: 2,
        records: [
            .init(
                id: String(repeating: "0a", count: 16), title: "Contact for deliveries", holder: "Linde Farm",
                fields: [.init(name: "Name", value: "Jane <Doe>")], until: ExplorerSamples.time, isDue: true,
                transaction: ExplorerSamples.hash)
        ],
        erased: [
            .init(
                title: "Vehicle at the gate", reason: "asked", time: ExplorerSamples.time,
                transaction: ExplorerSamples.hash)
        ], rules: rules, csrfToken: "token")

    private static let nothing = PersonalPage(
        ledgerID: ExplorerSamples.ledgerID, organisation: "Linde Farm", organisationCount: nil, records: [],
        erased: [], rules: rules, csrfToken: "token")

    @Test func snapshots() throws {
        let portal = try Portal(site: .sample)
        try expectSnapshot(try portal.render(Self.page), "personal")
        try expectSnapshot(try portal.render(Self.nothing), "personal-empty")
    }

    @Test func whatPeopleWriteIsNoMarkup() throws {
        let html = try Portal(site: .sample).render(Self.page)
        #expect(html.contains("Jane &lt;Doe&gt;") && !html.contains("<Doe>"))
    }
}
