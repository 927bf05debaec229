/// The weather at one moment, interpolated between hours.
public struct Weather: Sendable, Hashable {
    /// Air temperature, degrees Celsius (dry bulb).
    public var temperature: Double
    /// Relative humidity, percent.
    public var humidity: Double
    /// Global horizontal irradiance, W/m².
    public var irradiance: Double
    /// Illuminance of a horizontal surface, lx.
    public var illuminance: Double
    /// Rain in this hour, mm.
    public var rain: Double

    /// The weather between two hours: rain belongs to the hour it fell in and is not spread.
    func interpolated(to next: Weather, fraction: Double) -> Weather {
        func mix(_ path: KeyPath<Weather, Double>) -> Double {
            self[keyPath: path] + (next[keyPath: path] - self[keyPath: path]) * fraction
        }
        return Weather(
            temperature: mix(\.temperature), humidity: mix(\.humidity), irradiance: mix(\.irradiance),
            illuminance: mix(\.illuminance), rain: rain)
    }
}
