import AutomatedParkingContract
import ContractKit
import Foundation
import TestSupport
import Testing

/// Amounts of others' published tariffs, read where they lie.
@Suite("Tariffs of others")
struct TariffVectorTests {
    private static let utc = CivilZone(offset: 0, summerTime: .none)
    private static let hour: UInt64 = 3600
    private static let day: UInt64 = 86_400
    private static let start: UInt64 = 1_790_000_000

    static func table(_ lines: [RateTable.Line], caps: [RateTable.Cap] = []) -> Tariff {
        Tariff([RateTable([.init("Parking", lines: lines, caps: caps)])], zone: utc)
    }

    /// The five lots of ParkCalc as rate tables, in whole dollars.
    static let parkCalc: [String: Tariff] = [
        "valet": table([
            .init(.flatRateTier, "up to 5 h", end: 5 * hour, value: 12),
            .init(.flatRateTier, "a day", value: 18),
            .init(.incrementingRate, "each started day after it", start: day, period: day, value: 18),
        ]),
        "short_term": table(
            [
                .init(.flatRate, "first hour", value: 2),
                .init(.incrementingRate, "each started half hour", start: hour, period: hour / 2, value: 1),
            ], caps: [.init(period: day, value: 24)]),
        "long_term_garage": hourly(daily: 12, weekly: 72), "long_term_surface": hourly(daily: 10, weekly: 60),
        "economy": hourly(daily: 9, weekly: 54),
    ]

    private static func hourly(daily: UInt64, weekly: UInt64) -> Tariff {
        table(
            [.init(.incrementingRate, "each started hour", period: hour, value: 2)],
            caps: [.init(period: day, value: daily), .init(period: 7 * day, value: weekly)])
    }

    private static func set(_ id: String) throws -> [String: Any]? {
        guard let url = Vectors.locate("parking/tariff_cases.json", cases: 40) else { return nil }
        let sets = try Vectors.json(url)["sets"] as? [[String: Any]] ?? []
        return sets.first { $0["id"] as? String == id }
    }

    static func cost(_ tariff: Tariff, _ seconds: UInt64) throws -> UInt64 {
        try Bill.compute(tariff, entry: start, exit: start + seconds).total
    }

    /// `P1DT30M` in seconds.
    private static func seconds(_ duration: String) throws -> UInt64 {
        var (total, number): (UInt64, UInt64) = (0, 0)
        var isTime = false
        for character in duration {
            if let digit = character.wholeNumberValue {
                number = number * 10 + UInt64(digit)
                continue
            }
            switch (character, isTime) {
            case ("T", _): isTime = true
            case ("D", _): total += number * day
            case ("H", _): total += number * hour
            case ("M", true): total += number * 60
            case ("S", _): total += number
            default: break
            }
            number = 0
        }
        return total
    }

    @Test("PARK-22: ParkCalc's five lots")
    func parkCalcLots() throws {
        guard let set = try Self.set("parkcalc"), let lots = set["lots"] as? [String: [String: Any]] else { return }
        var count = 0
        for (name, lot) in lots {
            let tariff = try #require(Self.parkCalc[name], "lot \(name)")
            for case let item as [Any] in lot["cases"] as? [Any] ?? [] {
                let (duration, dollars) = (try #require(item[0] as? String), try #require(item[1] as? NSNumber))
                #expect(try Self.cost(tariff, try Self.seconds(duration)) == dollars.uint64Value, "\(name) \(duration)")
                count += 1
            }
        }
        #expect(count >= 39)
    }

    @Test("PARK-22: APDS rate tables 1 and 5, 8.50 with 6.50 prepaid leaves 2.00")
    func apds() throws {
        guard let set = try Self.set("apds-v4"), let five = set["rate_table_5"] as? [String: Any],
            let collections = five["collections"] as? [[String: Any]],
            let ends = collections[1]["seconds_end_inclusive"] as? [NSNumber],
            let values = collections[1]["value"] as? [NSNumber], let flat = collections[0]["flatRate"] as? NSNumber
        else { return }
        let tiers = zip(ends, values).map { end, value in
            RateTable.Line(
                .flatRateTier, "up to \(end) s", end: end.uint64Value,
                value: UInt64((value.doubleValue * 100).rounded()))
        }
        let tariff = Tariff(
            [
                RateTable([
                    .init("Reservation", lines: [.init(.flatRate, "booking", value: UInt64(flat.doubleValue * 100))]),
                    .init("Stay", lines: tiers),
                ])
            ], zone: Self.utc)
        // The board says four hours; the tier ends with the last second before.
        let prepaid = try Self.cost(tariff, 4 * Self.hour - 1)
        #expect(prepaid == 650)
        #expect(try Self.cost(tariff, 5 * Self.hour + 31 * 60) == 850)
        #expect(try Self.cost(tariff, 5 * Self.hour + 31 * 60) - prepaid == 200)
        #expect(try Self.cost(tariff, 3599) == 500 && Self.cost(tariff, 14_400) == 750)
    }

    @Test("PARK-22: taxes of lines and of the whole: 51.65")
    func taxes() throws {
        let lines: [RateTable.Line] = [
            .init(.flatRate, "a", value: 3000, tax: 400), .init(.flatRate, "b", value: 1500, tax: 500),
        ]
        let tariff = Tariff(
            [RateTable([.init("Stay", lines: lines)], tax: 1000, isTaxIncluded: false)], zone: Self.utc)
        let bill = try Bill.compute(tariff, entry: Self.start, exit: Self.start + 60)
        #expect(bill.lines.map(\.tax) == [120, 75])
        #expect(bill.total == 5165 && bill.tax == 665)
    }

    @Test("PARK-22: OCPI: 42 minutes of parking are billed as 45; 11.25 without, 12.75 with tax")
    func ocpi() throws {
        guard let set = try Self.set("ocpi"), let cases = set["cases"] as? [[String: Any]], let first = cases.first,
            let charging = first["charging_min"] as? NSNumber, let parking = first["parking_min"] as? NSNumber,
            let excluded = first["excl_vat"] as? NSNumber, let included = first["incl_vat"] as? NSNumber
        else { return }
        // Prices for an hour, charged in steps of a minute and of five minutes.
        func part(_ price: UInt64, _ step: UInt64, _ tax: UInt64, _ minutes: UInt64) throws -> Bill {
            let line = RateTable.Line(
                .incrementingRate, "time", period: step, value: price * 100, basis: 3600, tax: tax)
            let tariff = Tariff([RateTable([.init("t", lines: [line])], isTaxIncluded: false)], zone: Self.utc)
            return try Bill.compute(tariff, entry: Self.start, exit: Self.start + minutes * 60)
        }
        let time = try part(3, 60, 1000, charging.uint64Value)
        let stay = try part(5, 300, 2000, parking.uint64Value)
        #expect(time.total + stay.total == UInt64((included.doubleValue * 100).rounded()))
        #expect(time.total + stay.total - time.tax - stay.tax == UInt64((excluded.doubleValue * 100).rounded()))
    }

    @Test("PARK-22: the exercise of fees from an IN/OUT log")
    func kata() throws {
        guard let set = try Self.set("inout-kata") else { return }
        for item in set["cases"] as? [[String: Any]] ?? [] {
            let fees = try #require(item["fees"] as? [String: NSNumber])
            let base = try #require(fees["base_min"]).uint64Value * 60
            let tariff = Self.table([
                .init(.flatRate, "base", value: fees["base_fee"]?.uint64Value ?? 0),
                .init(
                    .incrementingRate, "unit", start: base, period: (fees["unit_min"]?.uint64Value ?? 1) * 60,
                    value: fees["unit_fee"]?.uint64Value ?? 0),
            ])
            var entered: [String: UInt64] = [:]
            var stayed: [String: UInt64] = [:]
            for line in item["log"] as? [String] ?? [] {
                let words = line.split(separator: " ").map(String.init)
                let clock = words[0].split(separator: ":").compactMap { UInt64($0) }
                let minute = clock[0] * 60 + clock[1]
                if words[2] == "IN" {
                    entered[words[1]] = minute
                } else if let since = entered.removeValue(forKey: words[1]) {
                    stayed[words[1], default: 0] += minute - since
                }
            }
            for (plate, since) in entered { stayed[plate, default: 0] += 23 * 60 + 59 - since }
            for (plate, amount) in item["expect_by_plate"] as? [String: NSNumber] ?? [:] {
                #expect(try Self.cost(tariff, (stayed[plate] ?? 0) * 60) == amount.uint64Value, "\(plate)")
            }
        }
    }
}
