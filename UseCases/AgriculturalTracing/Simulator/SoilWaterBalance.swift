import Foundation
import SimulationKit

/// Water in the root zone, hour by hour: what falls and is irrigated, less what evaporates, transpires and drains away.
///
/// Evaporation is Makkink's: ET = 0.65 · Δ/(Δ+γ) · R/λ, which needs temperature and radiation only; a drying soil gives
/// less (FAO Irrigation and Drainage Paper 56, chapter 8). Drip irrigation begins when the farmer would begin it.
struct SoilWaterBalance: Sendable {
    /// Millimetres of soil that roots reach.
    private static let depth = 300.0
    /// Volumetric water content at which gravity drains no more, at which plants wilt, and at saturation.
    private static let fieldCapacity = 0.28
    private static let wiltingPoint = 0.12
    private static let saturation = 0.42
    /// Share of the water above field capacity that drains in an hour.
    private static let drainage = 0.08
    /// Irrigation starts below this content and gives so many millimetres an hour until it is above the other.
    private static let irrigationStart = 0.17
    private static let irrigationEnd = 0.25
    private static let irrigationRate = 2.0
    /// Psychrometric constant, kPa/K, and latent heat of water, J/kg.
    private static let psychrometric = 0.066
    private static let latentHeat = 2.45e6

    /// Water content at the end of each hour of the year, m³/m³.
    let content: [Double]

    init(_ year: WeatherYear) {
        var water = Self.fieldCapacity * Self.depth
        var isIrrigating = false
        var content: [Double] = []
        // The first pass over the year only finds the content to begin with.
        for pass in 0..<2 {
            for weather in year.samples {
                water = Self.step(water, weather, &isIrrigating)
                if pass == 1 { content.append(water / Self.depth) }
            }
        }
        self.content = content
    }

    private static func step(_ water: Double, _ weather: Weather, _ isIrrigating: inout Bool) -> Double {
        let content = water / depth
        if content < irrigationStart { isIrrigating = true }
        if content > irrigationEnd { isIrrigating = false }
        let supply = weather.rain + (isIrrigating ? irrigationRate : 0)
        let demand =
            max(0, makkink(weather)) * min(1, max(0, (content - wiltingPoint) / (fieldCapacity - wiltingPoint)))
        let surplus = max(0, water - fieldCapacity * depth) * drainage
        return min(saturation * depth, max(0, water + supply - demand - surplus))
    }

    /// Reference evapotranspiration of an hour, mm.
    static func makkink(_ weather: Weather) -> Double {
        let temperature = weather.temperature
        let pressure = 0.6108 * exp(17.27 * temperature / (temperature + 237.3))
        let slope = 4098 * pressure / pow(temperature + 237.3, 2)
        return 0.65 * slope / (slope + psychrometric) * weather.irradiance * 3600 / latentHeat
    }

    /// Water content at a moment of any year, m³/m³.
    func content(at date: Date) -> Double {
        let hour = WeatherYear.hour(of: date)
        let index = Int(hour) % content.count
        let next = content[(index + 1) % content.count]
        return content[index] + (next - content[index]) * (hour - hour.rounded(.down))
    }
}
