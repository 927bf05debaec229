/// What EPCIS 2.0 demands of an event in JSON (§7.4, §9), by event type.
struct EventRules {
    /// Prefixes that may stand in names: the standard's, the document's and the event's.
    let prefixes: [String: String]

    static let types: [String: [String: Form]] = {
        let anywhere: [String: Form] = [
            "@context": .any, "type": .any, "eventTime": .time, "recordTime": .time, "eventTimeZoneOffset": .offset,
            "eventID": .uri, "certificationInfo": .uriOrURIs, "errorDeclaration": .errorDeclaration,
            "bizStep": .word(.businessStep), "disposition": .word(.disposition),
            "persistentDisposition": .persistentDisposition, "readPoint": .place, "bizLocation": .place,
            "bizTransactionList": .related("bizTransaction", .businessTransaction, isTypeNeeded: false),
            "sourceList": .related("source", .sourceOrDestination, isTypeNeeded: true),
            "destinationList": .related("destination", .sourceOrDestination, isTypeNeeded: true),
            "sensorElementList": .sensorElements,
        ]
        let own: [String: [String: Form]] = [
            "ObjectEvent": ["epcList": .distinctURIs, "quantityList": .quantities, "action": .action, "ilmd": .ilmd],
            "AggregationEvent": [
                "parentID": .uri, "childEPCs": .uris, "childQuantityList": .quantities, "action": .action,
            ],
            "TransactionEvent": [
                "parentID": .uri, "epcList": .uris, "quantityList": .quantities, "action": .action,
            ],
            "TransformationEvent": [
                "inputEPCList": .distinctURIs, "inputQuantityList": .quantities, "outputEPCList": .distinctURIs,
                "outputQuantityList": .quantities, "transformationID": .uri, "ilmd": .ilmd,
            ],
            "AssociationEvent": [
                "parentID": .uri, "childEPCs": .uris, "childQuantityList": .quantities, "action": .action,
            ],
        ]
        return own.mapValues { $0.merging(anywhere) { $1 } }
    }()

    /// - Parameter pointer: where the event stands in what was sent.
    func check(_ event: [String: JSONValue], at pointer: String) throws(EPCISError) {
        guard let type = event["type"]?.string else {
            throw EPCISError(event["type"] == nil ? .missing : .wrongType, at: pointer + "/type", "an event has a type")
        }
        let known = Self.types[type]
        guard known != nil || Name.isURI(type) else {
            throw EPCISError(
                .value, at: pointer + "/type",
                "\(type) is no event type: \(Self.types.keys.sorted().joined(separator: ", ")), or a URI of your own")
        }
        // An event type of somebody's own has the common members and whatever it brings.
        let forms = known ?? ["eventTime": .time, "recordTime": .time, "eventTimeZoneOffset": .offset, "eventID": .uri]
        for name in event.keys.sorted() {
            let place = "\(pointer)/\(Self.escaped(name))"
            guard let value = event[name] else { continue }
            if let form = forms[name] {
                try form.check(value, at: place, self)
            } else if known != nil {
                try requireExtension(name, at: place, "of \(type)")
            }
        }
        for name in ["eventTime", "eventTimeZoneOffset"] where event[name] == nil {
            throw EPCISError(.missing, at: "\(pointer)/\(name)", "an event has \(name) (EPCIS 2.0 §7.4.1)")
        }
        if known?["action"] != nil, event["action"] == nil {
            throw EPCISError(.missing, at: pointer + "/action", "say ADD, OBSERVE or DELETE (EPCIS 2.0 §7.3.3)")
        }
        try checkTogether(type, event, at: pointer)
    }

    /// Members that only say something together (EPCIS 2.0 §7.4.2 to §7.4.6).
    private func checkTogether(
        _ type: String, _ event: [String: JSONValue], at pointer: String
    ) throws(EPCISError) {
        func has(_ names: String...) -> Bool { names.contains { event[$0]?.array?.isEmpty == false } }
        func refuse(_ message: String) throws(EPCISError) { throw EPCISError(.combination, at: pointer, message) }
        let action = event["action"]?.string
        switch type {
        case "ObjectEvent":
            let isAboutPlace = has("sensorElementList") && event["readPoint"] != nil
            guard event["epcList"] != nil || has("quantityList") || isAboutPlace else {
                return try refuse("name objects in epcList or quantityList, or a readPoint with sensorElementList")
            }
            guard event["ilmd"] == nil || action == "ADD" else {
                return try refuse("ilmd stands only with action ADD")
            }
        case "AggregationEvent", "AssociationEvent":
            guard has("childEPCs", "childQuantityList") || action == "DELETE" else {
                return try refuse("name children in childEPCs or childQuantityList")
            }
            guard event["parentID"] != nil || type == "AggregationEvent" && action == "OBSERVE" else {
                return try refuse("name the parent in parentID")
            }
        case "TransactionEvent":
            guard has("bizTransactionList") else {
                return try refuse("name a business transaction in bizTransactionList")
            }
            guard event["epcList"] != nil || has("quantityList") || action == "DELETE" else {
                return try refuse("name objects in epcList or quantityList")
            }
        case "TransformationEvent":
            let inputs = has("inputEPCList", "inputQuantityList")
            let outputs = has("outputEPCList", "outputQuantityList")
            guard inputs && outputs || (inputs || outputs) && event["transformationID"] != nil else {
                return try refuse("name inputs and outputs, or one of them with a transformationID")
            }
        default: break
        }
    }

    /// Members that the standard does not have belong to a namespace that is declared (EPCIS 2.0 §9.1.2).
    func requireExtension(_ name: String, at pointer: String, _ owner: String) throws(EPCISError) {
        guard let (prefix, rest) = Name.split(name), !rest.isEmpty else {
            throw EPCISError(
                .name, at: pointer,
                "\(name) is no member \(owner); members of your own have a prefix that @context declares")
        }
        guard prefixes[prefix] != nil || rest.hasPrefix("//") || prefix == "urn" else {
            throw EPCISError(.name, at: pointer, "declare the prefix \(prefix) of \(name) in @context")
        }
    }

    /// A name as a part of a JSON pointer (RFC 6901 §3).
    static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
