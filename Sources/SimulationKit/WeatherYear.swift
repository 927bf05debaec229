import Foundation

/// A year of measured hours: a file in the TMY3 format of the US National Renewable Energy Laboratory, such as
/// `723170TYA.CSV` (Greensboro, North Carolina) that the Python package pvlib brings along.
public struct WeatherYear: Sendable {
    /// Hours of a year without 29 February.
    public static let hours = 8_760
    /// Largest file that is read, octets.
    private static let maximumSize = 16 * 1024 * 1024
    /// Names the file, before the virtual environment is searched.
    public static let environmentVariable = "CAIRN_WEATHER_CSV"
    static let fileName = "723170TYA.CSV"

    /// Name of the station, for the mark on demonstration data.
    public let station: String
    /// The station's number in its network.
    public let identifier: String
    /// The day of each hour as the file names it, MM/DD/YYYY: a typical year is made of months of several years.
    public let days: [String]
    /// The hours, from the first of January.
    public let samples: [Weather]

    /// Reads a file.
    ///
    /// - Throws: ``WeatherError``, saying what is missing in it.
    public init(path: String) throws(WeatherError) {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw WeatherError(
                "no weather file at \(path); install the Python package pvlib into .venv (make setup) or set "
                    + "\(Self.environmentVariable) to its data/\(Self.fileName)")
        }
        guard content.count <= Self.maximumSize else {
            throw WeatherError("\(path) has \(content.count) octets; a TMY3 file has about two million")
        }
        try self.init(content: content, named: path)
    }

    /// Reads a file's content; errors name it by `path`.
    public init(content: Foundation.Data, named path: String) throws(WeatherError) {
        var lines = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard lines.count >= Self.hours + 2 else {
            throw WeatherError("\(path) has \(lines.count) lines; a TMY3 file has \(Self.hours + 2)")
        }
        let place = lines.removeFirst().split(separator: ",")
        identifier = place.first.map(String.init) ?? ""
        station = place.count > 1 ? place[1].trimmingCharacters(in: CharacterSet(charactersIn: "\" ")) : "unknown"
        let columns = try Columns(header: lines.removeFirst(), path: path)
        var samples: [Weather] = []
        days = lines.prefix(Self.hours).map { String($0.prefix { $0 != "," }) }
        samples.reserveCapacity(Self.hours)
        for (index, line) in lines.prefix(Self.hours).enumerated() {
            guard let sample = columns.weather(line) else {
                throw WeatherError("line \(index + 3) of \(path) lacks a number")
            }
            samples.append(sample)
        }
        self.samples = samples
    }

    /// The file that the environment names, or that pvlib installed below `.venv` of the repository.
    ///
    /// - Throws: ``WeatherError`` when there is none.
    public static func locate(repository: String = FileManager.default.currentDirectoryPath) throws(WeatherError)
        -> String
    {
        if let path = ProcessInfo.processInfo.environment[environmentVariable] { return path }
        let libraries = repository + "/.venv/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
        for version in versions.sorted() where version.hasPrefix("python3") {
            let path = "\(libraries)/\(version)/site-packages/pvlib/data/\(fileName)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw WeatherError(
            "no weather file below \(libraries); install the Python package pvlib there (make setup) or set "
                + "\(environmentVariable) to its data/\(fileName)")
    }

    /// Hours since the first of January, station time taken as UTC; a leap day repeats the day before it.
    public static func hour(of date: Date) -> Double {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        var day = (calendar.ordinality(of: .day, in: .year, for: date) ?? 1) - 1
        let isLeap = calendar.range(of: .day, in: .year, for: date)?.count == 366
        let isAfterLeapDay = (parts.month ?? 1) > 2 || (parts.month == 2 && parts.day == 29)
        if isLeap && isAfterLeapDay { day -= 1 }
        let seconds = date.timeIntervalSince(calendar.startOfDay(for: date))
        return Double(day) * 24 + seconds / 3600
    }

    /// The weather at a moment of any year.
    public func weather(at date: Date) -> Weather {
        let hour = Self.hour(of: date)
        let index = Int(hour) % samples.count
        return samples[index].interpolated(
            to: samples[(index + 1) % samples.count], fraction: hour - hour.rounded(.down))
    }
}

/// Where the quantities stand in a line.
private struct Columns {
    let temperature: Int
    let humidity: Int
    let irradiance: Int
    let illuminance: Int
    let rain: Int

    init(header: Substring, path: String) throws(WeatherError) {
        let names = header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        func column(_ name: String) throws(WeatherError) -> Int {
            guard let index = names.firstIndex(of: name) else {
                throw WeatherError("\(path) has no column '\(name)'; it is not a TMY3 file")
            }
            return index
        }
        temperature = try column("Dry-bulb (C)")
        humidity = try column("RHum (%)")
        irradiance = try column("GHI (W/m^2)")
        illuminance = try column("GH illum (lx)")
        rain = try column("Lprecip depth (mm)")
    }

    func weather(_ line: Substring) -> Weather? {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        func number(_ index: Int) -> Double? { index < fields.count ? Double(fields[index]) : nil }
        guard let temperature = number(temperature), let humidity = number(humidity),
            let irradiance = number(irradiance), let illuminance = number(illuminance), let rain = number(rain)
        else { return nil }
        // The file counts illuminance in hundreds of lux and rain in tenths of a millimetre, whatever its header says:
        // 105,500 lx is full sun and 834 mm a year's rain, 1,055 lx and 8,345 mm are neither.
        return Weather(
            temperature: temperature, humidity: humidity, irradiance: irradiance, illuminance: illuminance * 100,
            rain: rain / 10)
    }
}
