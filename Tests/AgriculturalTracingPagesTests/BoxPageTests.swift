import PortalKit
import Testing

@testable import AgriculturalTracingPages

@Suite("The consumer's page of a box")
struct BoxPageTests {
    private func portal() throws -> Portal {
        let site = Site(name: "Cairn", operatorName: "Co-operative", navigation: [], showsDemoRecords: true)
        return try Portal(site: site, templates: [AgriculturalTracingTemplates.folder])
    }

    @Test("each state has its own page", arguments: BoxSamples.verdicts)
    func states(name: String, verdict: BoxVerdict) throws {
        let html = try portal().render(BoxSamples.page(verdict))
        #expect(html.contains(#"data-state="\#(name)""#))
        #expect(html.contains("<h1 id=\"verdict-headline\">\(verdict.banner.headline)</h1>"))
        try expectSnapshot(html, "box-\(name)")
    }

    @Test("states never share a headline")
    func headlines() {
        #expect(Set(BoxSamples.verdicts.map(\.1.banner.headline)).count == BoxSamples.verdicts.count)
    }

    @Test("the verdict, then origin, dates, tests and temperature, stand before everything else")
    func order() throws {
        let html = try portal().render(BoxSamples.page(.active(useBy: BoxSamples.day)))
        let parts = [
            "verdict-headline", "product-name", ">From<", ">Harvested<", ">Use by<", ">Tests<", ">On the way<",
            "data-evidence", "From seed to shop", "The pick-up is not recorded", "Test results", "While it grew",
            "This label",
        ]
        var rest = html[...]
        for part in parts {
            let range = try #require(rest.range(of: part), "\(part) is missing or out of order")
            rest = rest[range.upperBound...]
        }
    }

    @Test("a page stays far below 200 kB with long series, and asks nobody else")
    func size() throws {
        let points = (0..<50_000).map { number in
            LineChart.Point(Moment(milliseconds: Int64(number) * 60_000), Double(number % 97) / 7)
        }
        let chart = LineChart(title: "Air", unit: "°C", series: [.init(name: "A", source: "s", points: points)])
        let html = try portal().render(BoxSamples.page(.active(useBy: BoxSamples.day), charts: [chart, chart, chart]))
        #expect(html.utf8.count < 100_000)
        #expect(html.matches(of: /(src|href)="(https?:)?\/\//).isEmpty)
        #expect(html.matches(of: /\sstyle=|<style/).isEmpty)
    }

    @Test("who states a step, and what stands behind it, is said for each")
    func trust() throws {
        let html = try portal().render(BoxSamples.page(.active(useBy: BoxSamples.day)))
        for word in ["Signed by a device", "Signed by a person", "Statement only", "third-party weather series"] {
            #expect(html.contains(word))
        }
    }

    @Test("codes with odd characters become GS1 Digital Link paths")
    func paths() {
        let code = BoxCode(gtin: "09506000134352", lot: "A/1 %", serial: "x+y")
        #expect(code.path == "/01/09506000134352/10/A%2F1%20%25/21/x%2By")
    }
}
