import APIKit
import AutomatedParkingContract
import PortalKit
import UseCaseKit

/// What a lot charges: its lines, and what typical stays come to, by the code that makes the bills.
enum PricePage {
    private static let minutes: [UInt64] = [9, 30, 60, 61, 120, 240, 480, 1440, 2880]

    static func make(_ lot: String, _ platform: Platform) throws -> WorkPage {
        guard let record = try platform.state.get(ParkingContract.lots, lot) else {
            throw Problem.notFound("lot \(lot)")
        }
        let (version, tariff) = try ParkingRoutes(platform: platform).tariff(lot)
        let next = try platform.state.get(ParkingContract.tariffs, "\(lot)/\(record.tariffs)")
        return WorkPage(
            kicker: record.name, title: "Prices",
            lead: "A car that enters now is charged by this, whatever changes later. There are no other fees.",
            facts: [
                Fact("Free spaces", "\(record.capacity - min(record.capacity, record.occupied)) of \(record.capacity)"),
                Fact("Tariff", "version \(version)"),
                Fact(
                    "A change",
                    next.map { $0.from > platform.now ? ParkingWords.moment($0.from).text : "none announced" } ?? ""),
                tax(tariff),
                Fact("For programs", "APDS rate table", href: RateRoutes.address(of: lot)),
            ],
            tables: [lines(tariff), try examples(tariff, from: platform.now / 1000)])
    }

    /// Whatever the law lets an operator quote, what stands on this page is what is paid.
    private static func tax(_ tariff: Tariff) -> Fact {
        let rates = Set(tariff.tables.map(\.tax)).sorted().map(ParkingWords.percent).joined(separator: " or ")
        return Fact(
            tariff.taxRule.label, rates, note: "all prices here contain it")
    }

    private static func lines(_ tariff: Tariff) -> Table {
        Table(
            caption: "What it consists of",
            columns: [.init("For"), .init("Price", isNumeric: true)],
            rows: tariff.tables.flatMap { table in
                (table.grace > 0
                    ? [[Table.Cell.text("leaving within \(table.grace / 60) min"), .text("free")]] : [])
                    + table.collections.flatMap { collection in
                        collection.lines.map {
                            [.text($0.label), .text(ParkingWords.money(gross($0.value, table, $0, tariff)))]
                        }
                            + collection.caps.map {
                                [
                                    .text($0.period == 604_800 ? "at most in a week" : "at most in 24 hours"),
                                    .text(ParkingWords.money($0.value)),
                                ]
                            }
                    }
            }, empty: .init("No tariff yet."))
    }

    /// A price with its taxes; the bill rounds sums and not lines, so that many of them can come to a little less.
    private static func gross(
        _ value: UInt64, _ table: RateTable, _ line: RateTable.Line?, _ tariff: Tariff
    ) -> UInt64 {
        guard !table.isTaxIncluded else { return value }
        let withOwn = value + ((value * (line?.tax ?? 0)) + 5000) / 10_000
        return withOwn + (withOwn * table.tax + 5000) / 10_000
    }

    static func examples(_ tariff: Tariff, from entry: UInt64) throws -> Table {
        var rows: [[Table.Cell]] = []
        for length in minutes {
            let bill = try Bill.compute(tariff, entry: entry, exit: entry + length * 60)
            rows.append([.text(ParkingWords.length(length * 60_000)), .text(ParkingWords.money(bill.total))])
        }
        return Table(
            caption: "If you entered now", columns: [.init("And stayed"), .init("You would pay", isNumeric: true)],
            rows: rows, empty: .init("No tariff yet."))
    }
}

/// A bill, line by line.
enum BillTable {
    static func table(_ bill: Bill?) -> Table {
        Table(
            caption: "The bill",
            columns: [
                .init("For"), .init("Times", isNumeric: true), .init("Before the cap", isNumeric: true),
                .init("Price", isNumeric: true),
            ],
            rows: (bill?.lines ?? []).map { line in
                [
                    .text(line.label), .text("\(line.count)"),
                    .text(line.gross == line.amount ? "" : ParkingWords.money(line.gross)),
                    .text(ParkingWords.money(line.amount)),
                ]
            }, empty: .init("The bill is made when the car leaves."))
    }
}
