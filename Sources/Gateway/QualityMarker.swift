import Ledger
import SenML

/// Judges whether values are plausible, with the memory of one device. Pure: time comes with the readings.
public struct QualityMarker: Sendable {
    /// Quantities remembered for one device; a device that invents names does not fill the memory.
    public static let maximumQuantities = 64

    private struct History {
        var value: Double
        var time: Double
        var unchangedSince: Double
    }

    private var histories: [String: History] = [:]

    /// Without memory.
    public init() {}

    /// The quality of a message's records.
    ///
    /// - Parameters:
    ///   - received: the gateway's clock, seconds since 1970.
    ///   - gap: sequence numbers are missing before this message.
    public mutating func mark(
        _ records: [ResolvedRecord], profile: DeviceProfile, received: Double, gap: Bool, ahead: Double, behind: Double
    ) -> Reading.Quality {
        var quality: Reading.Quality = gap ? .sequenceGap : []
        if let due = profile.calibrationDue, received > due { quality.insert(.calibrationAge) }
        for record in records {
            if record.time > received + ahead || record.time < received - behind { quality.insert(.clockSkew) }
            let rule = profile.rule(name: record.name, unit: record.unit)
            guard let value = record.number else {
                // A sensor that says "NA" where its profile has a number has no value to give.
                if rule != nil { quality.insert(.noValue) }
                continue
            }
            if let rule, !rule.range.contains(value) { quality.insert(.outOfRange) }
            quality.formUnion(compare(record, value, rule))
        }
        return quality
    }

    /// Rate of change and standstill against the last value of the same name. Values that arrive out of order are not
    /// compared, and do not become the last value.
    private mutating func compare(
        _ record: ResolvedRecord, _ value: Double, _ rule: DeviceProfile.Rule?
    ) -> Reading.Quality {
        guard var last = histories[record.name] else {
            if histories.count < Self.maximumQuantities {
                histories[record.name] = History(value: value, time: record.time, unchangedSince: record.time)
            }
            return []
        }
        guard record.time > last.time else { return record.time < last.time ? .outOfOrder : [] }
        var quality: Reading.Quality = []
        if let rule, let rate = rule.maximumRate,
            abs(value - last.value) > rule.tolerance + rate * (record.time - last.time)
        {
            quality.insert(.rateOfChange)
        }
        if value != last.value { last.unchangedSince = record.time }
        if let limit = rule?.frozenAfter, record.time - last.unchangedSince >= limit { quality.insert(.frozen) }
        last.value = value
        last.time = record.time
        histories[record.name] = last
        return quality
    }
}

extension Reading.Quality {
    init(_ mark: EdgeMark) {
        switch mark {
        case .outOfRange: self = .outOfRange
        case .frozen: self = .frozen
        case .rateOfChange: self = .rateOfChange
        case .calibrationAge: self = .calibrationAge
        }
    }
}
