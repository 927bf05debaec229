/// Energy of intervals from a meter's registers.
///
/// A register only counts up, so the energy of an interval is the difference of its values at both ends. Between two
/// readings it is taken to run evenly. Neighbouring intervals share the value at their common end, so the intervals of a
/// day add up to the register's difference exactly, whether the day has 92, 96 or 100 quarters of an hour.
public struct RegisterSeries: Sendable {
    public struct Reading: Sendable, Hashable {
        /// ms since 1970.
        public let time: UInt64
        /// Number of the signed message that it came in.
        public let sequence: UInt64
        /// Which meter: after a change the registers begin anew.
        public let meter: String
        /// Wh.
        public let imported: UInt64
        public let exported: UInt64

        public init(time: UInt64, sequence: UInt64, meter: String, imported: UInt64, exported: UInt64) {
            self.time = time
            self.sequence = sequence
            self.meter = meter
            self.imported = imported
            self.exported = exported
        }
    }

    /// What is to be known about the energy of an interval.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A register went back and did not pass its end: what was used meanwhile is not known and not counted.
        public static let reset = Flags(rawValue: 1)
        /// A register passed its end.
        public static let rollover = Flags(rawValue: 2)
        /// Another meter took over: what was used in between is not known and not counted.
        public static let meterChange = Flags(rawValue: 4)
    }

    public struct Energy: Sendable, Hashable {
        /// Wh.
        public let imported: UInt64
        public let exported: UInt64
        /// Numbers of the messages on whose readings the two ends rest.
        public let first: UInt64
        public let last: UInt64
        public let flags: Flags
    }

    /// A register of eight digits and kWh ends here, Wh.
    public static let modulus: UInt64 = 100_000_000_000

    private struct Segment {
        let from: Reading
        let to: Reading
        let imported: UInt64
        let exported: UInt64
        let flags: Flags
    }

    private let segments: [Segment]
    /// Longest time without a reading that is taken to have run evenly, ms.
    private let longestGap: UInt64

    /// - Parameters:
    ///   - readings: in any order; of several at one time the first message counts.
    ///   - longestGap: ms.
    public init(_ readings: [Reading], longestGap: UInt64) {
        self.longestGap = longestGap
        var sorted: [Reading] = []
        for reading in readings.sorted(by: { ($0.time, $0.sequence) < ($1.time, $1.sequence) })
        where sorted.last.map({ $0.time < reading.time }) ?? true {
            sorted.append(reading)
        }
        segments = zip(sorted, sorted.dropFirst()).map { from, to in
            if from.meter != to.meter {
                return Segment(from: from, to: to, imported: 0, exported: 0, flags: .meterChange)
            }
            let (imported, first) = Self.step(from.imported, to.imported)
            let (exported, second) = Self.step(from.exported, to.exported)
            return Segment(from: from, to: to, imported: imported, exported: exported, flags: [first, second])
        }
    }

    private static func step(_ from: UInt64, _ to: UInt64) -> (energy: UInt64, flags: Flags) {
        if to >= from { return (to - from, []) }
        // Close to its end before and close to its beginning after: it went round.
        if from < modulus, from > modulus / 10 * 9, to < modulus / 10 { return (modulus - from + to, .rollover) }
        return (0, .reset)
    }

    /// The energy from `start` to `end`, ms since 1970; nil where readings are missing around either end or in between.
    public func energy(from start: UInt64, to end: UInt64) -> Energy? {
        guard let first = segments.first(where: { $0.from.time <= start && start < $0.to.time }),
            let last = segments.first(where: { $0.from.time < end && end <= $0.to.time })
        else { return nil }
        var imported: UInt64 = 0
        var exported: UInt64 = 0
        var flags: Flags = []
        for segment in segments where segment.to.time > start && segment.from.time < end {
            guard segment.to.time - segment.from.time <= longestGap else { return nil }
            flags.formUnion(segment.flags)
            imported += part(segment, segment.imported, start, end)
            exported += part(segment, segment.exported, start, end)
        }
        return Energy(
            imported: imported, exported: exported, first: first.from.sequence, last: last.to.sequence, flags: flags)
    }

    /// What of a segment's energy falls between two times: the difference of its running values, so that parts add up.
    private func part(_ segment: Segment, _ energy: UInt64, _ start: UInt64, _ end: UInt64) -> UInt64 {
        func running(_ time: UInt64) -> UInt64 {
            if time <= segment.from.time { return 0 }
            if time >= segment.to.time { return energy }
            let (high, low) = energy.multipliedFullWidth(by: time - segment.from.time)
            return (segment.to.time - segment.from.time).dividingFullWidth((high, low)).quotient
        }
        return running(end) - running(start)
    }
}
