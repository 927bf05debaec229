import Foundation
import SimulationKit

/// What the camera sees: rows of plants below the sky, green with the season and bright with the sun. A drawing, and
/// marked as one by its frame, so that nobody takes it for a photograph.
enum FieldView {
    private static let width = 96
    private static let height = 64
    private static let horizon = 22

    static func draw(_ weather: Weather, at date: Date, noise: SeededNoise, number: UInt64) -> PNGPicture {
        var picture = PNGPicture(width: width, height: height)
        let light = 0.08 + 0.92 * min(1, weather.irradiance / 800)
        let clouds = weather.humidity / 100
        // Growth runs from March to October.
        let season = max(0, sin((WeatherYear.hour(of: date) / Double(WeatherYear.hours) - 0.17) * 2 * .pi * 0.75))
        for y in 0..<height {
            for x in 0..<width {
                let grain = 0.03 * (noise.uniform(UInt64(y * width + x), number) - 0.5)
                if y < horizon {
                    let depth = Double(y) / Double(horizon)
                    picture.set(
                        x, y, light * (0.35 + 0.35 * clouds + 0.2 * depth) + grain,
                        light * (0.55 + 0.2 * clouds + 0.1 * depth) + grain, light * (0.9 - 0.15 * clouds) + grain)
                } else {
                    // Rows converge towards the horizon.
                    let depth = Double(y - horizon + 4)
                    let row = sin(Double(x - width / 2) / depth * 9)
                    let plant = max(0, row) * (0.25 + 0.75 * season)
                    picture.set(
                        x, y, light * (0.36 - 0.24 * plant) + grain, light * (0.26 + 0.34 * plant) + grain,
                        light * (0.16 - 0.05 * plant) + grain)
                }
            }
        }
        for x in 0..<width {
            for y in [0, height - 1] { picture.set(x, y, 1, x / 4 % 2 == 0 ? 0.8 : 0, 0) }
        }
        return picture
    }
}
