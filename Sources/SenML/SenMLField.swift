/// The fields of RFC 8428, table 1 (JSON labels) and table 4 (CBOR labels).
enum SenMLField: Int64, CaseIterable {
    case baseVersion = -1
    case baseName = -2
    case baseTime = -3
    case baseUnit = -4
    case baseValue = -5
    case baseSum = -6
    case name = 0
    case unit = 1
    case value = 2
    case stringValue = 3
    case booleanValue = 4
    case sum = 5
    case time = 6
    case updateTime = 7
    case dataValue = 8

    /// The label in JSON.
    var label: String {
        switch self {
        case .baseVersion: "bver"
        case .baseName: "bn"
        case .baseTime: "bt"
        case .baseUnit: "bu"
        case .baseValue: "bv"
        case .baseSum: "bs"
        case .name: "n"
        case .unit: "u"
        case .value: "v"
        case .stringValue: "vs"
        case .booleanValue: "vb"
        case .sum: "s"
        case .time: "t"
        case .updateTime: "ut"
        case .dataValue: "vd"
        }
    }

    init?(label: String) {
        switch label {
        case "bver": self = .baseVersion
        case "bn": self = .baseName
        case "bt": self = .baseTime
        case "bu": self = .baseUnit
        case "bv": self = .baseValue
        case "bs": self = .baseSum
        case "n": self = .name
        case "u": self = .unit
        case "v": self = .value
        case "vs": self = .stringValue
        case "vb": self = .booleanValue
        case "s": self = .sum
        case "t": self = .time
        case "ut": self = .updateTime
        case "vd": self = .dataValue
        default: return nil
        }
    }

    /// What both encodings deliver for a field, before it is known whether the type fits.
    enum Content {
        case number(Double)
        case unsigned(UInt64)
        case text(String)
        case boolean(Bool)
        case octets([UInt8])
    }

    /// Puts a value in its place in a record.
    func store(_ content: Content, in record: inout SenMLRecord, at index: Int) throws(SenMLError) {
        switch self {
        case .baseVersion:
            guard case .unsigned(let version) = content else { throw wrongType(index, "an unsigned integer") }
            record.baseVersion = version
        case .baseName: record.baseName = try text(content, index)
        case .baseUnit: record.baseUnit = try text(content, index)
        case .name: record.name = try text(content, index)
        case .unit: record.unit = try text(content, index)
        case .baseTime: record.baseTime = try number(content, index)
        case .baseValue: record.baseValue = try number(content, index)
        case .baseSum: record.baseSum = try number(content, index)
        case .sum: record.sum = try number(content, index)
        case .time: record.time = try number(content, index)
        case .updateTime: record.updateTime = try number(content, index)
        case .value: try setValue(.number(try number(content, index)), in: &record, index)
        case .stringValue: try setValue(.string(try text(content, index)), in: &record, index)
        case .booleanValue:
            guard case .boolean(let value) = content else { throw wrongType(index, "true or false") }
            try setValue(.boolean(value), in: &record, index)
        case .dataValue:
            guard case .octets(let octets) = content else { throw wrongType(index, "octets") }
            try setValue(.octets(octets), in: &record, index)
        }
    }

    private func setValue(
        _ value: SenMLRecord.Value, in record: inout SenMLRecord, _ index: Int
    ) throws(SenMLError) {
        if record.value != nil { throw SenMLError(.value, "record \(index) has two values; send two records") }
        record.value = value
    }

    private func text(_ content: Content, _ index: Int) throws(SenMLError) -> String {
        guard case .text(let text) = content else { throw wrongType(index, "text") }
        return text
    }

    private func number(_ content: Content, _ index: Int) throws(SenMLError) -> Double {
        switch content {
        case .number(let number) where number.isFinite: return number
        case .number: throw SenMLError(.number, "field \(label) of record \(index) is not finite")
        case .unsigned(let number): return Double(number)
        default: throw wrongType(index, "a number")
        }
    }

    private func wrongType(_ index: Int, _ expected: String) -> SenMLError {
        SenMLError(.wrongType, "field \(label) of record \(index) must be \(expected)")
    }
}
