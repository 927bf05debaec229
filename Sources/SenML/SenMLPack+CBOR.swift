import Ledger

// SenML in CBOR, `application/senml+cbor` (RFC 8428 §6).

extension SenMLPack {
    /// The media type of the CBOR form.
    public static let cborMediaType = "application/senml+cbor"

    /// Tag of a decimal fraction, [exponent, mantissa] (RFC 8949 §3.4.4), which §6 allows for numbers.
    private static let decimalFraction: UInt64 = 4

    /// Decimal exponents beyond these neither come from a sensor nor fit a double.
    private static let exponents: ClosedRange<Int64> = -400...400

    /// Reads a pack; any well-formed CBOR is taken, because devices need not write the deterministic form.
    ///
    /// - Throws: ``SenMLError``; the whole pack is refused at the first fault.
    public init(cbor octets: [UInt8], limits: SenMLLimits = .standard) throws(SenMLError) {
        if octets.count > limits.size {
            throw SenMLError(.limit, "the pack has \(octets.count) octets; send at most \(limits.size)")
        }
        let item: CBOR
        do {
            let bounds = CBOR.Limits(size: limits.size, depth: limits.depth, items: limits.size)
            item = try CBOR.decode(octets, mode: .wellFormed, limits: bounds)
        } catch {
            throw SenMLError(error.code == .limit ? .limit : .malformedCBOR, error.message)
        }
        guard case .array(let items) = item, !items.isEmpty else {
            throw SenMLError(.notAPack, "a pack is an array of at least one map")
        }
        if items.count > limits.records {
            throw SenMLError(.limit, "the pack has more than \(limits.records) records; send several packs")
        }
        var records: [SenMLRecord] = []
        records.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard case .map(let map) = item else { throw SenMLError(.notAPack, "record \(index) is not a map") }
            records.append(try Self.record(from: map, at: index, limits: limits))
        }
        self.init(records: records)
    }

    /// Reads either form: a JSON pack begins with white space or "[", a CBOR pack with an array head.
    public init(decoding octets: [UInt8], limits: SenMLLimits = .standard) throws(SenMLError) {
        switch octets.first {
        case .none: throw SenMLError(.notAPack, "the payload is empty; send a pack in JSON or CBOR")
        case .some(0x80...0x9F): try self.init(cbor: octets, limits: limits)
        default: try self.init(json: octets, limits: limits)
        }
    }

    private static func record(
        from map: CBORMap, at index: Int, limits: SenMLLimits
    ) throws(SenMLError) -> SenMLRecord {
        var record = SenMLRecord()
        for entry in map.entries {
            switch entry.key {
            case .text(let label):
                if SenMLField(label: label) != nil {
                    throw SenMLError(.textLabel, "record \(index) writes \(label) as text; use its number")
                }
                if label.hasSuffix("_") { throw notUnderstood(label, index) }
            case .unsigned, .negative:
                // Integers that the registry may assign later are passed over, as §6 asks.
                guard let number = entry.key.int, let field = SenMLField(rawValue: number) else { continue }
                try field.store(try content(of: field, entry.value, index, limits), in: &record, at: index)
            default:
                throw SenMLError(.wrongType, "record \(index) has a label that is neither an integer nor text")
            }
        }
        return record
    }

    private static func content(
        of field: SenMLField, _ item: CBOR, _ index: Int, _ limits: SenMLLimits
    ) throws(SenMLError) -> SenMLField.Content {
        switch item {
        case .unsigned(let number): return .unsigned(number)
        case .negative(let number): return .number(-1 - Double(number))
        case .double(let number): return .number(number)
        case .bool(let value): return .boolean(value)
        case .text(let text):
            if text.utf8.count > limits.value { throw tooLong(field, index, limits) }
            return .text(text)
        case .bytes(let octets):
            if octets.count > limits.value { throw tooLong(field, index, limits) }
            return .octets(octets)
        case .tagged(decimalFraction, .array(let parts)):
            guard parts.count == 2, let exponent = parts[0].int, let mantissa = parts[1].int,
                exponents.contains(exponent), let number = Double("\(mantissa)e\(exponent)")
            else {
                throw SenMLError(.number, "field \(field.label) of record \(index) is not a usable decimal fraction")
            }
            return .number(number)
        default: throw SenMLError(.wrongType, "field \(field.label) of record \(index) has a value of no SenML type")
        }
    }

    private static func tooLong(_ field: SenMLField, _ index: Int, _ limits: SenMLLimits) -> SenMLError {
        SenMLError(.limit, "field \(field.label) of record \(index) is longer than \(limits.value)")
    }

    /// The pack in CBOR, deterministic (RFC 8949 §4.2.1). Numbers keep the value of the double they are here.
    ///
    /// - Throws: ``SenMLError`` with `number` when a number is not finite.
    public func cbor() throws(SenMLError) -> [UInt8] {
        try requireFiniteNumbers()
        return CBOR.array(records.map { .map(Self.map(of: $0)) }).encoded()
    }

    private static func map(of record: SenMLRecord) -> CBORMap {
        var entries: [(CBOR, CBOR)] = []
        func add(_ field: SenMLField, _ value: CBOR?) {
            if let value { entries.append((CBOR(field.rawValue), value)) }
        }
        add(.baseVersion, record.baseVersion.map { .unsigned($0) })
        add(.baseName, record.baseName.map { .text($0) })
        add(.baseTime, record.baseTime.map(number))
        add(.baseUnit, record.baseUnit.map { .text($0) })
        add(.baseValue, record.baseValue.map(number))
        add(.baseSum, record.baseSum.map(number))
        add(.name, record.name.map { .text($0) })
        add(.unit, record.unit.map { .text($0) })
        switch record.value {
        case .number(let value): add(.value, number(value))
        case .string(let value): add(.stringValue, .text(value))
        case .boolean(let value): add(.booleanValue, .bool(value))
        case .octets(let value): add(.dataValue, .bytes(value))
        case .none: break
        }
        add(.sum, record.sum.map(number))
        add(.time, record.time.map(number))
        add(.updateTime, record.updateTime.map(number))
        return CBORMap(entries)
    }

    private static func number(_ value: Double) -> CBOR {
        // Minus zero has no integer form.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53, !(whole == 0 && value.sign == .minus) {
            return CBOR(whole)
        }
        return .double(value)
    }
}
