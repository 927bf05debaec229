/// A line chart of measured values over time, drawn on the server.
public struct LineChart: Sendable, Equatable {
    /// Most points drawn of one series. A longer one is drawn as a band from the lowest to the highest value of each
    /// stretch with the mean in it, so that a short peak over a limit never disappears from a drawing.
    public static let maximumPoints = 500

    /// A measured value.
    public struct Point: Sendable, Equatable {
        /// When it was measured.
        public let time: Moment
        /// In the chart's unit.
        public let value: Double

        /// A measured value; it has to be finite.
        public init(_ time: Moment, _ value: Double) {
            precondition(value.isFinite, "a point of a chart is a finite number")
            self.time = time
            self.value = value
        }
    }

    /// Values of one kind, in order of time.
    public struct Series: Sendable, Equatable {
        /// What was measured.
        public let name: String
        /// Who or what measured it, for example "probe 14, signed" or "third-party weather series, PVGIS".
        public let source: String
        /// The values in order of time.
        public let points: [Point]

        /// A series; sorts the points by time.
        public init(name: String, source: String, points: [Point]) {
            self.name = name
            self.source = source
            self.points = points.sorted { $0.time < $1.time }
        }
    }

    /// A value that ought not to be passed.
    public struct Limit: Sendable, Equatable {
        /// What the limit is for, for example "upper limit".
        public let name: String
        /// In the chart's unit.
        public let value: Double

        /// A limit line.
        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// Heading.
    public let title: String
    /// Unit of all values, for example "°C".
    public let unit: String
    /// Up to four series; a fifth would need a fifth line style.
    public let series: [Series]
    /// Limit lines.
    public let limits: [Limit]
    /// What its values rest on.
    public let grounds: Grounds?

    /// A chart. At most four series.
    public init(title: String, unit: String, series: [Series], limits: [Limit] = [], grounds: Grounds? = nil) {
        precondition(series.count <= 4, "a chart has at most four series")
        self.title = title
        self.unit = unit
        self.series = series
        self.limits = limits
        self.grounds = grounds
    }

    /// A value with as many decimals as the chart can show.
    func rounded(_ value: Double) -> String {
        let values = series.flatMap(\.points).map(\.value)
        let span = (values.max() ?? 0) - (values.min() ?? 0)
        return figure(value, decimals: span >= 1 ? 1 : 3)
    }

    /// The chart in words, for those who do not see it: range of time, lowest, highest and last value of each series.
    public var summary: String {
        let sentences = series.compactMap { series -> String? in
            let values = series.points.map(\.value)
            guard let first = series.points.first, let last = series.points.last, let lowest = values.min(),
                let highest = values.max()
            else { return nil }
            return "\(series.name) from \(first.time.text) to \(last.time.text): lowest \(rounded(lowest)), "
                + "highest \(rounded(highest)), last \(rounded(last.value)) \(unit)."
        }
        let limits = limits.map { "\($0.name): \(figure($0.value)) \(unit)." }
        return (sentences + limits).joined(separator: " ")
    }
}
