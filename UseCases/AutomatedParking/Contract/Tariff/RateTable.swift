import ContractKit

/// A rate table as APDS (ISO/TS 5206-1) has it: collections of rate lines, in sequence; integers only.
///
/// Amounts are minor units, times are seconds, rates are hundredths of a percent. Ends are inclusive, as in APDS: a line
/// that ends at 3600 holds a stay of exactly one hour, one that ends at 3599 does not.
public struct RateTable: Sendable, Hashable {
    /// A line of a collection.
    public struct Line: Sendable, Hashable {
        public enum Kind: String, Sendable, CaseIterable {
            /// `value` once, when the stay is longer than `start`.
            case flatRate
            /// `value` for each started `period` between `start` and `end`.
            case incrementingRate
            /// `value` for the whole stay when it is not longer than `end`; the first such tier holds, else the last.
            case flatRateTier
        }

        public let kind: Kind
        public let label: String
        public let start: UInt64
        public let end: UInt64?
        public let period: UInt64
        public let value: UInt64
        /// Seconds that the value of an increment is for, where it is another time than ``period``: a price for an hour,
        /// charged in steps of five minutes.
        public let basis: UInt64?
        /// Of this line, hundredths of a percent.
        public let tax: UInt64

        public init(
            _ kind: Kind, _ label: String, start: UInt64 = 0, end: UInt64? = nil, period: UInt64 = 3600, value: UInt64,
            basis: UInt64? = nil, tax: UInt64 = 0
        ) {
            self.kind = kind
            self.label = label
            self.start = start
            self.end = end
            self.period = period
            self.value = value
            self.basis = basis
            self.tax = tax
        }

        /// What a number of increments comes to, rounded half up once and not at each.
        func amount(of count: UInt64) throws(ContractError) -> UInt64 {
            guard let basis else { return try value.multiplied(by: count) }
            return try value.multiplied(by: try count.multiplied(by: period)).adding(basis / 2) / basis
        }
    }

    /// The most that falls due in a period: rolling from the entry, or by the local calendar.
    public struct Cap: Sendable, Hashable {
        /// 86,400 or 604,800 where it is of the calendar.
        public let period: UInt64
        public let value: UInt64
        public let isCalendar: Bool

        public init(period: UInt64, value: UInt64, isCalendar: Bool = false) {
            self.period = period
            self.value = value
            self.isCalendar = isCalendar
        }
    }

    /// When a collection holds, in local civil time.
    public struct Window: Sendable, Hashable {
        /// Bit 0 is Monday, bit 6 Sunday, bit 7 a holiday; a holiday is no weekday.
        public let days: UInt64
        /// Minutes of the local day; the window goes over midnight where `to` is not after `from`.
        public let from: UInt64
        public let to: UInt64

        public init(days: UInt64 = 0xFF, from: UInt64 = 0, to: UInt64 = 1440) {
            self.days = days
            self.from = from
            self.to = to
        }
    }

    public struct Collection: Sendable, Hashable {
        public let label: String
        public let window: Window?
        public let lines: [Line]
        public let caps: [Cap]
        public let minimum: UInt64
        public let maximum: UInt64?

        public init(
            _ label: String, window: Window? = nil, lines: [Line], caps: [Cap] = [], minimum: UInt64 = 0,
            maximum: UInt64? = nil
        ) {
            self.label = label
            self.window = window
            self.lines = lines
            self.caps = caps
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// When counting begins anew.
    public enum Reset: String, Sendable, CaseIterable {
        case never
        /// At local midnight.
        case midnight
        /// 24 hours after the entry, and so on.
        case rolling
    }

    public let collections: [Collection]
    public let reset: Reset
    /// Longest stay that is free: no space, drop-off.
    public let grace: UInt64
    /// Whether a longer stay is charged from the entry (true) or from the end of the grace time.
    public let isGraceCharged: Bool
    /// Added to the sum, hundredths of a percent.
    public let surcharge: UInt64
    /// Of the whole, hundredths of a percent.
    public let tax: UInt64
    /// Whether values contain the taxes.
    public let isTaxIncluded: Bool

    public init(
        _ collections: [Collection], reset: Reset = .never, grace: UInt64 = 0, isGraceCharged: Bool = true,
        surcharge: UInt64 = 0, tax: UInt64 = 0, isTaxIncluded: Bool = true
    ) {
        self.collections = collections
        self.reset = reset
        self.grace = grace
        self.isGraceCharged = isGraceCharged
        self.surcharge = surcharge
        self.tax = tax
        self.isTaxIncluded = isTaxIncluded
    }
}

/// What a lot charges: the cheapest of its rate tables, in its local time.
public struct Tariff: Sendable, Hashable {
    public static let maximumTables = 4
    public static let maximumCollections = 16
    public static let maximumLines = 48
    public static let maximumValue: UInt64 = 100_000_000
    public static let maximumHolidays = 100

    public let tables: [RateTable]
    public let zone: CivilZone
    /// Days since 1970-01-01, local.
    public let holidays: [UInt64]
    /// How its taxes are called and rounded.
    public let taxRule: TaxRule

    public init(
        _ tables: [RateTable], zone: CivilZone, holidays: [UInt64] = [], taxRule: TaxRule = TaxRule()
    ) {
        self.taxRule = taxRule
        self.tables = tables
        self.zone = zone
        self.holidays = holidays
    }

    /// What is wrong with it; nil for a tariff that can be computed with.
    public var flaw: String? {
        guard (1...Self.maximumTables).contains(tables.count) else { return "1 to \(Self.maximumTables) rate tables" }
        guard holidays.count <= Self.maximumHolidays, holidays.allSatisfy({ $0 < 1_000_000 }) else { return "holidays" }
        if let flaw = taxRule.flaw { return flaw }
        guard abs(zone.offset) <= 14 * 60 else { return "an offset of at most 14 hours" }
        for table in tables {
            guard (1...Self.maximumCollections).contains(table.collections.count) else { return "collections" }
            guard table.grace <= 86_400, max(table.surcharge, table.tax) <= 10_000 else {
                return "rates of at most 100 %"
            }
            for collection in table.collections {
                if let flaw = collection.flaw { return flaw }
            }
        }
        return nil
    }
}

extension RateTable.Collection {
    fileprivate var flaw: String? {
        guard (1...Tariff.maximumLines).contains(lines.count), caps.count <= 4 else { return "lines and caps" }
        guard minimum <= Tariff.maximumValue, maximum ?? 0 <= Tariff.maximumValue else { return "values" }
        for cap in caps {
            guard cap.period >= 3600, cap.value <= Tariff.maximumValue else { return "caps of an hour or more" }
            if cap.isCalendar, cap.period != 86_400, cap.period != 604_800 {
                return "a calendar cap of a day or a week"
            }
        }
        if let window, window.from >= 1440 || window.to > 1440 || window.days > 0xFF { return "a window in a day" }
        for line in lines {
            guard line.value <= Tariff.maximumValue, line.tax <= 10_000, line.start <= Bill.maximumStay else {
                return "values and rates of lines"
            }
            guard line.period >= 60, line.period <= Bill.maximumStay, line.basis ?? 60 >= 60 else {
                return "increments of a minute or more"
            }
        }
        return nil
    }
}
