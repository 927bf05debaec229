import Foundation

/// The full minute that comes next with some time to spare, and where on Earth a day ends at it: a use-by date that runs out while one waits.
public struct ComingMidnight: Sendable {
    /// The full minute, local midnight at `utcOffset`.
    public let end: Date
    /// The day that ends then, YYMMDD in local time.
    public let day: String
    /// Local time less UTC in minutes, -840...840.
    public let utcOffset: Int64

    /// - Parameter spare: seconds at least between `now` and the end.
    public init(after now: Date, spare: TimeInterval) {
        let minute = Int64((now.timeIntervalSince1970 + spare) / 60) + 1
        // Local time is ahead of UTC by what is left of UTC's day, or behind by what has passed of it.
        let passed = minute % 1440
        utcOffset = 1440 - passed <= 840 ? 1440 - passed : -passed
        end = Date(timeIntervalSince1970: Double(minute * 60))
        let noon = end.addingTimeInterval(Double(utcOffset) * 60 - 43_200)
        day = noon.formatted(.iso8601.year().month().day()).filter(\.isNumber).suffix(6).description
    }
}
