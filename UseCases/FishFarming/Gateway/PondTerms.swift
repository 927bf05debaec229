import Foundation

/// A pond as its gateway needs it, from `GET /api/v1/fish/ponds?gateway=…`.
public struct PondTerms: Codable, Sendable, Hashable {
    public var pond: String
    public var probe: String
    public var aerators: [String]
    public var feeder: String?
    /// The batch that is in it; nil for none.
    public var batch: String?
    /// mg/L.
    public var on: Double
    public var off: Double
    public var alarm: Double
    /// Shortest time on and off, s.
    public var shortest: Double
    /// mg/L in an hour that are an alarm.
    public var fall: Double
    /// Some midnight at the pond, s since 1970, and how many of its seconds pass in one.
    public var midnight: Double
    public var pace: Double
    /// How far forecasts were off on nights without aeration, mg/L, the latest last.
    public var misses: [Double]

    /// - Parameter pace: 1 unless the pond is simulated.
    public init(
        pond: String, probe: String, aerators: [String], feeder: String?, batch: String?, on: Double, off: Double,
        alarm: Double, shortest: Double, fall: Double, midnight: Double = 0, pace: Double = 1, misses: [Double] = []
    ) {
        self.pond = pond
        self.probe = probe
        self.aerators = aerators
        self.feeder = feeder
        self.batch = batch
        self.on = on
        self.off = off
        self.alarm = alarm
        self.shortest = shortest
        self.fall = fall
        self.midnight = midnight
        self.pace = pace
        self.misses = misses
    }

    /// Seconds of the pond since its midnight: what its hours and nights are counted by.
    public func pondTime(_ time: Double) -> Double { (time - midnight) * pace }

    private struct Document: Codable { var items: [PondTerms] }

    public static func list(json: [UInt8]) throws -> [PondTerms] {
        try JSONDecoder().decode(Document.self, from: Data(json)).items
    }

    var settings: AeratorControl.Settings {
        var settings = AeratorControl.Settings()
        (settings.on, settings.off, settings.alarm, settings.shortest) = (on, off, alarm, shortest)
        settings.fall = fall
        settings.aerators = aerators.count
        settings.checkAfter = min(60, max(2, shortest))
        settings.riseAfter = max(10, shortest)
        // Where a pond's hours pass fast, as in a demonstration, what it does in an hour is judged over a shorter time, and
        // starts may follow each other quickly.
        settings.fallWithin = pace > 1 ? max(1, 3600 / pace) : min(3600, max(12, shortest * 6))
        settings.startsPerHour = shortest > 0 ? max(4, Int(3600 / shortest / 10)) : 4
        settings.stagger = min(5, max(0.2, shortest / 10))
        return settings
    }
}
