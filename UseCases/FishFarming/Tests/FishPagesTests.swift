import Testing

@testable import FishFarmingPages
@testable import PortalKit

struct FishPagesTests {
    private let portal: Portal

    init() throws {
        portal = try Portal(
            site: Site(name: "Cairn", operatorName: "AquaCloud", navigation: [], showsDemoRecords: true),
            templates: [FishFarmingTemplates.folder])
    }

    private func farmer(loans: [[Table.Cell]] = []) -> FishFarmerPage {
        FishFarmerPage(
            farm: "Lagoon <Farm>",
            ponds: [
                .init(
                    name: "p1", species: "Nile tilapia", oxygen: Fact("Oxygen", "2.4 mg/L", note: "3 s old"),
                    more: [Fact("Aerator", "on")], suggestion: "Do not feed: oxygen is low.",
                    tasks: [
                        TaskButton(
                            .feed, "Feed 2 kg", action: "/fish/feed", fixed: [.init("kilograms", "2")],
                            csrfToken: "t0ken"),
                        TaskButton(.fish, "Count fish", href: "/fish/batch?id=B"),
                    ], chart: LineChart(title: "Oxygen in p1", unit: "mg/L", series: []), incidents: [],
                    nights: "/fish/nights?pond=p1")
            ],
            forms: [], loans: loans, covers: [], consents: [], batches: [], contracts: [])
    }

    /// FISH-31, FISH-46: value with unit and age, suggestion, and what to do next where nothing is yet.
    @Test func farmersPage() throws {
        let html = try portal.render(farmer())
        for words in [
            "2.4 mg/L", "3 s old", "Do not feed: oxygen is low.", "No loan yet", #"name="csrf" value="t0ken""#,
        ] {
            #expect(html.contains(words), "\(words)")
        }
        #expect(html.contains("Lagoon &lt;Farm&gt;") && !html.contains("<Farm>"))
    }

    /// FISH-9: tasks of every day need no typing, have a drawing and words, and the page can be read aloud.
    @Test func tasksWithoutTyping() throws {
        let html = try portal.render(farmer())
        #expect(html.contains(#"name="kilograms" value="2""#) && html.contains("<span>Feed 2 kg</span>"))
        #expect(html.contains("symbol-feed") && html.contains("symbol-fish"))
        #expect(html.contains(#"data-read-aloud="words-p1" hidden"#) && html.contains(#"id="words-p1""#))
        #expect(!html.contains(#"type="text""#) && !html.contains(#"type="number""#))
    }

    @Test func casePage() throws {
        let page = CasePage(
            kicker: "Loan", title: "Application L", facts: [Fact("Score", "410")], reasons: ["gaps", "short history"],
            inputs: [[.text("Length of the record"), .text("40 days"), .text("water")]], forms: [],
            sequenceURL: "/sequence")
        let html = try portal.render(page)
        #expect(html.contains("Main reasons") && html.contains("short history") && html.contains("40 days"))
        #expect(!html.contains("<form class=\"card\""))
    }

    @Test func emptyDesk() throws {
        let html = try portal.render(DeskPage(kind: "Bank", institution: "Rural Bank", cases: [], models: []))
        #expect(html.contains("No case yet") && html.contains("No model yet"))
    }
}
