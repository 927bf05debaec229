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

    public init(
        pond: String, probe: String, aerators: [String], feeder: String?, batch: String?, on: Double, off: Double,
        alarm: Double, shortest: Double, fall: Double
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
    }

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
        // Where times are short, as in a demonstration, starts may follow each other quickly.
        settings.fallWithin = min(3600, max(12, shortest * 6))
        settings.startsPerHour = shortest > 0 ? max(4, Int(3600 / shortest / 10)) : 4
        settings.stagger = min(5, max(0.2, shortest / 10))
        return settings
    }
}
