import FishFarmingGateway
import FishFarmingSimulator
import Foundation
import TestSupport
import Testing

struct WaterTests {
    /// FISH-1: saturation and ammonia against outside figures.
    @Test func chemistry() throws {
        guard let file = Vectors.locate("fish/water_chemistry_cases.json", cases: 12) else { return }
        let cases = try Vectors.json(file)
        for item in cases["do_saturation"] as? [[String: Any]] ?? [] {
            let (temperature, expected) = (item["temp_c"] as? Double ?? 0, item["mg_l"] as? Double ?? 0)
            let found = WaterChemistry.oxygenSaturation(
                temperature: temperature, pressure: item["pressure_mbar"] as? Double ?? 0,
                salinity: item["salinity_psu"] as? Double ?? 0)
            #expect(abs(found - expected) <= item["tol"] as? Double ?? 0, "\(found) at \(temperature) °C")
        }
        for pair in cases["do_saturation_recomputed_by_the_same_formula_here"] as? [[Double]] ?? [] {
            #expect(abs(WaterChemistry.oxygenSaturation(temperature: pair[0]) - pair[1]) <= 0.0001)
        }
        let ammonia = (cases["unionised_ammonia_fraction"] as? [String: Any])?["recomputed_here"] as? [[Double]] ?? []
        for row in ammonia {
            let found = WaterChemistry.unionisedAmmonia(temperature: row[0], acidity: row[1])
            #expect(abs(found - row[2]) <= 0.0001, "\(found) at \(row[0]) °C and pH \(row[1])")
        }
        #expect(ammonia.count == 5)
    }

    /// FISH-20: the recorded nights of French Creek.
    @Test(arguments: [("TOWN", 27), ("REZN", 4)]) func forecast(sonde: String, nights: Int) throws {
        guard let file = Vectors.locate("fish/french.csv", cases: nights) else { return }
        let series = try OxygenSeries(path: file.path, sonde: sonde)
        let hindcast = DawnForecast.hindcast(
            series.samples.compactMap { sample in sample.oxygen.map { (sample.time, $0) } })
        let mean = hindcast.map { abs($0.miss) }.reduce(0, +) / Double(hindcast.count)
        let persistence = hindcast.map { abs($0.measured - $0.persistence) }.reduce(0, +) / Double(hindcast.count)
        print(
            "dawn forecast, \(sonde): \(hindcast.count) nights, mean absolute error \(mean), persistence \(persistence)"
        )
        #expect(hindcast.count >= nights - 1)
        #expect(mean <= 0.20)
        #expect(mean <= persistence / 2)
        // The band, once ten nights are known, holds most of the others.
        guard hindcast.count > 12 else { return }
        let held = (10..<hindcast.count).filter { index in
            let misses = hindcast[..<index].map(\.miss)
            let forecast = DawnForecast(evening: (21, 5), midnight: (24, 4.5), dawn: 29, misses: misses)
            return abs(hindcast[index].miss) <= forecast?.band ?? 0
        }.count
        print("band: \(held) of \(hindcast.count - 10) nights")
        #expect(held * 10 >= (hindcast.count - 10) * 7)
    }

    /// Lake Mendota, 23 to 29 July 2009: oxygen in mg/L at 21:00, 24:00 and 05:00, from the buoy's series `doobs_0.5` in GLEON's
    /// LakeMetabolizer (inst/extdata/mendota.doobs).
    private static let mendota: [(evening: Double, midnight: Double, dawn: Double)] = [
        (15.611, 15.449, 15.128), (12.865, 12.776, 12.598), (12.444, 12.302, 12.052), (13.633, 13.296, 12.560),
        (13.934, 13.524, 12.911), (14.290, 13.845, 13.692),
    ]

    @Test func forecastOfLakeMendota() throws {
        let series = Self.mendota.enumerated().flatMap { night, oxygen in
            [(21.0, oxygen.evening), (24, oxygen.midnight), (29, oxygen.dawn)].map { hour, value in
                (time: Double(night) * 86_400 + hour * 3600, oxygen: value)
            }
        }
        let hindcast = DawnForecast.hindcast(series)
        let mean = hindcast.map { abs($0.miss) }.reduce(0, +) / Double(hindcast.count)
        let persistence = hindcast.map { abs($0.measured - $0.persistence) }.reduce(0, +) / Double(hindcast.count)
        print("dawn forecast, Lake Mendota: \(hindcast.count) nights, mean \(mean), persistence \(persistence)")
        #expect(hindcast.count == 6)
        #expect(abs(persistence - 0.375) < 0.001, "as whoever measured the baseline found")
        #expect(mean <= 0.20 && mean <= persistence / 2)
    }

    @Test func byDayNoSlopeIsCarriedOn() {
        #expect(
            [21.0, 23.5, 24, 28.9, 2, 5].allSatisfy(DawnForecast.isNight)
                && ![5.5, 12, 20.9].contains(where: DawnForecast.isNight))
        let guess = DawnForecast.byDay(oxygen: 9)
        #expect(abs(guess.expected - 7.4) < 0.001 && guess.low < 4.5 && guess.high > 10)
    }

    @Test func forecastRefusesNonsense() {
        #expect(DawnForecast(evening: (21, 0), midnight: (24, 5), dawn: 29) == nil, "a sonde that fell dry")
        #expect(DawnForecast(evening: (21, 5), midnight: (21.5, 5), dawn: 29) == nil)
        #expect(DawnForecast(evening: (21, 5), midnight: (24, 5), dawn: 23) == nil)
        #expect(DawnForecast(evening: (21, 1), midnight: (24, 0.4), dawn: 29)?.expected == 0)
    }

    /// The pond's oxygen follows light and aerators, and never leaves what water can hold.
    @Test func pond() {
        var model = PondModel()
        var byHour: [Double] = []
        for hour in 0..<72 {
            model.advance(hour: Double(hour % 24), seconds: 3600)
            byHour.append(model.oxygen)
            #expect(
                (0...25).contains(model.oxygen) && (6...10).contains(model.acidity)
                    && (0...45).contains(model.temperature))
        }
        #expect(byHour[48 + 16] > byHour[48 + 5] + 2, "afternoon above dawn: \(byHour[64]) and \(byHour[53])")
        var (still, aired) = (model, model)
        (still.oxygen, aired.oxygen, aired.running) = (2, 2, 1)
        still.advance(hour: 1, seconds: 7200)
        aired.advance(hour: 1, seconds: 7200)
        #expect(aired.oxygen > 2.8 && still.oxygen < 2)
    }
}
