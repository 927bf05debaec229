/// An instant as the ledger counts it: milliseconds since 1970-01-01T00:00Z.
public struct Moment: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00Z.
    public let milliseconds: Int64

    /// An instant of the ledger's clock.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (left: Moment, right: Moment) -> Bool { left.milliseconds < right.milliseconds }

    /// The day in UTC.
    public var day: Day { Day(daysSinceEpoch: Self.floorDivide(milliseconds, 86_400_000)) }

    /// RFC 3339 in UTC, to the second.
    public var iso: String { "\(day.iso)T\(clock(withSeconds: true))Z" }

    /// For people, for example `24 Nov 2026, 12:30 UTC`. The portal's script puts it into the visitor's own time.
    public var text: String { "\(day.text), \(clock(withSeconds: false)) UTC" }

    func clock(withSeconds: Bool) -> String {
        let seconds = Self.floorDivide(milliseconds, 1000) - day.daysSinceEpoch * 86_400
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(twoDigits)
        return parts.prefix(withSeconds ? 3 : 2).joined(separator: ":")
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }
}

/// A civil date, such as a use-by date, which no time zone moves.
public struct Day: Sendable, Hashable {
    /// Days since 1970-01-01.
    public let daysSinceEpoch: Int64

    /// A date by its distance from 1970-01-01.
    public init(daysSinceEpoch: Int64) {
        self.daysSinceEpoch = daysSinceEpoch
    }

    /// ISO 8601 calendar date.
    public var iso: String {
        let (year, month, day) = civil
        return "\(year)-\(twoDigits(month))-\(twoDigits(day))"
    }

    /// For people, for example `24 Nov 2026`.
    public var text: String {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let (year, month, day) = civil
        return "\(day) \(names[Int(month) - 1]) \(year)"
    }

    /// Gregorian year, month and day. Years are counted from March, so that the leap day is a year's last.
    private var civil: (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

private func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

/// What the partial `time` is filled with.
struct TimeView {
    let iso: String
    let text: String

    init(_ moment: Moment) {
        iso = moment.iso
        text = moment.text
    }

    init(_ day: Day) {
        iso = day.iso
        text = day.text
    }
}
