import Foundation

/// What a unit reports, from its configuration frame 2; IEEE C37.118.2-2011, table 9.
public struct SynchrophasorConfiguration: Sendable, Hashable {
    /// A measurement unit; a concentrator sends several in one frame.
    public struct Unit: Sendable, Hashable {
        public let station: String
        public let id: UInt16
        /// FORMAT: whether frequencies, analog values and phasors are floats, and phasors magnitude and angle.
        let floatFrequency: Bool
        let floatAnalog: Bool
        let floatPhasors: Bool
        let isPolar: Bool
        public let phasors: [Channel]
        public let analogs: [String]
        public let digitals: [String]
        /// Hz.
        public let nominal: Double
        public let changes: UInt16
    }

    public struct Channel: Sendable, Hashable {
        public let name: String
        /// Otherwise a current.
        public let isVoltage: Bool
        /// V or A of one step of an integer phasor.
        public let scale: Double
    }

    /// Most units, and most channels of one.
    static let most = 256

    public let timeBase: UInt32
    public let units: [Unit]
    /// Frames in a second; below zero, seconds between frames.
    public let rate: Int16

    public init(_ frame: SynchrophasorFrame) throws(FieldInputError) {
        guard frame.kind == .configuration2 || frame.kind == .configuration1 else {
            throw FieldInputError(.synchrophasor, "this is no configuration frame 2")
        }
        var reader = OctetReader(frame.body[...])
        timeBase = UInt32(try reader.unsigned(4) & 0xFF_FFFF)
        let count = Int(try reader.unsigned(2))
        guard 1...Self.most ~= count, timeBase > 0 else {
            throw FieldInputError(.synchrophasor, "a configuration has 1 to \(Self.most) units and a time base")
        }
        var units: [Unit] = []
        for _ in 0..<count { units.append(try Unit(&reader)) }
        self.units = units
        rate = try reader.signed16()
    }
}

extension SynchrophasorConfiguration.Unit {
    init(_ reader: inout OctetReader) throws(FieldInputError) {
        station = try reader.name()
        id = UInt16(try reader.unsigned(2))
        let format = try reader.unsigned(2)
        (floatFrequency, floatAnalog) = (format & 8 != 0, format & 4 != 0)
        (floatPhasors, isPolar) = (format & 2 != 0, format & 1 != 0)
        let counts = [Int(try reader.unsigned(2)), Int(try reader.unsigned(2)), Int(try reader.unsigned(2))]
        guard counts.allSatisfy({ $0 <= SynchrophasorConfiguration.most }) else {
            throw FieldInputError(.synchrophasor, "a unit has at most \(SynchrophasorConfiguration.most) channels")
        }
        var names: [String] = []
        for _ in 0..<(counts[0] + counts[1] + 16 * counts[2]) { names.append(try reader.name()) }
        var phasors: [SynchrophasorConfiguration.Channel] = []
        for index in 0..<counts[0] {
            let unit = try reader.unsigned(4)
            // In parts of 10⁻⁵ V or A.
            phasors.append(.init(name: names[index], isVoltage: unit >> 24 == 0, scale: Double(unit & 0xFF_FFFF) / 1e5))
        }
        self.phasors = phasors
        analogs = Array(names[counts[0]..<(counts[0] + counts[1])])
        digitals = Array(names[(counts[0] + counts[1])...])
        // Scales of analog values are the user's own, and masks of digital words say what is normal.
        _ = try reader.octets(4 * (counts[1] + counts[2]))
        nominal = try reader.unsigned(2) & 1 == 1 ? 50 : 60
        changes = UInt16(try reader.unsigned(2))
    }
}
