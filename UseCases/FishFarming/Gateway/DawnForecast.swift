import Foundation

/// Oxygen at dawn from two readings of the evening.
///
/// At night a pond only breathes: oxygen falls nearly in a line. It falls more slowly towards morning, because water
/// that cools breathes less and takes up more from the air the emptier it is. So the evening's slope is carried on
/// with a part of its steepness. Accuracy on recorded nights: `DawnForecastTests`.
public struct DawnForecast: Sendable, Hashable {
    /// The part of the evening's slope that lasts.
    public static let lastingSlope = 0.8
    /// Hours of the local day: readings that it is made from, and what it is for.
    public static let hours = (evening: 21.0, midnight: 24.0, dawn: 29.0)
    /// Half the band before any night is known, mg/L; and the part of the fall that is uncertain.
    public static let leastBand = 0.25
    static let uncertainPart = 0.25

    /// mg/L.
    public let expected: Double
    /// Half the width of the band that holds about nine of ten nights, mg/L.
    public let band: Double

    /// - Parameters:
    ///   - evening, midnight: oxygen, mg/L, and when, in hours of the same clock.
    ///   - dawn: hour that it is for.
    ///   - misses: how far it was off on earlier nights here, mg/L; they set the band once there are ten.
    /// - Returns: nil where the two readings are less than an hour apart, out of order or no oxygen values.
    public init?(
        evening: (hour: Double, oxygen: Double), midnight: (hour: Double, oxygen: Double), dawn: Double,
        misses: [Double] = []
    ) {
        let span = midnight.hour - evening.hour
        guard span >= 1, dawn >= midnight.hour, [evening.oxygen, midnight.oxygen].allSatisfy({ $0 > 0.05 && $0 < 50 })
        else { return nil }
        let change = (midnight.oxygen - evening.oxygen) / span * (dawn - midnight.hour) * Self.lastingSlope
        expected = max(0, midnight.oxygen + change)
        let assumed = max(Self.leastBand, Self.uncertainPart * abs(change))
        if misses.count >= 10 {
            let ordered = misses.map(abs).sorted()
            band = max(0.1, ordered[min(ordered.count - 1, Int((Double(ordered.count) * 0.9).rounded(.up)) - 1)])
        } else {
            band = assumed
        }
    }

    private init(expected: Double, band: Double) {
        self.expected = expected
        self.band = band
    }

    /// Where nothing is known: as low as it can be, and a band as wide as water holds oxygen.
    public static let unknown = DawnForecast(expected: 0, band: 15)

    /// By day nothing says how the night will be: a pond that breathes 0.2 mg/L an hour from evening to dawn, give or take 3 mg/L.
    ///
    /// - Parameter oxygen: now, mg/L.
    public static func byDay(oxygen: Double) -> DawnForecast {
        DawnForecast(expected: max(0, oxygen - 0.2 * (hours.dawn - hours.evening)), band: 3)
    }

    /// Whether an hour of the clock lies between evening and dawn, when a slope says something.
    public static func isNight(_ hour: Double) -> Bool {
        let clock = hour.truncatingRemainder(dividingBy: 24)
        return clock >= hours.evening || clock <= hours.dawn - 24
    }

    /// Lowest value that the band holds, mg/L.
    public var low: Double { max(0, expected - band) }
    public var high: Double { expected + band }

    /// A night of a series: what would have been said, and what came.
    public struct Hindcast: Sendable, Hashable {
        public let expected: Double
        public let persistence: Double
        public let measured: Double
        public var miss: Double { measured - expected }
    }

    /// What it would have said for each night of a series (times in seconds of local time, oxygen in mg/L).
    public static func hindcast(_ series: [(time: Double, oxygen: Double)]) -> [Hindcast] {
        let fit = series.filter { $0.oxygen > 0.05 && $0.oxygen < 50 }.sorted { $0.time < $1.time }
        guard let first = fit.first, let last = fit.last else { return [] }
        func value(at time: Double) -> Double? {
            // The nearest within five minutes.
            let near = fit[lowerBound(fit, time - 300)...].prefix { $0.time <= time + 300 }
            return near.min { abs($0.time - time) < abs($1.time - time) }?.oxygen
        }
        return stride(from: (first.time / 86_400).rounded(.down), through: last.time / 86_400, by: 1).compactMap {
            day in
            func at(_ hour: Double) -> Double { day * 86_400 + hour * 3600 }
            guard let evening = value(at: at(hours.evening)), let midnight = value(at: at(hours.midnight)),
                let measured = value(at: at(hours.dawn)),
                let forecast = DawnForecast(
                    evening: (hours.evening, evening), midnight: (hours.midnight, midnight), dawn: hours.dawn)
            else { return nil }
            return Hindcast(expected: forecast.expected, persistence: midnight, measured: measured)
        }
    }

    private static func lowerBound(_ series: [(time: Double, oxygen: Double)], _ time: Double) -> Int {
        var (low, high) = (0, series.count)
        while low < high {
            let middle = (low + high) / 2
            if series[middle].time < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
