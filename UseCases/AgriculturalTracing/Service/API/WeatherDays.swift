import Foundation
import SimulationKit

/// A year of measured hours as the days of its months; a typical year is made of months of several years, and each keeps its own.
struct WeatherDays {
    struct DayValues: Equatable {
        /// 1/100 °C.
        var lowest: Int64
        var highest: Int64
        /// 1/100 mm.
        var rain: Int64
        /// Wh/m².
        var sun: Int64
    }

    struct Month {
        /// YYYY-MM.
        let name: String
        /// 1 to 12.
        let number: Int
        var days: [DayValues]
    }

    let months: [Month]

    init(_ year: WeatherYear) {
        var months: [Month] = []
        var current = ""
        for (date, hour) in zip(year.days, year.samples) {
            // MM/DD/YYYY
            let parts = date.split(separator: "/").map(String.init)
            guard parts.count == 3, let number = Int(parts[0]) else { continue }
            let name = "\(parts[2])-\(parts[0])"
            if months.last?.name != name { months.append(Month(name: name, number: number, days: [])) }
            let temperature = Int64((hour.temperature * 100).rounded())
            let place = months.count - 1
            if date != current {
                months[place].days.append(DayValues(lowest: temperature, highest: temperature, rain: 0, sun: 0))
                current = date
            }
            let day = months[place].days.count - 1
            months[place].days[day].lowest = min(months[place].days[day].lowest, temperature)
            months[place].days[day].highest = max(months[place].days[day].highest, temperature)
            months[place].days[day].rain += Int64((hour.rain * 100).rounded())
            months[place].days[day].sun += Int64(hour.irradiance.rounded())
        }
        self.months = months
    }

    /// The start of a day of a month (YYYY-MM) in UTC, ms since 1970.
    static func date(_ month: String, _ day: Int) -> UInt64 {
        let start = (try? Date("\(month)-01T00:00:00Z", strategy: .iso8601)) ?? .distantPast
        return UInt64(max(0, start.timeIntervalSince1970)) * 1000 + UInt64(day - 1) * 86_400_000
    }
}
