import Foundation
import Ledger
import SenML
import SimulationKit

/// The farm's nature: what each kind of device would measure at a moment. Pure, and the same for the same seed.
struct FarmModel: Sendable {
    let year: WeatherYear
    private let soil: SoilWaterBalance

    init(year: WeatherYear) {
        self.year = year
        soil = SoilWaterBalance(year)
    }

    /// Names and values of a reading, the picture apart.
    ///
    /// - Parameters:
    ///   - date: the campaign's time, which decides the weather.
    ///   - number: counts the device's readings, for the noise.
    func values(
        of kind: FarmDevice.Kind, at date: Date, noise: SeededNoise, number: UInt64
    ) -> [(name: String, unit: String?, value: SenMLRecord.Value)] {
        let weather = year.weather(at: date)
        func number2(_ value: Double, _ digits: Double = 100) -> SenMLRecord.Value {
            .number((value * digits).rounded() / digits)
        }
        switch kind {
        case .soilProbe:
            let moisture = min(0.6, max(0, soil.content(at: date) + noise.normal(0.002, 1, number)))
            return [
                ("moisture", "/", number2(moisture, 10_000)),
                ("temperature", "Cel", number2(soilTemperature(at: date) + noise.normal(0.05, 2, number))),
                ("acidity", "pH", number2(6.4 - 1.2 * (moisture - 0.2) + noise.normal(0.02, 3, number))),
                (
                    "conductivity", "S/m",
                    number2(max(0, 0.05 + 0.35 * moisture + noise.normal(0.002, 4, number)), 10_000)
                ),
            ]
        case .airSensor:
            return [
                ("temperature", "Cel", number2(weather.temperature + noise.normal(0.1, 1, number))),
                ("humidity", "%RH", number2(min(100, max(0, weather.humidity + noise.normal(0.6, 2, number))), 10)),
            ]
        case .lightSensor:
            return [
                ("irradiance", "W/m2", number2(max(0, weather.irradiance * (1 + noise.normal(0.01, 1, number))), 10)),
                ("illuminance", "lx", number2(max(0, weather.illuminance * (1 + noise.normal(0.01, 2, number))), 1)),
            ]
        case .boxScale: return [("weight", "g", number2(max(0, noise.normal(1.5, 1, number)), 1))]
        case .coldRoomProbe: return coldRoom(at: date, weather, noise, number, number2)
        case .cropSensor:
            return [("height", "m", number2(max(0, height(at: date) + noise.normal(0.006, 1, number)), 1000))]
        case .camera: return []
        }
    }

    /// Vine tomatoes: a logistic curve from the first of April to 1.9 m, half of it after 70 days.
    private func height(at date: Date) -> Double {
        let days = (WeatherYear.hour(of: date) / 24) - 90
        return days < 0 ? 0 : 1.9 / (1 + exp(-(days - 70) / 14))
    }

    /// Mean of the last two days, which is about what 10 cm of soil let through.
    private func soilTemperature(at date: Date) -> Double {
        let hour = Int(WeatherYear.hour(of: date))
        let sum = (0..<48).reduce(0.0) { sum, back in
            sum + year.samples[(hour - back + year.samples.count) % year.samples.count].temperature
        }
        return sum / 48
    }

    /// A compressor that runs in cycles of 17 minutes, and a door that is open now and then during working hours.
    private func coldRoom(
        at date: Date, _ weather: Weather, _ noise: SeededNoise, _ number: UInt64,
        _ rounded: (Double, Double) -> SenMLRecord.Value
    ) -> [(name: String, unit: String?, value: SenMLRecord.Value)] {
        let phase = (date.timeIntervalSince1970 / 1020).truncatingRemainder(dividingBy: 1)
        let hour = WeatherYear.hour(of: date).truncatingRemainder(dividingBy: 24)
        let isOpen = (7..<18).contains(Int(hour)) && noise.uniform(90, number) < 0.08
        let warmth = isOpen ? 0.06 * max(0, weather.temperature - 4) : 0
        let temperature = 3.6 + 0.7 * sin(phase * 2 * .pi) + warmth + noise.normal(0.05, 1, number)
        return [
            ("temperature", "Cel", rounded(temperature, 100)),
            ("humidity", "%RH", rounded(min(100, 91 + 2 * cos(phase * 2 * .pi) + noise.normal(0.4, 2, number)), 10)),
            ("door", nil, .boolean(isOpen)),
        ]
    }

    /// The camera's picture.
    func picture(at date: Date, noise: SeededNoise, number: UInt64) -> [UInt8] {
        FieldView.draw(year.weather(at: date), at: date, noise: noise, number: number).png
    }
}
