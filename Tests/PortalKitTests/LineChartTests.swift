import Testing

@testable import PortalKit

@Suite("Line charts")
struct LineChartTests {
    private func chart(_ values: [Double], limits: [LineChart.Limit] = []) -> LineChart {
        let points = values.enumerated().map {
            LineChart.Point(Moment(milliseconds: Int64($0.offset) * 60_000), $0.element)
        }
        return LineChart(
            title: "Cold <store>", unit: "°C",
            series: [.init(name: "Probe", source: "probe 7, signed", points: points)], limits: limits)
    }

    @Test("a long series is drawn in stretches and keeps its single peak", arguments: [501, 20_000, 90_000])
    func stretches(count: Int) throws {
        var values = [Double](repeating: 4, count: count)
        values[count / 3] = 9.5
        let drawn = try #require(chart(values).series[0].stretches)
        #expect(drawn.count * 3 <= LineChart.maximumPoints)
        #expect(drawn.map(\.highest).max() == 9.5)
        #expect(drawn.allSatisfy { $0.lowest <= $0.mean && $0.mean <= $0.highest })
        #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $0.time < $1.time })
        let corners = chart(values).view.chartSVG.matches(of: /class="(?:band|series) [^"]*" d="([^"]*)"/)
            .reduce(0) { $0 + $1.output.1.count { "ML".contains($0) } }
        #expect(corners <= LineChart.maximumPoints)
    }

    @Test("a season is drawn by days")
    func days() throws {
        let drawn = try #require(chart((0..<(60 * 24 * 30)).map { Double($0 % 1440) }).series[0].stretches)
        #expect(drawn.count == 30)
        #expect(drawn.allSatisfy { $0.lowest == 0 && $0.highest == 1439 })
    }

    @Test("a short series is drawn as it is")
    func short() {
        #expect(chart([1, 2, 3]).series[0].stretches == nil)
    }

    @Test(
        "axes have round ends around all values and limits",
        arguments: [
            ([2.9, 5.1, 6], 2.0, 6.0), ([0, 0], 0, 0), ([-3.2, 41], -20, 60), ([0.0031, 0.0119], 0, 0.015),
        ] as [([Double], Double, Double)])
    func scales(values: [Double], lower: Double, upper: Double) throws {
        let scale = ChartScale(holding: values)
        #expect(scale.ticks.count >= 3 && scale.ticks.count <= 7)
        #expect(scale.lower <= values.min() ?? 0 && scale.upper >= values.max() ?? 0)
        let middle = (scale.lower + scale.upper) / 2
        #expect(abs(scale.depth(of: middle) - 0.5) < 1e-9)
        if lower < upper { #expect(abs(scale.lower - lower) < 1e-9 && abs(scale.upper - upper) < 1e-9) }
    }

    @Test("the drawing says in words what it shows, and escapes them")
    func description() {
        let view = chart([4, 7.25, 5], limits: [.init("Upper limit", 6)]).view
        #expect(view.chartSVG.contains("lowest 4, highest 7.2, last 5 °C. Upper limit: 6 °C."))
        #expect(view.chartSVG.contains("<title>Cold &lt;store&gt;</title>"))
        #expect(view.chartSVG.contains(#"class="limit""#))
        #expect(!view.chartSVG.contains("style="))
    }

    @Test("no values make no drawing but a sentence")
    func empty() throws {
        #expect(!chart([]).view.hasPoints)
        #expect(chart([3]).view.chartSVG.contains("h0"))
    }
}
