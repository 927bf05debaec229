/// The form of a member of an event.
indirect enum Form: Sendable {
    case any, text, boolean, decimal, hexBinary
    case time, offset, action, unit
    case uri, uris, distinctURIs, uriOrURIs
    case word(Vocabulary)
    case words(Vocabulary)
    case quantities, place, persistentDisposition, ilmd, errorDeclaration, sensorElements, sensorReports
    /// Objects that name a related thing and its type.
    case related(String, Vocabulary, isTypeNeeded: Bool)

    func check(_ value: JSONValue, at pointer: String, _ rules: EventRules) throws(EPCISError) {
        switch self {
        case .any: break
        case .text: _ = try Self.string(value, at: pointer)
        case .boolean: guard case .boolean = value else { throw Self.wrong(pointer, "true or false") }
        case .decimal: guard value.number != nil else { throw Self.wrong(pointer, "a number, not in quotes") }
        case .hexBinary:
            let text = try Self.string(value, at: pointer)
            guard text.utf8.count % 2 == 0, text.allSatisfy(\.isHexDigit) else {
                throw Self.bad(pointer, "octets in hex")
            }
        case .time:
            guard EventTime(try Self.string(value, at: pointer)) != nil else {
                throw Self.bad(pointer, "a date and time with its zone, 2026-11-30T12:00:00.000+01:00")
            }
        case .offset: try Self.checkOffset(value, at: pointer)
        case .action:
            guard ["ADD", "OBSERVE", "DELETE"].contains(try Self.string(value, at: pointer)) else {
                throw Self.bad(pointer, "ADD, OBSERVE or DELETE")
            }
        case .unit:
            let text = try Self.string(value, at: pointer)
            guard (2...3).contains(text.utf8.count), text.utf8.allSatisfy(Self.isUnitOctet) else {
                throw Self.bad(pointer, "a unit code of UN/ECE recommendation 20: KGM, CEL, P1")
            }
        case .uri: try Self.checkURI(value, at: pointer)
        case .uris:
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in try Self.checkURI(item, at: place) }
        case .distinctURIs:
            try Form.uris.check(value, at: pointer, rules)
            guard let items = value.array, Set(items).count == items.count else {
                throw Self.bad(pointer, "each identifier once")
            }
        case .uriOrURIs:
            if case .array = value {
                try Form.uris.check(value, at: pointer, rules)
            } else {
                try Self.checkURI(value, at: pointer)
            }
        case .word(let vocabulary):
            if let objection = vocabulary.objection(to: try Self.string(value, at: pointer)) {
                throw EPCISError(.value, at: pointer, objection)
            }
        case .words(let vocabulary):
            guard value.array?.isEmpty == false else { throw Self.wrong(pointer, "an array with at least one item") }
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in
                try Form.word(vocabulary).check(item, at: place, rules)
            }
        default: try checkObject(value, at: pointer, rules)
        }
    }

    private static let quantity: [String: Form] = ["epcClass": .uri, "quantity": .decimal, "uom": .unit]
    private static let metadata: [String: Form] = [
        "time": .time, "startTime": .time, "endTime": .time, "deviceID": .uri, "deviceMetadata": .uri, "rawData": .uri,
        "dataProcessingMethod": .uri, "bizRules": .uri,
    ]
    private static let report: [String: Form] = [
        "type": .word(.measurement), "exception": .word(.sensorAlert), "component": .word(.component), "time": .time,
        "deviceID": .uri, "deviceMetadata": .uri, "rawData": .uri, "dataProcessingMethod": .uri, "bizRules": .uri,
        "microorganism": .uri, "chemicalSubstance": .uri, "coordinateReferenceSystem": .uri, "uriValue": .uri,
        "value": .decimal, "minValue": .decimal, "maxValue": .decimal, "meanValue": .decimal, "sDev": .decimal,
        "percRank": .decimal, "percValue": .decimal, "stringValue": .text, "booleanValue": .boolean,
        "hexBinaryValue": .hexBinary, "uom": .text,
    ]

    /// Members that are objects with members of their own.
    private func checkObject(_ value: JSONValue, at pointer: String, _ rules: EventRules) throws(EPCISError) {
        switch self {
        case .quantities:
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in
                try Self.object(item, Self.quantity, needs: ["epcClass"], isOpen: false, at: place, rules)
            }
        case .place: try Self.object(value, ["id": .uri], needs: ["id"], at: pointer, rules)
        case .related(let name, let vocabulary, let isTypeNeeded):
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in
                try Self.object(
                    item, [name: .uri, "type": .word(vocabulary)], needs: isTypeNeeded ? ["type", name] : [name],
                    isOpen: false, at: place, rules)
            }
        case .persistentDisposition:
            let forms: [String: Form] = ["set": .words(.disposition), "unset": .words(.disposition)]
            try Self.object(value, forms, isOpen: false, at: pointer, rules)
            guard value.object?.isEmpty == false else { throw Self.wrong(pointer, "set, unset or both") }
        case .ilmd: try Self.object(value, [:], at: pointer, rules)
        case .errorDeclaration:
            try Self.object(
                value, ["declarationTime": .time, "reason": .word(.errorReason), "correctiveEventIDs": .uris],
                needs: ["declarationTime"], at: pointer, rules)
        case .sensorElements:
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in
                guard item["sensorReport"] != nil else {
                    throw EPCISError(.missing, at: place + "/sensorReport", "a sensor element has reports")
                }
                if let metadata = item["sensorMetadata"] {
                    try Self.object(metadata, Self.metadata, at: place + "/sensorMetadata", rules)
                }
                try Self.object(item, ["sensorMetadata": .any, "sensorReport": .sensorReports], at: place, rules)
            }
        case .sensorReports:
            guard value.array?.isEmpty == false else { throw Self.wrong(pointer, "an array with at least one report") }
            try Self.each(value, at: pointer) { item, place throws(EPCISError) in
                try Self.object(item, Self.report, needs: ["type"], at: place, rules)
            }
        default: break
        }
    }

    /// - Parameter isOpen: whether members of somebody's own namespace may stand in it.
    private static func object(
        _ value: JSONValue, _ forms: [String: Form], needs: [String] = [], isOpen: Bool = true, at pointer: String,
        _ rules: EventRules
    ) throws(EPCISError) {
        guard let members = value.object else { throw wrong(pointer, "an object") }
        for name in needs where members[name] == nil {
            throw EPCISError(.missing, at: "\(pointer)/\(name)", "\(name) is needed here")
        }
        for name in members.keys.sorted() {
            guard let member = members[name] else { continue }
            let place = "\(pointer)/\(EventRules.escaped(name))"
            if let form = forms[name] {
                try form.check(member, at: place, rules)
            } else if isOpen {
                if name != "rdfs:comment" { try rules.requireExtension(name, at: place, "of this object") }
            } else {
                throw EPCISError(
                    .name, at: place, "\(name) may not stand here; \(forms.keys.sorted().joined(separator: ", ")) may")
            }
        }
    }

    private static func each(
        _ value: JSONValue, at pointer: String, _ body: (JSONValue, String) throws(EPCISError) -> Void
    ) throws(EPCISError) {
        guard let items = value.array else { throw wrong(pointer, "an array") }
        for (index, item) in items.enumerated() { try body(item, "\(pointer)/\(index)") }
    }

    private static func checkURI(_ value: JSONValue, at pointer: String) throws(EPCISError) {
        let text = try string(value, at: pointer)
        guard Name.isURI(text) else { throw bad(pointer, "a URI, not \(text.prefix(60))") }
    }

    /// ±hh:mm up to 14:00 (EPCIS 2.0 §7.3).
    private static func checkOffset(_ value: JSONValue, at pointer: String) throws(EPCISError) {
        let text = Array(try string(value, at: pointer).utf8)
        let digits = [1, 2, 4, 5].compactMap { text.count == 6 ? Int(text[$0]) - 0x30 : nil }
        guard digits.count == 4, digits.allSatisfy({ (0...9).contains($0) }), text[3] == UInt8(ascii: ":"),
            text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"), digits[2] < 6,
            (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3] <= 14 * 60
        else { throw bad(pointer, "an offset from UTC between -14:00 and +14:00, as +01:00") }
    }

    private static func isUnitOctet(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet)
    }

    private static func string(_ value: JSONValue, at pointer: String) throws(EPCISError) -> String {
        guard let text = value.string else { throw wrong(pointer, "text in quotes") }
        return text
    }

    private static func wrong(_ pointer: String, _ wanted: String) -> EPCISError {
        EPCISError(.wrongType, at: pointer, "this is \(wanted)")
    }

    private static func bad(_ pointer: String, _ wanted: String) -> EPCISError {
        EPCISError(.value, at: pointer, "this is \(wanted)")
    }
}
