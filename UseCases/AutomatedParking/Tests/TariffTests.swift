import AutomatedParkingContract
import ContractKit
import TestSupport
import Testing

@Suite("Tariffs")
struct TariffTests {
    private static let berlin = CivilZone(offset: 60, summerTime: .europe)
    private static let newYork = CivilZone(offset: -300, summerTime: .america)

    private static func utc(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64, _ minute: Int64 = 0) -> UInt64 {
        UInt64(CivilZone.date(year, month, day) * 86_400 + hour * 3600 + minute * 60)
    }

    private static func hourly(_ zone: CivilZone, reset: RateTable.Reset = .never) -> Tariff {
        Tariff(
            [
                RateTable(
                    [.init("p", lines: [.init(.incrementingRate, "hour", period: 3600, value: 100)])], reset: reset)
            ], zone: zone)
    }

    @Test("PARK-24: 9:59 and 10:00 are free, 10:01 is charged, from the start or from the end of the grace time")
    func grace() throws {
        for (isCharged, expected) in [(true, UInt64(200)), (false, 100)] {
            let tariff = Tariff(
                [
                    RateTable(
                        [.init("p", lines: [.init(.incrementingRate, "minutes", period: 330, value: 100)])], grace: 600,
                        isGraceCharged: isCharged)
                ], zone: Self.berlin)
            func cost(_ seconds: UInt64) throws -> UInt64 {
                try Bill.compute(tariff, entry: 1_790_000_000, exit: 1_790_000_000 + seconds).total
            }
            #expect(try cost(599) == 0 && cost(600) == 0)
            #expect(try cost(601) == expected)
        }
    }

    @Test(
        "PARK-28: the tax by the rule of the place: contained or added, rounded as the law says",
        arguments: [
            // 19 % in and on 2.50, and 7.7 % on 1.50, where half and whole units meet.
            (true, UInt64(1900), UInt64(250), TaxRule.Rounding.halfUp, UInt64(40), UInt64(250)),
            (true, 1900, 250, .down, 39, 250), (true, 1900, 250, .up, 40, 250),
            (false, 1900, 250, .halfUp, 48, 298), (false, 1900, 250, .halfEven, 48, 298),
            (false, 1900, 250, .down, 47, 297),
            (false, 700, 150, .halfUp, 11, 161), (false, 700, 150, .halfEven, 10, 160), (false, 700, 150, .up, 11, 161),
            (false, 700, 50, .halfEven, 4, 54), (false, 0, 250, .up, 0, 250), (true, 1000, 110, .up, 10, 110),
        ])
    func taxes(
        _ isIncluded: Bool, _ rate: UInt64, _ price: UInt64, _ rounding: TaxRule.Rounding, _ tax: UInt64,
        _ total: UInt64
    ) throws {
        let table = RateTable(
            [.init("p", lines: [.init(.flatRate, "stay", value: price)])], tax: rate, isTaxIncluded: isIncluded)
        let rule = TaxRule("VAT", number: "XX 1", rounding: rounding)
        let tariff = Tariff([table], zone: Self.berlin, taxRule: rule)
        let bill = try Bill.compute(tariff, entry: 1_790_000_000, exit: 1_790_003_600)
        #expect(bill.tax == tax && bill.total == total)
        #expect(try Tariff(cbor: Value.decode(tariff.cbor.encoded())) == tariff)
        #expect(Tariff([table], zone: Self.berlin, taxRule: TaxRule("")).flaw != nil)
    }

    @Test("PARK-22: nights in which the clocks change, both ways, here and there")
    func summerTime() throws {
        // 01:30 to 03:30 local is one hour in spring and three in autumn.
        let spring = Self.utc(2026, 3, 29, 0, 30)
        #expect(Self.berlin.local(Int64(spring)) % 86_400 == 5400)
        #expect(Self.berlin.local(Int64(spring) + 3600) % 86_400 == 12_600)
        let autumn = Self.utc(2026, 10, 24, 23, 30)
        #expect(Self.berlin.local(Int64(autumn)) % 86_400 == 5400)
        #expect(Self.berlin.local(Int64(autumn) + 3 * 3600) % 86_400 == 12_600)
        let american = Self.utc(2026, 3, 8, 6, 30)
        #expect(Self.newYork.local(Int64(american)) % 86_400 == 5400)
        #expect(Self.newYork.local(Int64(american) + 3600) % 86_400 == 12_600)
        let back = Int64(Self.utc(2026, 11, 1, 5, 30))
        #expect(Self.newYork.local(back + 2 * 3600) % 86_400 == 2 * 3600 + 1800)
        // Physical hours are charged: midnight to midnight is 23 and 25 of them.
        let short = Int64(Self.utc(2026, 3, 28, 23))
        let long = Int64(Self.utc(2026, 10, 24, 22))
        for (start, hours) in [(short, 23), (long, 25)] {
            let end = Self.berlin.midnight(after: 1, start)
            #expect(end - start == Int64(hours) * 3600)
            let bill = try Bill.compute(Self.hourly(Self.berlin), entry: UInt64(start), exit: UInt64(end))
            #expect(bill.total == UInt64(hours) * 100)
        }
    }

    @Test("PARK-22: counting begins anew at local midnight, or 24 hours after the entry")
    func resets() throws {
        let entry = Self.utc(2026, 6, 1, 21, 30)  // 23:30 local
        let exit = entry + 3600
        #expect(try Bill.compute(Self.hourly(Self.berlin), entry: entry, exit: exit).total == 100)
        #expect(try Bill.compute(Self.hourly(Self.berlin, reset: .midnight), entry: entry, exit: exit).total == 200)
        let table = RateTable(
            [.init("p", lines: [.init(.flatRate, "day", value: 500)])], reset: .rolling)
        let tariff = Tariff([table], zone: Self.berlin)
        #expect(try Bill.compute(tariff, entry: entry, exit: entry + 86_400).total == 500)
        #expect(try Bill.compute(tariff, entry: entry, exit: entry + 86_401).total == 1000)
    }

    @Test("PARK-22: hours of the day, days of the week, holidays, over midnight; the cheapest of two tables")
    func windows() throws {
        let day = RateTable.Collection(
            "day", window: .init(days: 0x1F, from: 480, to: 1080),
            lines: [.init(.incrementingRate, "day", period: 3600, value: 200)])
        let night = RateTable.Collection(
            "night", window: .init(days: 0xFF, from: 1320, to: 360),
            lines: [.init(.incrementingRate, "night", period: 3600, value: 50)])
        // Monday 1 June 2026, 07:00 to 09:00 local; 5 June is a holiday here.
        let holiday = UInt64(CivilZone.date(2026, 6, 5))
        let tariff = Tariff([RateTable([day, night])], zone: Self.berlin, holidays: [holiday])
        let monday = Self.utc(2026, 6, 1, 5)
        #expect(try Bill.compute(tariff, entry: monday, exit: monday + 7200).total == 200)
        let friday = Self.utc(2026, 6, 5, 6)
        #expect(try Bill.compute(tariff, entry: friday, exit: friday + 7200).total == 0)
        // 21:00 to 07:00: eight hours of the night.
        #expect(try Bill.compute(tariff, entry: monday + 14 * 3600, exit: monday + 24 * 3600).total == 400)
        let flat = RateTable([.init("flat", lines: [.init(.flatRate, "flat", value: 150)])])
        let both = Tariff([RateTable([day, night]), flat], zone: Self.berlin)
        #expect(try Bill.compute(both, entry: monday, exit: monday + 7200).total == 150)
    }

    @Test("PARK-22: is 1:00:00 in the first hour? It is; a second later the next one has begun")
    func edge() throws {
        let tariff = Self.hourly(Self.berlin)
        #expect(try Bill.compute(tariff, entry: 1_790_000_000, exit: 1_790_003_600).total == 100)
        #expect(try Bill.compute(tariff, entry: 1_790_000_000, exit: 1_790_003_601).total == 200)
    }

    @Test("PARK-21: permits change the bill, and the bill says so")
    func permits() throws {
        let tariff = Self.hourly(Self.berlin)
        func bill(_ discount: Bill.Discount) throws -> Bill {
            try Bill.compute(tariff, entry: 1_790_000_000, exit: 1_790_007_200, discounts: [discount])
        }
        let season = try bill(.init("Season ticket", share: 10_000))
        #expect(season.total == 0 && season.lines.contains { $0.label.contains("Season ticket") })
        #expect(try bill(.init("Staff", share: 5000)).total == 100)
        #expect(try bill(.init("Validated by a shop", free: 3600)).total == 100)
    }

    @Test("PARK-23: over random tariffs and stays: deterministic, survives CBOR, and a longer stay never costs less")
    func properties() throws {
        var random = SeededGenerator.fresh()
        for _ in 0..<150 {
            let lines: [RateTable.Line] = [
                .init(.flatRate, "flat", value: .random(in: 0...500, using: &random)),
                .init(
                    .incrementingRate, "time", start: .random(in: 0...7200, using: &random),
                    period: .random(in: 60...7200, using: &random), value: .random(in: 0...400, using: &random),
                    tax: .random(in: 0...2500, using: &random)),
            ]
            let table = RateTable(
                [
                    .init(
                        "p", lines: lines,
                        caps: [.init(period: 86_400, value: .random(in: 500...9000, using: &random))],
                        minimum: .random(in: 0...100, using: &random))
                ], grace: .random(in: 0...900, using: &random), tax: .random(in: 0...2500, using: &random),
                isTaxIncluded: Bool.random(using: &random))
            let tariff = Tariff([table], zone: Bool.random(using: &random) ? Self.berlin : Self.newYork)
            #expect(tariff.flaw == nil)
            #expect(try Tariff(cbor: try Value.decode(tariff.cbor.encoded())) == tariff)
            let entry = UInt64.random(in: 1_700_000_000...1_900_000_000, using: &random)
            var last: UInt64 = 0
            for length in (0..<12).map({ _ in UInt64.random(in: 0...400_000, using: &random) }).sorted() {
                let bill = try Bill.compute(tariff, entry: entry, exit: entry + length)
                #expect(bill == (try Bill.compute(tariff, entry: entry, exit: entry + length)))
                #expect(bill.total >= last, "\(length) s")
                #expect(try Bill(cbor: try Value.decode(bill.cbor.encoded())).total == bill.total)
                last = bill.total
            }
        }
    }
}
