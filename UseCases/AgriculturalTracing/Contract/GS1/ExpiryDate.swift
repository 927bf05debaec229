import ContractKit

/// A GS1 date YYMMDD (AI 17, General Specifications §3.4.7): day 00 means the last day of the month.
public struct ExpiryDate: Hashable, Sendable {
    public let year: Int
    public let month: Int
    public let day: Int

    private static let millisecondsPerDay: Int64 = 86_400_000

    /// - Parameters:
    ///   - text: six digits.
    ///   - currentYear: decides the century, General Specifications §7.12: a year 51 or more ahead lies in the century before, one 50 or more behind in the next.
    public init(yymmdd text: String, currentYear: Int) throws(ContractError) {
        let digits = text.utf8.map { Int($0) - 0x30 }
        let malformed = ContractError(113, "an expiry date is YYMMDD, day 00 for the end of the month (AI 17)")
        guard digits.count == 6, digits.allSatisfy({ (0...9).contains($0) }) else { throw malformed }
        let yy = digits[0] * 10 + digits[1]
        var year = currentYear / 100 * 100 + yy
        if yy - currentYear % 100 >= 51 { year -= 100 }
        if yy - currentYear % 100 <= -50 { year += 100 }
        let month = digits[2] * 10 + digits[3]
        let day = digits[4] * 10 + digits[5]
        guard (1...12).contains(month), day <= Self.days(in: month, of: year) else { throw malformed }
        self.year = year
        self.month = month
        self.day = day == 0 ? Self.days(in: month, of: year) : day
    }

    public static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The first instant after the day, ms since 1970 UTC, where local time is `offset` minutes ahead of UTC.
    public func end(utcOffset offset: Int64) -> Int64 {
        (Self.dayNumber(year, month, day) + 1) * Self.millisecondsPerDay - offset * 60_000
    }

    /// Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, chrono-compatible date algorithms, days_from_civil).
    static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * Int64(month + (month > 2 ? -3 : 9)) + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The year at an instant, ms since 1970 UTC.
    public static func year(at time: UInt64) -> Int {
        let days = Int64(time / UInt64(millisecondsPerDay))
        var year = 1970 + Int(days / 366)
        while dayNumber(year + 1, 1, 1) <= days { year += 1 }
        return year
    }
}
