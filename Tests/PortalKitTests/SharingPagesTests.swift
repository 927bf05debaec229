import Testing

@testable import PortalKit

/// Pages about who may read what.
struct SharingPagesTests {
    private static let time = ExplorerSamples.time
    private static let later = Moment(milliseconds: time.milliseconds + 30 * 86_400_000)

    private static func terms(_ id: String, channels: [String] = ["soil", "feed"]) -> SharedTerms {
        SharedTerms(
            id: id, person: "Corner <Shop>", channels: channels, purpose: "Check the cold chain & shelf life",
            from: time, to: nil, until: later)
    }

    private static let myData = MyDataPage(
        owner: "Linde Farm", ledgerID: ExplorerSamples.ledgerID, csrfToken: "token",
        streams: [
            .init(name: "farm.soil", channel: "soil", isPublished: true, readers: [], latest: time),
            .init(name: "farm.feed", channel: "feed", isPublished: false, readers: ["Corner <Shop>"], latest: nil),
        ],
        requests: [terms("r1")],
        grants: [
            .init(terms: terms("g1", channels: ["feed"]), since: time, ended: nil, accesses: 2),
            .init(terms: terms("g0"), since: time, ended: later, accesses: 0),
        ],
        accesses: [
            .init(
                time: time, reader: "Corner <Shop>", channels: ["feed"], purpose: "Check the cold chain",
                transactionID: ExplorerSamples.hash)
        ])

    private static let nothing = MyDataPage(
        owner: "Linde Farm", ledgerID: ExplorerSamples.ledgerID, csrfToken: "token", streams: [], requests: [],
        grants: [], accesses: [])

    private static func consent(isOpen: Bool) -> ConsentPage {
        ConsentPage(
            terms: terms("r1"), organisation: "Retailer", vouchedBy: "Chamber", isOpen: isOpen, csrfToken: "token")
    }

    private static let shared = SharedDataPage(
        reader: "Corner Shop", csrfToken: "token",
        grants: [.init(terms: terms("g1"), ended: nil), .init(terms: terms("g0"), ended: later)],
        requests: [.init(terms: terms("r1"), answer: "refused")], owners: [.init("farm", "Linde Farm")],
        today: time.day)

    private static let grant = GrantPage(
        terms: terms("g1"), since: time, isLive: true, newKeys: 1,
        charts: [
            LineChart(
                title: "feed: weight", unit: "kg",
                series: [.init(name: "weight", source: "scale 4, signed", points: [.init(time, 1), .init(later, 2)])])
        ], csrfToken: "token")

    @Test func snapshots() throws {
        let portal = try Portal(site: .sample)
        try expectSnapshot(try portal.render(Self.myData), "my-data")
        try expectSnapshot(try portal.render(Self.nothing), "my-data-empty")
        try expectSnapshot(try portal.render(Self.consent(isOpen: true)), "consent")
        try expectSnapshot(try portal.render(Self.shared), "shared-data")
        try expectSnapshot(try portal.render(Self.grant), "grant")
    }

    /// COMMON-27: what, to whom, why, until when; nothing is ticked beforehand; and what revoking cannot do.
    @Test func consentSaysEverything() throws {
        let html = try Portal(site: .sample).renderContent(Self.consent(isOpen: true))
        for words in [
            "Corner &lt;Shop&gt; asks to read your data", "soil", "feed", "Check the cold chain &amp; shelf life",
            Self.later.text, "cannot make anyone forget", "Refuse everything",
        ] { #expect(html.contains(words), "\(words)") }
        #expect(!html.contains("checked"))
    }

    @Test func anAnsweredRequestHasNoButtons() throws {
        let html = try Portal(site: .sample).renderContent(Self.consent(isOpen: false))
        #expect(!html.contains("<button"))
    }

    @Test func anEndedGrantOffersNothing() throws {
        let over = GrantPage(
            terms: Self.terms("g"), since: Self.time, isLive: false, newKeys: 0, charts: [], csrfToken: "t")
        let html = try Portal(site: .sample).renderContent(over)
        #expect(html.contains("This access is over") && !html.contains("<button"))
    }
}
