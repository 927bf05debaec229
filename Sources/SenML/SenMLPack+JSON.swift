// SenML in JSON, `application/senml+json` (RFC 8428 §5).

extension SenMLPack {
    /// The media type of the JSON form.
    public static let jsonMediaType = "application/senml+json"

    /// Reads a pack.
    ///
    /// - Throws: ``SenMLError``; the whole pack is refused at the first fault.
    public init(json octets: [UInt8], limits: SenMLLimits = .standard) throws(SenMLError) {
        if octets.count > limits.size {
            throw SenMLError(.limit, "the pack has \(octets.count) octets; send at most \(limits.size)")
        }
        var reader = JSONReader(octets, limits: limits)
        guard try reader.take("[") else { throw SenMLError(.notAPack, "a pack is an array of objects") }
        if try reader.take("]") { throw SenMLError(.notAPack, "the pack is empty; send at least one record") }
        var records: [SenMLRecord] = []
        repeat {
            if records.count == limits.records {
                throw SenMLError(.limit, "the pack has more than \(limits.records) records; send several packs")
            }
            records.append(try Self.record(from: &reader, at: records.count, limits: limits))
        } while try reader.take(",")
        try reader.expect("]")
        reader.skipSpace()
        if !reader.isAtEnd { throw reader.malformed("text after the pack") }
        self.init(records: records)
    }

    private static func record(
        from reader: inout JSONReader, at index: Int, limits: SenMLLimits
    ) throws(SenMLError) -> SenMLRecord {
        guard try reader.take("{") else { throw SenMLError(.notAPack, "record \(index) is not an object") }
        var record = SenMLRecord()
        var seen: Set<String> = []
        var known: UInt32 = 0
        if try reader.take("}") { return record }
        repeat {
            let label = try reader.string()
            try reader.expect(":")
            guard let field = SenMLField(label: label) else {
                guard seen.insert(label).inserted else { throw duplicate(label, index) }
                if label.hasSuffix("_") { throw notUnderstood(label, index) }
                try reader.skipValue()
                continue
            }
            // Labels run from -6 to 8, so a bit for each finds duplicates without a set.
            let bit: UInt32 = 1 << UInt32(field.rawValue + 6)
            guard known & bit == 0 else { throw duplicate(label, index) }
            known |= bit
            try field.store(try content(of: field, from: &reader, index, limits), in: &record, at: index)
        } while try reader.take(",")
        try reader.expect("}")
        return record
    }

    private static func content(
        of field: SenMLField, from reader: inout JSONReader, _ index: Int, _ limits: SenMLLimits
    ) throws(SenMLError) -> SenMLField.Content {
        switch try reader.peek() {
        case UInt8(ascii: "\""):
            let text = try reader.string()
            if text.utf8.count > limits.value {
                throw SenMLError(.limit, "field \(field.label) of record \(index) is longer than \(limits.value)")
            }
            guard field == .dataValue else { return .text(text) }
            guard let octets = Base64URL.decode(text) else {
                throw SenMLError(.wrongType, "vd of record \(index) is not base64url without padding")
            }
            return .octets(octets)
        case UInt8(ascii: "t"):
            try reader.literal("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try reader.literal("false")
            return .boolean(false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try reader.number()
        default: throw SenMLError(.wrongType, "field \(field.label) of record \(index) has a value of no SenML type")
        }
    }

    static func duplicate(_ label: String, _ index: Int) -> SenMLError {
        SenMLError(.duplicateField, "record \(index) has the field \(label) twice")
    }

    static func notUnderstood(_ label: String, _ index: Int) -> SenMLError {
        SenMLError(.mandatoryField, "record \(index) has \(label), which must be understood and is not")
    }

    /// The pack in JSON, without white space, fields in a fixed order.
    ///
    /// - Throws: ``SenMLError`` with `number` when a number is not finite: JSON has no text for it.
    public func json() throws(SenMLError) -> [UInt8] {
        try requireFiniteNumbers()
        var writer = JSONWriter()
        writer.raw("[")
        for (index, record) in records.enumerated() {
            writer.raw(index == 0 ? "{" : ",{")
            writer.write(record)
            writer.raw("}")
        }
        writer.raw("]")
        return writer.octets
    }

    func requireFiniteNumbers() throws(SenMLError) {
        for (index, record) in records.enumerated() {
            let bases = [record.baseTime, record.baseValue, record.baseSum]
            var numbers = bases + [record.sum, record.time, record.updateTime]
            if case .number(let value) = record.value { numbers.append(value) }
            if numbers.contains(where: { $0?.isFinite == false }) {
                throw SenMLError(.number, "record \(index) has a number that is not finite; leave the record out")
            }
        }
    }
}
