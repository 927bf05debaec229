import APIKit
import FishFarmingContract
import FishFarmingGateway
import Foundation
import ProjectionKit
import UseCaseKit

/// A pond as its farmer sees it now: what probes and aerator say, what the night will bring, what to do.
struct PondView: Sendable {
    /// Readings that a chart and the forecast are made from.
    private static let hours = 24.0
    /// Of a simulated pond whose day is short, at least so much is shown, ms.
    private static let shortest = 600_000.0

    let name: String
    let pond: PondRecord
    let oxygen: IndexedReading?
    let latest: [IndexedReading]
    let series: [IndexedReading]
    let isRunning: Bool
    let isManual: Bool
    let forecast: DawnForecast
    /// Whether it is day, and the forecast a guess.
    let isGuess: Bool
    /// What the farmer last chose to do, and what came of it.
    let lastChoice: ChoiceRecord?
    /// Seconds since the last oxygen reading.
    let age: Int

    init(_ name: String, _ pond: PondRecord, _ platform: Platform, _ session: Session) throws {
        self.name = name
        self.pond = pond
        let readings = try platform.readings(for: session)
        latest = try readings.latestReadings(device: pond.probe)
        oxygen = latest.first { $0.quantity == "oxygen" }
        let now = Double(platform.now)
        age = oxygen.map { max(0, Int((now - Double($0.time)) / 1000)) } ?? 0
        let span = max(Self.shortest, Self.hours * 3_600_000 / Double(pond.clock.pace))
        series = try readings.readings(
            device: pond.probe, quantity: "oxygen", from: UInt64(max(0, now - span)), limit: 500)
        let aerator = try pond.aerators.first.map { try readings.latestReadings(device: $0) } ?? []
        isRunning = (aerator.first { $0.quantity == "running" }?.value ?? 0) > 0
        isManual = (aerator.first { $0.quantity == "manual" }?.value ?? 0) > 0
        lastChoice = try platform.state.scan(FishFarmingContract.choices, prefix: "\(name)/", limit: 10_000)
            .map(\.value).max { $0.chosenAt < $1.chosenAt }
        let tonight = Self.forecast(series, pond.clock)
        isGuess = tonight == nil
        forecast = tonight ?? .byDay(oxygen: oxygen?.value ?? Double(pond.oxygen) / 100)
    }

    /// From the slope of the last three hours; nil by day, when it says nothing.
    private static func forecast(
        _ series: [IndexedReading], _ clock: PondClock
    ) -> DawnForecast? {
        // Hours since a midnight of the pond.
        let points = series.filter { $0.time > clock.midnight }.map {
            (hour: Double(($0.time - clock.midnight) * clock.pace) / 3_600_000, oxygen: $0.value)
        }
        if let last = points.last, DawnForecast.isNight(last.hour),
            let earlier = points.first(where: {
                last.hour - $0.hour <= 3 && last.hour - $0.hour >= 1 && DawnForecast.isNight($0.hour)
            }),
            let forecast = DawnForecast(
                evening: (earlier.hour, max(0.06, earlier.oxygen)), midnight: (last.hour, max(0.06, last.oxygen)),
                dawn: last.hour + hoursToDawn(last.hour))
        {
            return forecast
        }
        return nil
    }

    private static func hoursToDawn(_ hour: Double) -> Double {
        let clock = hour.truncatingRemainder(dividingBy: 24)
        return (29 - clock).truncatingRemainder(dividingBy: 24)
    }

    /// What to do, why, and what happens otherwise.
    var suggestion: String {
        let (on, low) = (Double(pond.on) / 100, forecast.low)
        if let oxygen, oxygen.value <= on {
            return "Do not feed and let the aerator run: oxygen is low; without it fish suffocate."
        }
        if isGuess {
            return "Nothing to do now: what the night brings can be told from this evening on."
        }
        if low <= on {
            return "Aerate from midnight and feed half: oxygen may fall below \(on.formatted()) mg/L by dawn."
        }
        return "Nothing to do: oxygen is expected to stay above \(on.formatted()) mg/L until dawn."
    }
}
