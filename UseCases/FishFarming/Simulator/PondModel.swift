import FishFarmingGateway
import Foundation

/// A pond's water hour by hour: oxygen by photosynthesis, respiration, exchange with the air and aerators; temperature;
/// acidity. Rates are those of fertilised warm-water ponds (Boyd and Tucker, Pond Aquaculture Water Quality
/// Management).
public struct PondModel: Sendable, Hashable {
    /// mg/L.
    public var oxygen: Double
    /// °C.
    public var temperature: Double
    public var acidity = 7.6
    /// Total ammonia nitrogen, mg/L.
    public var ammonia = 0.6
    /// Aerators that run.
    public var running = 0

    /// Photosynthesis at full light and 20 °C, mg/L/h; it lasts until algae die.
    public var photosynthesis = 1.3
    /// Respiration of plankton, mud and fish at 20 °C, mg/L/h.
    public var respiration = 0.48
    /// Exchange with the air through the surface, 1/h.
    public var exchange = 0.03
    /// What one aerator adds to it, 1/h.
    public var transfer = 0.55
    public var meanAir = 27.0
    public var airSwing = 4.0
    /// Sky: 1 clear, 0 dark.
    public var clearness = 0.8

    public init(oxygen: Double = 6, temperature: Double = 27) {
        self.oxygen = oxygen
        self.temperature = temperature
    }

    /// Longest step of the integration, s.
    private static let longestStep = 60.0

    /// Lets time pass.
    ///
    /// - Parameters:
    ///   - hour: local time of day at the start, 0 to 24.
    ///   - seconds: how long.
    public mutating func advance(hour: Double, seconds: Double) {
        var left = seconds
        var time = hour
        while left > 0 {
            let step = min(left, Self.longestStep)
            advance(hour: time.truncatingRemainder(dividingBy: 24), hours: step / 3600)
            time += step / 3600
            left -= step
        }
    }

    private mutating func advance(hour: Double, hours: Double) {
        let light = max(0, sin((hour - 6) / 12 * .pi)) * clearness
        let made = photosynthesis * light * pow(1.06, temperature - 20)
        // Where oxygen is short, less is breathed (Michaelis-Menten, half at 0.5 mg/L).
        let breathed = respiration * pow(1.07, temperature - 20) * oxygen / (oxygen + 0.5)
        let saturation = WaterChemistry.oxygenSaturation(temperature: temperature)
        let rate = (exchange + transfer * Double(running)) * pow(1.024, temperature - 20)
        oxygen = max(0, oxygen + hours * (made - breathed + rate * (saturation - oxygen)))
        let air = meanAir + airSwing * sin((hour - 9) / 12 * .pi)
        temperature += hours * (0.08 * (air - temperature) + 0.5 * light * max(0, 1 - Double(running) * 0.1))
        // Algae take carbon dioxide, breathing gives it back; the water's buffer pulls acidity to its middle.
        acidity += hours * (0.15 * (made - breathed) - 0.12 * (acidity - 7.6))
        acidity = min(10, max(6, acidity))
        ammonia = max(0, ammonia + hours * (0.004 - 0.006 * ammonia))
    }

    /// Un-ionised ammonia, mg/L.
    public var poison: Double {
        ammonia * WaterChemistry.unionisedAmmonia(temperature: temperature, acidity: acidity)
    }
}
