/// What trading needs of a telegram.
extension P1Telegram {
    /// A decimal number with its unit, as it was written: 301.548 kWh is 301548 with 3 decimals.
    public struct Quantity: Sendable, Hashable {
        public let digits: UInt64
        public let decimals: Int
        public let unit: String

        /// In thousandths of the unit, cut off.
        public var thousandths: UInt64? {
            var value = digits
            for _ in 0..<max(0, decimals - 3) { value /= 10 }
            for _ in 0..<max(0, 3 - decimals) {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                value = product
            }
            return value
        }
    }

    /// The present value of a code; nil where the telegram has none.
    public func object(_ code: OBIS) -> Object? { objects.first { $0.code == code } }

    /// A number with a unit, the last of the code's values.
    public func quantity(_ code: OBIS) throws(P1Error) -> Quantity? {
        guard let text = object(code)?.values.last else { return nil }
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let digits = number.joined()
        guard parts.count <= 2, (1...2).contains(number.count), !number[0].isEmpty, number.last?.isEmpty == false,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(digits)
        else { throw P1Error(.value, "\(code) is no number: \(text.prefix(40))") }
        return Quantity(
            digits: value, decimals: number.count == 2 ? number[1].count : 0,
            unit: parts.count == 2 ? String(parts[1]) : "")
    }

    /// Wh taken from the grid; nil where the meter has no such register.
    public func imported() throws(P1Error) -> UInt64? { try energy(OBIS.imported) }
    /// Wh given to the grid.
    public func exported() throws(P1Error) -> UInt64? { try energy(OBIS.exported) }

    /// The register of all tariffs, or the sum of those of each.
    private func energy(_ register: (UInt8) -> OBIS) throws(P1Error) -> UInt64? {
        if let total = try wattHours(register(0)) { return total }
        var sum: UInt64?
        for tariff: UInt8 in 1...4 {
            guard let part = try wattHours(register(tariff)) else { continue }
            let (total, overflow) = (sum ?? 0).addingReportingOverflow(part)
            guard !overflow else { throw P1Error(.value, "\(register(tariff)) is too large") }
            sum = total
        }
        return sum
    }

    private func wattHours(_ code: OBIS) throws(P1Error) -> UInt64? {
        guard let quantity = try quantity(code) else { return nil }
        guard let thousandths = quantity.thousandths else { throw P1Error(.value, "\(code) is too large") }
        switch quantity.unit {
        case "kWh": return thousandths
        case "Wh": return thousandths / 1000
        default: throw P1Error(.value, "\(code) is in \(quantity.unit), not in kWh or Wh")
        }
    }

    /// Watts taken from the grid less watts given to it.
    public func power() throws(P1Error) -> Int64? {
        guard let taken = try watts(.powerTaken) else { return nil }
        return Int64(taken) - Int64(try watts(.powerGiven) ?? 0)
    }

    private func watts(_ code: OBIS) throws(P1Error) -> UInt64? {
        guard let quantity = try quantity(code) else { return nil }
        guard let thousandths = quantity.thousandths, thousandths < 1 << 40 else {
            throw P1Error(.value, "\(code) is too large")
        }
        return quantity.unit == "W" ? thousandths / 1000 : thousandths
    }

    /// The meter's number, as text: it is written as hexadecimal pairs of its characters where that makes sense.
    public var serial: String? {
        let codes = [
            OBIS.serial, OBIS(0, 0, 96, 1, 4), OBIS(0, 0, 96, 1, 0), OBIS(0, 0, 96, 1, 255), OBIS(1, 0, 0, 0, 0),
        ]
        return codes.lazy.compactMap { object($0)?.values.last }.first { !$0.isEmpty }
    }

    /// Seconds since 1970 of the telegram's own time: `YYMMDDhhmmss` with S for summer and W for winter time of the
    /// Central European zone; nil where there is none or it is no date.
    public var time: Int64? {
        guard let text = object(.time)?.values.last, text.utf8.count == 13 else { return nil }
        let digits = text.utf8.prefix(12).map { Int64($0) - 0x30 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        func pair(_ index: Int) -> Int64 { digits[2 * index] * 10 + digits[2 * index + 1] }
        let (year, month, day) = (2000 + pair(0), pair(1), pair(2))
        guard (1...12).contains(month), (1...31).contains(day), pair(3) < 24, pair(4) < 60, pair(5) < 60 else {
            return nil
        }
        let offset: Int64
        switch text.last {
        case "S": offset = 2
        case "W": offset = 1
        default: return nil
        }
        return Self.days(year, month, day) * 86_400 + (pair(3) - offset) * 3600 + pair(4) * 60 + pair(5)
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Years begin in March, so that the leap day is their last.
        let shifted = month > 2 ? year : year - 1
        let monthOfYear = (month + 9) % 12
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * monthOfYear + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
