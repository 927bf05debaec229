extension LineChart {
    /// Inner size of the drawing. It is stretched to the width of the page; lines keep their own width, and all
    /// lettering stands beside it in HTML, where it keeps its size on a phone.
    private static let width = 1000.0
    private static let height = 300.0

    /// What the partial `chart` is filled with.
    public struct View {
        let chartTitle: String
        let chartUnit: String
        let chartSummary: String
        let chartSVG: String
        let yTicks: [TickView]
        let xTicks: [TimeView]
        let legend: [LegendView]
        let limits: [LimitView]
        let hasPoints: Bool
        let chartGrounds: String?
    }

    struct TickView {
        let tick: String
    }

    struct LegendView {
        let legendClass: String
        let legendName: String
        let legendSource: String
        let legendRange: String
    }

    struct LimitView {
        let limitName: String
        let limitValue: String
    }

    /// The view of this chart.
    public var view: View {
        let points = series.flatMap(\.points)
        let scale = ChartScale(holding: points.map(\.value) + limits.map(\.value))
        let start = points.map(\.time).min() ?? Moment(milliseconds: 0)
        let end = points.map(\.time).max() ?? start
        let middle = Moment(milliseconds: start.milliseconds + (end.milliseconds - start.milliseconds) / 2)
        return View(
            chartTitle: title, chartUnit: unit, chartSummary: summary,
            chartSVG: svg(scale: scale, start: start, end: end),
            yTicks: scale.ticks.map { TickView(tick: figure($0)) },
            xTicks: [start, middle, end].map { TimeView($0) },
            legend: series.enumerated().map { legend($0.offset, $0.element) },
            limits: limits.map { LimitView(limitName: $0.name, limitValue: "\(figure($0.value)) \(unit)") },
            hasPoints: !points.isEmpty, chartGrounds: points.isEmpty ? nil : grounds?.href)
    }

    private func legend(_ index: Int, _ series: Series) -> LegendView {
        let values = series.points.map(\.value)
        let range = values.min().flatMap { lowest in
            values.max().map { "\(rounded(lowest)) to \(rounded($0)) \(unit)" }
        }
        let source = series.stretches == nil ? series.source : "\(series.source); line: mean, shaded: lowest to highest"
        return LegendView(
            legendClass: "series-\(index + 1)", legendName: series.name, legendSource: source,
            legendRange: range ?? "no values")
    }

    private func svg(scale: ChartScale, start: Moment, end: Moment) -> String {
        let span = max(Double(end.milliseconds - start.milliseconds), 1)
        func x(_ time: Moment) -> Double { Double(time.milliseconds - start.milliseconds) / span * Self.width }
        func y(_ value: Double) -> Double { scale.depth(of: value) * Self.height }

        var shapes = scale.ticks.map { #"<path class="grid" d="M0 \#(tenth(y($0)))H\#(Int(Self.width))"/>"# }
        shapes += limits.map { #"<path class="limit" d="M0 \#(tenth(y($0.value)))H\#(Int(Self.width))"/>"# }
        // The first series is the one the chart is about, so it is drawn last and lies on top.
        for (index, series) in series.enumerated().reversed() where !series.points.isEmpty {
            let name = "series-\(index + 1)"
            if let stretches = series.stretches {
                let upper = stretches.map { (x($0.time), y($0.highest)) }
                let lower = stretches.reversed().map { (x($0.time), y($0.lowest)) }
                shapes.append(#"<path class="band \#(name)" d="\#(line(upper + lower))z"/>"#)
                let means = line(stretches.map { (x($0.time), y($0.mean)) })
                shapes.append(#"<path class="series \#(name)" d="\#(means)"/>"#)
            } else {
                // A single value has no line; a zero-length one with round ends shows as a dot.
                let tail = series.points.count == 1 ? "h0" : ""
                let path = line(series.points.map { (x($0.time), y($0.value)) })
                shapes.append(#"<path class="series \#(name)" d="\#(path)\#(tail)"/>"#)
            }
        }
        return """
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" preserveAspectRatio="none" role="img" \
            aria-label="\(escaped("\(title). \(summary)"))"><title>\(escaped(title))</title>\
            <desc>\(escaped(summary))</desc>\(shapes.joined())</svg>
            """
    }

    private func line(_ corners: [(Double, Double)]) -> String {
        corners.enumerated().map { index, corner in
            "\(index == 0 ? "M" : "L")\(tenth(corner.0)) \(tenth(corner.1))"
        }.joined()
    }

    private func tenth(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
