/// Values that lie close together in time, drawn as one.
struct Stretch: Equatable {
    let time: Moment
    let lowest: Double
    let mean: Double
    let highest: Double

    /// The values of a stretch; nil without values.
    init?(_ points: ArraySlice<LineChart.Point>) {
        guard let first = points.first, let last = points.last, let lowest = points.map(\.value).min(),
            let highest = points.map(\.value).max()
        else { return nil }
        time = Moment(milliseconds: first.time.milliseconds + (last.time.milliseconds - first.time.milliseconds) / 2)
        self.lowest = lowest
        self.highest = highest
        mean = points.reduce(0) { $0 + $1.value } / Double(points.count)
    }
}

extension LineChart.Series {
    /// Each stretch becomes three points of the drawing.
    private static let maximumStretches = LineChart.maximumPoints / 3
    /// From this many days on, a stretch is a day: whoever looks at a season asks for days.
    private static let daysForDailyStretches = 14

    /// The series in stretches when it has more points than may be drawn, otherwise nil.
    var stretches: [Stretch]? {
        guard points.count > LineChart.maximumPoints, let first = points.first, let last = points.last else {
            return nil
        }
        let days = last.time.day.daysSinceEpoch - first.time.day.daysSinceEpoch + 1
        if days > Self.daysForDailyStretches, days <= Self.maximumStretches {
            return points.chunked { $0.time.day == $1.time.day }.compactMap { Stretch($0) }
        }
        let count = Self.maximumStretches
        return (0..<count).compactMap { index in
            Stretch(points[(index * points.count / count)..<((index + 1) * points.count / count)])
        }
    }
}

extension Array {
    /// Slices of neighbours that belong together.
    fileprivate func chunked(_ belong: (Element, Element) -> Bool) -> [ArraySlice<Element>] {
        var slices: [ArraySlice<Element>] = []
        var start = startIndex
        for index in indices.dropFirst() where !belong(self[index - 1], self[index]) {
            slices.append(self[start..<index])
            start = index
        }
        if start < endIndex { slices.append(self[start..<endIndex]) }
        return slices
    }
}
