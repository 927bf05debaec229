import Foundation

/// What an account received and paid in a calendar year (UTC): figures for a tax return, from the entries of its statement.
struct TaxSummary {
    struct Line {
        /// issued, received or paid; `escrow` is what was set aside less what came back, also of what is not settled yet.
        let kind: String
        /// Whom it came from or went to; empty for the escrow, which pays by what contracts settled.
        let other: String
        /// Minor units; negative for what went out.
        var amount: Int64 = 0
        var entries = 0
    }

    let year: Int
    let currency: String
    let lines: [Line]
    /// Of the account at the two ends of the year; they differ by the lines' sum.
    let opening: Int64
    let closing: Int64

    init(_ statement: AccountStatement, year: Int) {
        self.year = year
        currency = statement.currency
        let (start, end) = (Self.start(of: year), Self.start(of: year + 1))
        opening = statement.entries.last { $0.time < start }?.balance ?? 0
        let entries = statement.entries.filter { (start..<end).contains($0.time) }
        closing = entries.last?.balance ?? opening
        var lines: [String: Line] = [:]
        for entry in entries {
            let kind =
                switch entry.kind {
                case "issued": "issued"
                case "held", "returned": "escrow"
                default: entry.change > 0 ? "received" : "paid"
                }
            let other = kind == "escrow" ? "" : entry.other
            var line = lines["\(kind) \(other)"] ?? Line(kind: kind, other: other)
            line.amount += entry.change
            line.entries += 1
            lines["\(kind) \(other)"] = line
        }
        self.lines = lines.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func start(of year: Int) -> UInt64 {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = calendar.date(from: DateComponents(year: year)) ?? .distantPast
        return UInt64(max(0, date.timeIntervalSince1970) * 1000)
    }
}
