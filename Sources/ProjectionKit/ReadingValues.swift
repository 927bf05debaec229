import Ledger
import SenML

/// The numbers in a device message, as charts want them; what is true is 1, what is false 0.
public enum ReadingValues {
    public struct Value: Sendable, Hashable {
        public let quantity: String
        public let unit: String
        public let value: Double
        /// ms since 1970.
        public let time: UInt64
    }

    /// Seconds since 1970 at the start of the year 2200.
    private static let latestTime = 7_258_118_400.0

    /// Resolved records with a number or a boolean, named without the device; empty for a pack that does not parse.
    public static func numbers(in reading: Reading) -> [Value] {
        guard let pack = try? SenMLPack(decoding: reading.payload),
            let records = try? pack.resolve(now: Double(reading.received) / 1000)
        else { return [] }
        return records.compactMap { record in
            // Times beyond the year 2200 are no times; SQLite and the charts count in 64-bit integers.
            guard let number = record.number ?? record.boolean.map({ $0 ? 1 : 0 }), number.isFinite, record.time > 0,
                record.time < latestTime
            else {
                return nil
            }
            var name = record.name
            if let device = reading.device, name.hasPrefix(device) {
                name = String(name.dropFirst(device.count).drop { ":/_.".contains($0) })
            }
            return Value(
                quantity: name.isEmpty ? "value" : name, unit: record.unit ?? "", value: number,
                time: UInt64(record.time * 1000))
        }
    }

    /// The text values of a message.
    public static func texts(in reading: Reading) -> [String] {
        guard let pack = try? SenMLPack(decoding: reading.payload) else { return [] }
        return pack.records.compactMap { record in
            if case .string(let text) = record.value { text } else { nil }
        }
    }
}
