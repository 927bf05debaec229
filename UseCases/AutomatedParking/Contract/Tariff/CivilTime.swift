import ContractKit

/// Local civil time of a lot, from rules that every member computes alike; no time zone files.
public struct CivilZone: Sendable, Hashable {
    /// When clocks change.
    public enum SummerTime: String, Sendable, CaseIterable {
        case none
        /// Directive 2000/84/EC: last Sundays of March and October, 01:00 UTC.
        case europe
        /// 15 U.S.C. 260a: second Sunday of March and first of November, 02:00 local.
        case america
    }

    static let day: Int64 = 86_400

    /// Minutes ahead of UTC in winter.
    public let offset: Int64
    public let summerTime: SummerTime

    public init(offset: Int64, summerTime: SummerTime) {
        self.offset = offset
        self.summerTime = summerTime
    }

    /// Local seconds since 1970-01-01T00:00 local, for UTC seconds since 1970.
    public func local(_ utc: Int64) -> Int64 { utc + seconds(at: utc) }

    /// UTC for local seconds. A time that occurs twice is the first one; one that does not occur is an hour later.
    public func utc(_ local: Int64) -> Int64 {
        let standard = local - offset * 60
        let summer = standard - 3600
        if seconds(at: summer) == (offset + 60) * 60 { return summer }
        return standard
    }

    /// Start of the local day that holds a UTC time, and of those after it, in UTC.
    public func midnight(after days: Int64, _ utc: Int64) -> Int64 {
        self.utc((Self.floorDivide(local(utc), Self.day) + days) * Self.day)
    }

    /// Days since 1970-01-01 of the local date.
    public func date(_ utc: Int64) -> Int64 { Self.floorDivide(local(utc), Self.day) }

    /// 0 is Monday.
    public static func weekday(_ date: Int64) -> Int64 { modulo(date + 3, 7) }

    private func seconds(at utc: Int64) -> Int64 {
        let year = Self.year(Self.floorDivide(utc + offset * 60, Self.day))
        let (begin, end): (Int64, Int64)
        switch summerTime {
        case .none: return offset * 60
        case .europe:
            begin = Self.sunday(onOrBefore: Self.date(year, 3, 31)) * Self.day + 3600
            end = Self.sunday(onOrBefore: Self.date(year, 10, 31)) * Self.day + 3600
        case .america:
            begin = Self.sunday(onOrBefore: Self.date(year, 3, 14)) * Self.day + 7200 - offset * 60
            end = Self.sunday(onOrBefore: Self.date(year, 11, 7)) * Self.day + 3600 - offset * 60
        }
        return (offset + (begin <= utc && utc < end ? 60 : 0)) * 60
    }

    // MARK: Calendar

    static func sunday(onOrBefore date: Int64) -> Int64 { date - modulo(weekday(date) + 1, 7) }

    /// Days since 1970-01-01 of a date of the Gregorian calendar. Years begin in March, so that the leap day comes last.
    public static func date(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = floorDivide(shifted, 400)
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    static func year(_ date: Int64) -> Int64 {
        var year = 1970 + floorDivide(date, 366)
        while Self.date(year + 1, 1, 1) <= date { year += 1 }
        return year
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 { value - floorDivide(value, divisor) * divisor }
}
