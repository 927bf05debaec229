/// A list of measurements (RFC 8428): one message of a device.
public struct SenMLPack: Sendable, Hashable {
    /// The version of the format that is understood here (RFC 8428 §4.4).
    public static let version: UInt64 = 10

    /// Times below this are relative to the moment of reception (RFC 8428 §4.5.3).
    public static let firstAbsoluteTime: Double = 268_435_456

    /// The records, in the order they were sent.
    public var records: [SenMLRecord]

    /// A pack of records; ``resolve(now:order:limits:)`` says whether they are valid together.
    public init(records: [SenMLRecord]) {
        self.records = records
    }

    /// How ``resolve(now:order:limits:)`` orders records.
    public enum Order: Sendable {
        /// As they were sent.
        case asSent
        /// By time, and as sent where times are equal (RFC 8428 §4.6).
        case chronological
    }

    /// Applies the base fields (RFC 8428 §4.1, §4.5, §4.6).
    ///
    /// - Parameters:
    ///   - now: the moment of reception in seconds since 1970; relative times count from it.
    ///   - order: how to order the result.
    ///   - limits: the length of names is bounded after the base name was added.
    /// - Throws: ``SenMLError`` with `version`, `name`, `value`, `number` or `limit`.
    public func resolve(
        now: Double, order: Order = .asSent, limits: SenMLLimits = .standard
    ) throws(SenMLError) -> [ResolvedRecord] {
        if records.isEmpty { throw SenMLError(.notAPack, "the pack is empty; send at least one record") }
        let version = try agreedVersion()
        var base = Base()
        var resolved: [ResolvedRecord] = []
        resolved.reserveCapacity(records.count)
        for index in records.indices {
            base.update(from: records[index])
            resolved.append(try base.apply(to: records[index], at: index, now: now, version: version, limits: limits))
        }
        if order == .chronological { resolved.sort { $0.time < $1.time } }
        return resolved
    }

    /// All records of a pack have the same version, and a reader must not use one it does not know (§4.4).
    private func agreedVersion() throws(SenMLError) -> UInt64? {
        var version: UInt64?
        for (index, record) in records.enumerated() {
            guard let claimed = record.baseVersion else { continue }
            if claimed == 0 || claimed > Self.version {
                throw SenMLError(
                    .version, "record \(index) has version \(claimed); send version \(Self.version) or lower")
            }
            if let version, version != claimed {
                throw SenMLError(.version, "record \(index) has version \(claimed), an earlier one \(version)")
            }
            if version == nil, index > 0, claimed != Self.version {
                throw SenMLError(.version, "version \(claimed) begins at record \(index); put it in the first record")
            }
            version = claimed
        }
        return version == Self.version ? nil : version
    }
}

/// The base fields in force at one record: each stays until a later record replaces it (§4.1).
private struct Base {
    var name = ""
    var time: Double?
    var unit: String?
    var value: Double?
    var sum: Double?

    mutating func update(from record: SenMLRecord) {
        if let baseName = record.baseName { name = baseName }
        if let baseTime = record.baseTime { time = baseTime }
        if let baseUnit = record.baseUnit { unit = baseUnit }
        if let baseValue = record.baseValue { value = baseValue }
        if let baseSum = record.baseSum { sum = baseSum }
    }

    func apply(
        to record: SenMLRecord, at index: Int, now: Double, version: UInt64?, limits: SenMLLimits
    ) throws(SenMLError) -> ResolvedRecord {
        let fullName = record.name.map { name.isEmpty ? $0 : name + $0 } ?? name
        try SenMLName.check(fullName, record: index, limit: limits.name)

        var seconds = (time ?? 0) + (record.time ?? 0)
        if seconds < SenMLPack.firstAbsoluteTime { seconds += now }

        let fullSum: Double? = sum == nil && record.sum == nil ? nil : (sum ?? 0) + (record.sum ?? 0)
        var fullValue = record.value
        switch record.value {
        case .number(let number): fullValue = .number(number + (value ?? 0))
        case .none:
            // A base value with nothing to add it to is a value; a sum alone is allowed (§4.2).
            if let value { fullValue = .number(value) }
        default: break
        }
        if fullValue == nil && fullSum == nil {
            throw SenMLError(.value, "record \(index) has neither value nor sum; give it one of v, vs, vb, vd, s")
        }
        try requireFinite(seconds, index)
        try requireFinite(fullSum ?? 0, index)
        try requireFinite(record.updateTime ?? 0, index)
        if case .number(let number) = fullValue { try requireFinite(number, index) }
        return ResolvedRecord(
            name: fullName, unit: record.unit ?? unit, time: seconds, value: fullValue, sum: fullSum,
            updateTime: record.updateTime, version: version)
    }

    private func requireFinite(_ number: Double, _ index: Int) throws(SenMLError) {
        if !number.isFinite {
            throw SenMLError(.number, "record \(index): a number with its base value is not finite")
        }
    }
}
