import Foundation

/// The standard load profile H0 of German households (BDEW, VDEW M-28/99): quarters of an hour of a working day, a Saturday
/// and a Sunday in three seasons, from the file that the Python package demandlib brings along.
public struct LoadProfile: Sendable {
    public static let environmentVariable = "CAIRN_LOAD_CSV"
    static let fileName = "selp_series.csv"
    private static let maximumSize = 4 * 1024 * 1024
    private static let quarters = 96

    /// Quarters of a day, as parts of a mean day's energy per quarter, by season and kind of day.
    private let days: [String: [Double]]

    public struct Missing: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The file that the environment names, or that demandlib installed below `.venv`.
    public static func locate(repository: String = FileManager.default.currentDirectoryPath) throws(Missing) -> String {
        if let path = ProcessInfo.processInfo.environment[environmentVariable] { return path }
        let libraries = repository + "/.venv/lib"
        for version in ((try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []).sorted() {
            let path = "\(libraries)/\(version)/site-packages/demandlib/bdew/bdew_data/\(fileName)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw Missing(
            description:
                "no load profile below \(libraries); install the Python package demandlib there (make setup) or "
                + "set \(environmentVariable) to its bdew/bdew_data/\(fileName)")
    }

    public init(path: String) throws(Missing) {
        guard let content = FileManager.default.contents(atPath: path), content.count <= Self.maximumSize else {
            throw Missing(description: "\(path) cannot be read, or is no load profile")
        }
        var lines = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline)
        let head = lines.isEmpty ? [] : lines.removeFirst().split(separator: ",", omittingEmptySubsequences: false)
        guard let period = head.firstIndex(of: "period"), let weekday = head.firstIndex(of: "weekday"),
            let value = head.firstIndex(of: "h0")
        else { throw Missing(description: "\(path) has no columns period, weekday and h0") }
        var days: [String: [Double]] = [:]
        for line in lines {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == head.count, let number = Double(fields[value]) else {
                throw Missing(description: "a line of \(path) lacks a number")
            }
            let key = "\(fields[period])/\(fields[weekday])"
            if (days[key]?.count ?? 0) < Self.quarters { days[key, default: []].append(number) }
        }
        guard days.values.allSatisfy({ $0.count == Self.quarters }) else {
            throw Missing(description: "\(path) has days that are not whole")
        }
        let mean = days.values.flatMap { $0 }.reduce(0, +) / Double(max(1, days.count * Self.quarters))
        self.days = days.mapValues { $0.map { $0 / mean } }
    }

    /// Watts of a household at a moment.
    ///
    /// - Parameter annual: kWh a year.
    public func power(at date: Date, annual: Double) -> Double {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.month, .weekday, .hour, .minute], from: date)
        // The profile counts days from Monday; Calendar from Sunday.
        let weekday = ((parts.weekday ?? 1) + 5) % 7 + 1
        let season =
            switch parts.month ?? 1 {
            case 5...9: "summer"
            case 3, 4, 10: "transition"
            default: "winter"
            }
        let quarter = (parts.hour ?? 0) * 4 + (parts.minute ?? 0) / 15
        let day = days["\(season)/\(weekday)"] ?? days.values.first ?? []
        return annual * 1000 / 8760 * (quarter < day.count ? day[quarter] : 1)
    }
}
