import Foundation

/// A measured series of oxygen, replayed by a probe in place of the model. Columns as in the French Creek data:
/// station, siteno, sonde, date (M/d/yyyy), time, temp, oxy.
public struct OxygenSeries: Sendable {
    public struct Sample: Sendable, Hashable {
        /// s since 1970 in the series' own local time.
        public let time: Double
        /// nil in a row without a value.
        public let temperature: Double?
        public let oxygen: Double?
    }

    public let samples: [Sample]

    /// Most octets of a file.
    private static let maximumSize = 64 * 1024 * 1024

    /// - Parameter sonde: which sonde's rows; nil for all.
    /// - Throws: ``PondError`` with `series` when the file cannot be read or holds no such row.
    public init(path: String, sonde: String? = nil) throws(PondError) {
        guard let octets = FileManager.default.contents(atPath: path), octets.count <= Self.maximumSize else {
            throw PondError(.series, "the oxygen series \(path) cannot be read; give a CSV file of at most 64 MiB")
        }
        let lines = String(decoding: octets, as: UTF8.self).split(whereSeparator: \.isNewline)
        samples = lines.dropFirst().compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 7, sonde.map({ $0 == fields[2] }) ?? true,
                let time = Self.time(fields[3], fields[4])
            else { return nil }
            return Sample(time: time, temperature: Double(fields[5]), oxygen: Double(fields[6]))
        }.sorted { $0.time < $1.time }
        guard !samples.isEmpty else {
            throw PondError(
                .series, "the oxygen series \(path) has no row of \(sonde ?? "any sonde"); look at its columns")
        }
    }

    private static func time(_ date: String, _ clock: String) -> Double? {
        let day = date.split(separator: "/").compactMap { Int($0) }
        let parts = clock.split(separator: ":").compactMap { Int($0) }
        guard day.count == 3, parts.count >= 2, let month = UInt8(exactly: day[0]), (1...12).contains(month) else {
            return nil
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let components = DateComponents(
            year: day[2], month: day[0], day: day[1], hour: parts[0], minute: parts[1],
            second: parts.count > 2 ? parts[2] : 0)
        return calendar.date(from: components)?.timeIntervalSince1970
    }

    /// The sample in force so many seconds after the first; the series begins again at its end.
    public func sample(after seconds: Double) -> Sample {
        let (first, last) = (samples[0].time, samples[samples.count - 1].time)
        let time = first + seconds.truncatingRemainder(dividingBy: max(1, last - first))
        var (low, high) = (0, samples.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if samples[middle].time <= time { low = middle } else { high = middle - 1 }
        }
        return samples[low]
    }
}
