import ContractKit

/// What a stay costs, line by line. The same inputs give the same bill on every node, and the quote before is the bill after.
public struct Bill: Sendable, Hashable {
    /// Longest stay that is billed, s; a longer one is reviewed.
    public static let maximumStay: UInt64 = 62 * 86_400

    public struct Line: Sendable, Hashable {
        public let label: String
        /// Started increments, or 1.
        public var count: UInt64
        /// Before a cap.
        public var gross: UInt64
        /// What it comes to.
        public var amount: UInt64
        public var tax: UInt64
        let rate: UInt64

        init(_ label: String, count: UInt64 = 1, amount: UInt64, rate: UInt64 = 0) {
            self.label = label
            self.count = count
            self.gross = amount
            self.amount = amount
            self.tax = 0
            self.rate = rate
        }

        init(_ label: String, count: UInt64, gross: UInt64, amount: UInt64, tax: UInt64) {
            self.init(label, count: count, amount: amount)
            self.gross = gross
            self.tax = tax
        }
    }

    /// A permit's part: season ticket, validation by a shop, badge, staff.
    public struct Discount: Sendable, Hashable {
        public let label: String
        /// Hundredths of a percent of the bill.
        public let share: UInt64
        /// Free seconds at the beginning.
        public let free: UInt64

        public init(_ label: String, share: UInt64 = 0, free: UInt64 = 0) {
            self.label = label
            self.share = share
            self.free = free
        }
    }

    public var lines: [Line]
    /// Of all lines and of the whole.
    public var tax: UInt64
    public var total: UInt64

    public init(lines: [Line], tax: UInt64, total: UInt64) {
        self.lines = lines
        self.tax = tax
        self.total = total
    }

    /// - Parameters:
    ///   - entry, exit: UTC seconds since 1970.
    public static func compute(
        _ tariff: Tariff, entry: UInt64, exit: UInt64, discounts: [Discount] = []
    ) throws(ContractError) -> Bill {
        guard entry <= exit, exit - entry <= maximumStay, exit < 1 << 40 else {
            throw .invalid("exit", "after the entry, by at most 62 days")
        }
        guard tariff.flaw == nil else { throw .corrupt("of a tariff") }
        var best: Bill?
        for table in tariff.tables {
            let bill = try RateComputation(table, tariff, entry, exit, discounts).bill()
            if best.map({ bill.total < $0.total }) ?? true { best = bill }
        }
        guard let best else { throw .corrupt("of a tariff") }
        return best
    }

    /// A share in hundredths of a percent, rounded half up.
    static func share(_ amount: UInt64, _ rate: UInt64) throws(ContractError) -> UInt64 {
        try amount.multiplied(by: rate).adding(5000) / 10_000
    }
}
