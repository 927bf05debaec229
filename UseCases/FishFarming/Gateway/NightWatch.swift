import Ledger

/// The nights of a pond: what the gateway says of each at midnight, and what it measures at dawn. All times are the pond's,
/// in seconds since one of its midnights.
public struct NightWatch: Sendable {
    /// How far a reading may be from the hour that it stands for, s: in the evening and at midnight, and at dawn.
    private static let tolerance = 1800.0
    private static let dawnTolerance = 900.0
    private static let day = 86_400.0
    private static let hour = 3600.0

    /// What the ledger is told.
    public enum Word: Sendable, Hashable {
        case forecast(night: UInt64, expected: Double, band: Double, midnight: Double)
        case dawn(night: UInt64, measured: Double, isAerated: Bool)
    }

    private struct Night {
        let number: UInt64
        let forecast: DawnForecast
        var isAerated = false
        var isOver = false
    }

    private var readings: [(time: Double, oxygen: Double)] = []
    private var night: Night?

    public init() {}

    /// Hour of the day.
    public static func hour(_ time: Double) -> Double {
        let hour = (time / hour).truncatingRemainder(dividingBy: 24)
        return hour < 0 ? hour + 24 : hour
    }

    public mutating func observe(_ oxygen: Double, at time: Double) { readings.append((time, oxygen)) }

    /// Lowest oxygen that the band of this night holds, until dawn, mg/L.
    public func expected(_ time: Double) -> Double? {
        guard let night, night.number == Self.number(time), Self.hour(time) < DawnForecast.hours.dawn - 24 else {
            return nil
        }
        return night.forecast.low
    }

    /// The day that a time lies in; nil before the first.
    private static func number(_ time: Double) -> UInt64? { time < 0 ? nil : UInt64(time / day) }

    /// Lets time pass.
    ///
    /// - Returns: the forecast once, as soon as it can be made after midnight; what came of it once, at dawn.
    public mutating func pass(_ time: Double, isAerating: Bool, misses: [Double]) -> [Word] {
        readings.removeAll { $0.time < time - Self.day / 2 }
        guard let number = Self.number(time) else { return [] }
        let start = Double(number) * Self.day
        let isBeforeDawn = time < start + (DawnForecast.hours.dawn - 24) * Self.hour
        if night?.number != number {
            guard isBeforeDawn, let word = forecast(number, start, misses) else { return [] }
            return [word]
        }
        if isBeforeDawn {
            if isAerating { night?.isAerated = true }
            return []
        }
        return dawn(start, time).map { [$0] } ?? []
    }

    private mutating func forecast(_ number: UInt64, _ start: Double, _ misses: [Double]) -> Word? {
        // Hours count from the midnight before, as those of the forecast do.
        let evening = nearest(start + (DawnForecast.hours.evening - 24) * Self.hour, within: Self.tolerance)
        guard let evening, let midnight = nearest(start, within: Self.tolerance) else { return nil }
        func hours(_ time: Double) -> Double { (time - start) / Self.hour + 24 }
        guard
            let forecast = DawnForecast(
                evening: (hours(evening.time), evening.oxygen), midnight: (hours(midnight.time), midnight.oxygen),
                dawn: DawnForecast.hours.dawn, misses: misses)
        else { return nil }
        night = Night(number: number, forecast: forecast)
        return .forecast(
            night: number, expected: forecast.expected, band: forecast.band, midnight: midnight.oxygen)
    }

    private mutating func dawn(_ start: Double, _ time: Double) -> Word? {
        guard var ended = night, !ended.isOver else { return nil }
        let target = start + (DawnForecast.hours.dawn - 24) * Self.hour
        let found = nearest(target, within: Self.dawnTolerance)
        // A later reading shows that none nearer will come; without any, the night stays open.
        guard readings.last.map({ $0.time >= target }) ?? false || time > target + Self.dawnTolerance else {
            return nil
        }
        ended.isOver = true
        night = ended
        return found.map { .dawn(night: ended.number, measured: $0.oxygen, isAerated: ended.isAerated) }
    }

    private func nearest(_ time: Double, within tolerance: Double) -> (time: Double, oxygen: Double)? {
        readings.filter { abs($0.time - time) <= tolerance }.min { abs($0.time - time) < abs($1.time - time) }
    }
}

extension NightWatch.Word {
    /// Names it among what the gateway records, so that a restart does not say it twice.
    var purpose: String {
        switch self {
        case .forecast(let night, _, _, _): "night/\(night)"
        case .dawn(let night, _, _): "dawn/\(night)"
        }
    }

    /// As the contract takes it: hundredths of mg/L.
    func operation(of pond: String) -> Ledger.Operation {
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((min(50, max(0, value)) * 100).rounded())) }
        switch self {
        case .forecast(let night, let expected, let band, let midnight):
            return Ledger.Operation(
                "fish", "forecastNight",
                [
                    ("pond", .text(pond)), ("night", .unsigned(night)), ("expected", hundredths(expected)),
                    ("band", hundredths(band)), ("midnight", hundredths(midnight)),
                ])
        case .dawn(let night, let measured, let isAerated):
            return Ledger.Operation(
                "fish", "tellDawn",
                [
                    ("pond", .text(pond)), ("night", .unsigned(night)), ("measured", hundredths(measured)),
                    ("isAerated", .bool(isAerated)),
                ])
        }
    }
}
