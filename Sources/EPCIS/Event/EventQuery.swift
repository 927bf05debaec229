/// A query for events (EPCIS 2.0 §8.2.7.1), the part that is served here: parameters are joined by *and*, the values of one by *or*.
public struct EventQuery: Sendable {
    /// Each parameter with its values.
    public let parameters: [String: [String]]

    private static let times: Set = [
        "GE_eventTime", "LT_eventTime", "GE_recordTime", "LT_recordTime",
    ]
    private static let vocabularies: [String: (member: String, Vocabulary)] = [
        "EQ_bizStep": ("bizStep", .businessStep), "EQ_disposition": ("disposition", .disposition),
    ]
    private static let members = [
        "EQ_readPoint": "readPoint", "EQ_bizLocation": "bizLocation", "EQ_transformationID": "transformationID",
        "EQ_action": "action", "eventType": "type",
    ]
    /// Where identifiers stand that a MATCH parameter looks at.
    private static let matches = [
        "MATCH_epc": ["epcList", "childEPCs"], "MATCH_parentID": ["parentID"], "MATCH_inputEPC": ["inputEPCList"],
        "MATCH_outputEPC": ["outputEPCList"],
        "MATCH_anyEPC": ["epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"],
        "MATCH_epcClass": ["quantityList", "childQuantityList"], "MATCH_inputEPCClass": ["inputQuantityList"],
        "MATCH_outputEPCClass": ["outputQuantityList"],
        "MATCH_anyEPCClass": ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"],
    ]
    private static let others: Set = ["EQ_eventID", "EQ_type", "EQ_deviceID", "EXISTS_errorDeclaration"]

    /// Names of the parameters that are served.
    public static let names: [String] =
        (Array(times) + Array(vocabularies.keys) + Array(members.keys) + Array(matches.keys) + Array(others)).sorted()

    /// - Throws: ``EPCISError`` for a parameter that is unknown or has a value of another form.
    public init(_ parameters: [String: [String]]) throws(EPCISError) {
        for (name, values) in parameters.sorted(by: { $0.key < $1.key }) {
            guard Self.names.contains(name) else {
                throw EPCISError(
                    .query, at: "/\(name)", "no such parameter here; there are \(Self.names.joined(separator: ", "))")
            }
            for value in values {
                if Self.times.contains(name), EventTime(value) == nil {
                    throw EPCISError(.query, at: "/\(name)", "this is a date and time with its zone")
                }
                if name == "EQ_action", !["ADD", "OBSERVE", "DELETE"].contains(value) {
                    throw EPCISError(.query, at: "/\(name)", "this is ADD, OBSERVE or DELETE")
                }
                if name == "eventType", EventRules.types[value] == nil, !Name.isURI(value) {
                    throw EPCISError(.query, at: "/\(name)", "\(value) is no event type")
                }
            }
        }
        self.parameters = parameters
    }

    /// From a query as `POST /queries` takes it (query-schema.json): strings or arrays of them.
    public init(_ query: JSONValue) throws(EPCISError) {
        guard let members = query.object else { throw EPCISError(.query, at: "", "a query is an object of parameters") }
        var parameters: [String: [String]] = [:]
        for (name, value) in members where name != "@context" {
            let values = value.strings
            guard !values.isEmpty, value.array.map({ $0.count == values.count }) ?? true else {
                throw EPCISError(.query, at: "/\(name)", "this is text or an array of text")
            }
            parameters[name] = values
        }
        try self.init(parameters)
    }

    public var json: JSONValue { .object(parameters.mapValues { .array($0.map { .string($0) }) }) }

    /// Whether an event is an answer.
    ///
    /// - Parameter recorded: when it became a record here.
    public func selects(_ event: [String: JSONValue], recorded: EventTime) -> Bool {
        parameters.allSatisfy { name, values in values.contains { Self.selects(name, $0, event, recorded) } }
    }

    private static func selects(
        _ name: String, _ value: String, _ event: [String: JSONValue], _ recorded: EventTime
    ) -> Bool {
        if times.contains(name) {
            let own = name.hasSuffix("recordTime") ? recorded : event["eventTime"]?.string.flatMap(EventTime.init)
            guard let own, let bound = EventTime(value) else { return false }
            return name.hasPrefix("GE") ? own >= bound : own < bound
        }
        if let (member, vocabulary) = vocabularies[name] {
            return event[member]?.string.map { vocabulary.uri(of: $0) == vocabulary.uri(of: value) } ?? false
        }
        if let member = members[name] {
            let own = event[member]?.string ?? event[member]?["id"]?.string
            return own.map { isSame($0, value) } ?? false
        }
        if let places = matches[name] {
            return places.flatMap { identifiers(event[$0]) }.contains { isSame($0, value) }
                || SanitisedEvent.links(value, in: event)
        }
        switch name {
        case "EQ_eventID": return event["eventID"]?.string == value
        case "EXISTS_errorDeclaration": return (event["errorDeclaration"] != nil) == (value == "true")
        default: return sensorMembers(event).contains { isSame($0[String(name.dropFirst(3))]?.string ?? "", value) }
        }
    }

    /// Metadata and reports of all sensor elements: a device may stand in either.
    private static func sensorMembers(_ event: [String: JSONValue]) -> [JSONValue] {
        (event["sensorElementList"]?.array ?? []).flatMap {
            ($0["sensorReport"]?.array ?? []) + ($0["sensorMetadata"].map { [$0] } ?? [])
        }
    }

    private static func identifiers(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        return value.strings + (value.array ?? []).compactMap { $0["epcClass"]?.string }
    }

    /// Whether two identifiers are one, in whichever of GS1's syntaxes they are written.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left == right || CanonicalKey.link(of: left).map { $0 == CanonicalKey.link(of: right) } ?? false
    }
}
