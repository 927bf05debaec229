import EnergyTradingMetering
import TestSupport
import Testing

@Suite("Energy of intervals from registers")
struct RegisterSeriesTests {
    private static let hour: UInt64 = 3_600_000
    private static let start: UInt64 = 1_792_800_000_000

    private func reading(_ time: UInt64, _ imported: UInt64, _ exported: UInt64 = 0, meter: String = "a")
        -> RegisterSeries.Reading
    {
        .init(time: Self.start + time, sequence: time / 1000 + 1, meter: meter, imported: imported, exported: exported)
    }

    @Test("NRG-27: the quarters of a day of 23, 24 or 25 hours add up to the register's difference exactly")
    func days() throws {
        var random = SeededGenerator.fresh()
        for hours in [23, 24, 25] as [UInt64] {
            var (imported, exported): (UInt64, UInt64) = (7_000_000, 0)
            var time: UInt64 = 0
            var readings = [reading(0, imported, exported)]
            while time < hours * Self.hour {
                time += .random(in: 1000...900_000, using: &random)
                imported += .random(in: 0...400, using: &random)
                exported += .random(in: 0...300, using: &random)
                readings.append(reading(time, imported, exported))
            }
            readings.shuffle(using: &random)
            let series = RegisterSeries(readings + readings.prefix(5), longestGap: Self.hour)
            let quarters = try (0..<hours * 4).map { quarter in
                try #require(
                    series.energy(
                        from: Self.start + quarter * Self.hour / 4, to: Self.start + (quarter + 1) * Self.hour / 4))
            }
            let day = try #require(series.energy(from: Self.start, to: Self.start + hours * Self.hour))
            #expect(quarters.reduce(0) { $0 + $1.imported } == day.imported)
            #expect(quarters.reduce(0) { $0 + $1.exported } == day.exported)
            #expect(quarters.count == Int(hours) * 4 && day.flags.isEmpty)
        }
    }

    @Test("NRG-1: a reset, a change of meter or a register that goes round makes no negative and no huge energy")
    func steps() throws {
        func energy(_ readings: [RegisterSeries.Reading]) -> RegisterSeries.Energy? {
            RegisterSeries(readings, longestGap: Self.hour).energy(from: Self.start, to: Self.start + 2 * Self.hour)
        }
        let reset = try #require(energy([reading(0, 5000), reading(Self.hour, 20), reading(2 * Self.hour, 120)]))
        #expect(reset.imported == 100 && reset.flags == .reset)
        let change = try #require(
            energy([
                reading(0, 5000), reading(Self.hour, 90_000, meter: "b"), reading(2 * Self.hour, 90_100, meter: "b"),
            ]))
        #expect(change.imported == 100 && change.flags == .meterChange)
        let round = try #require(
            energy([reading(0, RegisterSeries.modulus - 10), reading(Self.hour, 5), reading(2 * Self.hour, 6)]))
        #expect(round.imported == 16 && round.flags == .rollover)
        // Nobody knows what ran in a long silence.
        #expect(energy([reading(0, 0), reading(2 * Self.hour, 100)]) == nil)
        #expect(energy([reading(Self.hour, 0), reading(2 * Self.hour, 100)]) == nil)
    }
}
