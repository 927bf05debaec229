/// An instant as EPCIS writes it: xsd:dateTimeStamp, a date and time with its zone (EPCIS 2.0 §7.3).
public struct EventTime: Sendable, Hashable, Comparable {
    /// Since 1970, ms, rounded half up as CBV 2.0 §8.9 wants it for the event hash. Negative before 1970.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// nil for text of another form. More digits of a second than three are rounded.
    public init?(_ text: String) {
        var octets = Substring(text).utf8
        func digits(_ count: Int) -> Int64? {
            let head = octets.prefix(count)
            guard head.count == count, head.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            octets = octets.dropFirst(count)
            return head.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        func take(_ accepted: String) -> Bool {
            guard let first = octets.first, accepted.utf8.contains(first) else { return false }
            octets = octets.dropFirst()
            return true
        }
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2), take("Tt"),
            let hour = digits(2), take(":"), let minute = digits(2), take(":"), let second = digits(2),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var fraction: Int64 = 0
        if take(".") {
            let head = octets.prefix { (0x30...0x39).contains($0) }
            guard !head.isEmpty else { return nil }
            octets = octets.dropFirst(head.count)
            let padded = Array(head.prefix(4)) + [UInt8](repeating: 0x30, count: max(0, 4 - head.count))
            fraction = (padded.reduce(0) { $0 * 10 + Int64($1 - 0x30) } + 5) / 10
        }
        var offset: Int64 = 0
        if !take("Zz") {
            let isWest = octets.first == UInt8(ascii: "-")
            guard take("+-"), let hours = digits(2), take(":"), let minutes = digits(2), hours <= 14, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
        }
        guard octets.isEmpty else { return nil }
        let days = Self.dayNumber(year, month, day)
        milliseconds = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + fraction
    }

    /// UTC with milliseconds and `Z`, the form of CBV 2.0 §8.9.
    public var text: String {
        let days = milliseconds.floorDivided(by: 86_400_000)
        let rest = milliseconds - days * 86_400_000
        let (year, month, day) = Self.date(of: days)
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(rest / 3_600_000, 2)):"
            + "\(padded(rest / 60_000 % 60, 2)):\(padded(rest / 1000 % 60, 2)).\(padded(rest % 1000, 3))Z"
    }

    public static func < (left: EventTime, right: EventTime) -> Bool { left.milliseconds < right.milliseconds }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar. A year begins in March here, so that the leap day ends it.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(of days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}
