import Foundation
import SenML

/// What one unit measured at one instant, from a data frame; IEEE C37.118.2-2011, table 6.
public struct SynchrophasorReading: Sendable, Hashable {
    public struct Phasor: Sendable, Hashable {
        public let channel: SynchrophasorConfiguration.Channel
        /// V or A.
        public let real: Double
        public let imaginary: Double

        public var magnitude: Double { (real * real + imaginary * imaginary).squareRoot() }
    }

    public let unit: SynchrophasorConfiguration.Unit
    /// Seconds since 1970.
    public let time: Double
    /// STAT says that the data are good: bits 14 and 15.
    public let isGood: Bool
    public let phasors: [Phasor]
    /// Hz, and its change in Hz a second.
    public let frequency: Double
    public let change: Double
    public let analogs: [Double]
    public let digitals: [UInt16]

    /// The readings of all units of a data frame.
    public static func all(
        in frame: SynchrophasorFrame, _ configuration: SynchrophasorConfiguration
    ) throws(FieldInputError) -> [SynchrophasorReading] {
        guard frame.kind == .data else { throw FieldInputError(.synchrophasor, "this is no data frame") }
        let time = Double(frame.seconds) + Double(frame.fraction) / Double(configuration.timeBase)
        var reader = OctetReader(frame.body[...])
        var readings: [SynchrophasorReading] = []
        for unit in configuration.units { readings.append(try SynchrophasorReading(&reader, unit, time)) }
        guard reader.isAtEnd else {
            throw FieldInputError(.synchrophasor, "a data frame is longer than its configuration says")
        }
        return readings
    }

    private init(
        _ reader: inout OctetReader, _ unit: SynchrophasorConfiguration.Unit, _ time: Double
    ) throws(FieldInputError) {
        self.unit = unit
        self.time = time
        isGood = try reader.unsigned(2) >> 14 == 0
        var phasors: [Phasor] = []
        for channel in unit.phasors { phasors.append(try Self.phasor(&reader, channel, unit)) }
        self.phasors = phasors
        // As an integer, mHz beside the nominal frequency, and hundredths of Hz a second.
        frequency =
            unit.floatFrequency ? try reader.float() : unit.nominal + Double(try reader.signed16()) / 1000
        change = unit.floatFrequency ? try reader.float() : Double(try reader.signed16()) / 100
        var analogs: [Double] = []
        for _ in unit.analogs { analogs.append(unit.floatAnalog ? try reader.float() : Double(try reader.signed16())) }
        self.analogs = analogs
        var digitals: [UInt16] = []
        for _ in 0..<(unit.digitals.count / 16) { digitals.append(UInt16(try reader.unsigned(2))) }
        self.digitals = digitals
    }

    private static func phasor(
        _ reader: inout OctetReader, _ channel: SynchrophasorConfiguration.Channel,
        _ unit: SynchrophasorConfiguration.Unit
    ) throws(FieldInputError) -> Phasor {
        guard !unit.floatPhasors else {
            let (first, second) = (try reader.float(), try reader.float())
            return unit.isPolar
                ? Phasor(channel: channel, real: first * cos(second), imaginary: first * sin(second))
                : Phasor(channel: channel, real: first, imaginary: second)
        }
        guard unit.isPolar else {
            return Phasor(
                channel: channel, real: Double(try reader.signed16()) * channel.scale,
                imaginary: Double(try reader.signed16()) * channel.scale)
        }
        // A magnitude without sign, and an angle in parts of 10⁻⁴ rad.
        let magnitude = Double(try reader.unsigned(2)) * channel.scale
        let angle = Double(try reader.signed16()) / 1e4
        return Phasor(channel: channel, real: magnitude * cos(angle), imaginary: magnitude * sin(angle))
    }

    /// Frequency, its change, and the lowest and highest voltage, as records of a device.
    func records(urn: String) -> [SenMLRecord] {
        let voltages = phasors.filter(\.channel.isVoltage).map(\.magnitude)
        let values: [(String, String?, Double?)] = [
            ("frequency", "Hz", frequency), ("change", nil, change), ("voltageLow", "V", voltages.min()),
            ("voltageHigh", "V", voltages.max()),
        ]
        var records = values.compactMap { name, unit, value -> SenMLRecord? in
            guard let value, value.isFinite else { return nil }
            return SenMLRecord(name: name, unit: unit, value: .number((value * 1000).rounded() / 1000))
        }
        guard !records.isEmpty else { return [] }
        records[0].baseName = urn + ":"
        records[0].baseTime = (time * 1000).rounded() / 1000
        return records
    }
}
