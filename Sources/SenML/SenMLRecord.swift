/// One record of a pack as it was sent, before base fields are applied (RFC 8428 §4).
public struct SenMLRecord: Sendable, Hashable {
    /// A value (RFC 8428 §4.2: a record has at most one).
    public enum Value: Sendable, Hashable {
        /// `v`: a finite number.
        case number(Double)
        /// `vs`: text.
        case string(String)
        /// `vb`: a truth value.
        case boolean(Bool)
        /// `vd`: octets; base64url in JSON, a byte string in CBOR.
        case octets([UInt8])
    }

    /// `bn`: put before the name of this record and those after it.
    public var baseName: String?
    /// `bt`: added to the time of this record and those after it, seconds.
    public var baseTime: Double?
    /// `bu`: the unit of records that name none.
    public var baseUnit: String?
    /// `bv`: added to numeric values.
    public var baseValue: Double?
    /// `bs`: added to sums.
    public var baseSum: Double?
    /// `bver`: the version of the format; 10 where absent.
    public var baseVersion: UInt64?
    /// `n`: the name, completed by the base name.
    public var name: String?
    /// `u`: the unit, a symbol of the IANA registry "SenML Units".
    public var unit: String?
    /// `v`, `vs`, `vb` or `vd`.
    public var value: Value?
    /// `s`: the integral of the value over time.
    public var sum: Double?
    /// `t`: seconds since 1970, or relative to now when the resolved time is below 2^28.
    public var time: Double?
    /// `ut`: the longest time until the next reading, seconds.
    public var updateTime: Double?

    /// A record with a value.
    public init(
        name: String? = nil, unit: String? = nil, value: Value? = nil, time: Double? = nil, sum: Double? = nil,
        updateTime: Double? = nil, baseName: String? = nil, baseTime: Double? = nil, baseUnit: String? = nil
    ) {
        self.name = name
        self.unit = unit
        self.value = value
        self.time = time
        self.sum = sum
        self.updateTime = updateTime
        self.baseName = baseName
        self.baseTime = baseTime
        self.baseUnit = baseUnit
    }
}

/// A record with its base fields applied: it stands alone (RFC 8428 §4.6).
public struct ResolvedRecord: Sendable, Hashable {
    /// The full name.
    public var name: String
    /// The unit, where one was given.
    public var unit: String?
    /// Seconds since 1970; never relative.
    public var time: Double
    /// The value; a record that has only a sum has none.
    public var value: SenMLRecord.Value?
    /// The sum, where one was given.
    public var sum: Double?
    /// The longest time until the next reading, seconds.
    public var updateTime: Double?
    /// The version, where it is lower than ``SenMLPack/version``: §4.6 keeps `bver` in that case only.
    public var version: UInt64?

    /// Makes a resolved record.
    public init(
        name: String, unit: String? = nil, time: Double, value: SenMLRecord.Value?, sum: Double? = nil,
        updateTime: Double? = nil, version: UInt64? = nil
    ) {
        self.name = name
        self.unit = unit
        self.time = time
        self.value = value
        self.sum = sum
        self.updateTime = updateTime
        self.version = version
    }

    /// The record as a pack holds it.
    public var record: SenMLRecord {
        var record = SenMLRecord(
            name: name, unit: unit, value: value, time: time, sum: sum, updateTime: updateTime)
        record.baseVersion = version
        return record
    }

    /// The number, when the value is one.
    public var number: Double? {
        if case .number(let number) = value { return number }
        return nil
    }

    /// The boolean, when the value is one.
    public var boolean: Bool? {
        if case .boolean(let boolean) = value { return boolean }
        return nil
    }
}
