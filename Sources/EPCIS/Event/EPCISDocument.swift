/// A document of events: `EPCISDocument` (EPCIS 2.0 §9.6) or `EPCISQueryDocument` (§9.7).
public struct EPCISDocument: Sendable {
    public let events: [EPCISEvent]

    /// - Throws: ``EPCISError`` that names the first thing that is wrong and its place.
    public init(_ octets: [UInt8], ignoring ignored: Set<String> = []) throws(EPCISError) {
        let document = try JSONTreeReader.read(octets)
        guard let members = document.object else {
            throw EPCISError(
                .document, at: "", "a document is an object with @context, type, schemaVersion and epcisBody")
        }
        let type = members["type"]?.string ?? ""
        guard type == "EPCISDocument" || type == "EPCISQueryDocument" else {
            throw EPCISError(.document, at: "/type", "the type is EPCISDocument or EPCISQueryDocument")
        }
        try Self.checkHeader(members, isQuery: type == "EPCISQueryDocument")
        let (list, pointer) = try Self.eventList(members["epcisBody"] ?? .null, isQuery: type == "EPCISQueryDocument")
        var events: [EPCISEvent] = []
        for (index, event) in list.enumerated() {
            events.append(
                try EPCISEvent(
                    event, context: members["@context"], at: "\(pointer)/\(index)", ignoring: ignored))
        }
        self.events = events
    }

    private static func checkHeader(_ members: [String: JSONValue], isQuery: Bool) throws(EPCISError) {
        let rules = EventRules(
            prefixes: Name.standardPrefixes.merging(Name.prefixes(of: members["@context"])) { $1 })
        switch members["@context"] {
        case .string(let text)? where Name.isURI(text): break
        case .object?: break
        case .array(let entries)?
        where !entries.isEmpty && entries.allSatisfy({ $0.object != nil || $0.string.map(Name.isURI) == true }):
            break
        case nil: throw EPCISError(.missing, at: "/@context", "a document names its context: \(Name.context)")
        default: throw EPCISError(.wrongType, at: "/@context", "this is a URI, an object, or an array of them")
        }
        let known: Set = [
            "@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver",
            "epcisHeader", "epcisBody",
        ]
        for name in members.keys.sorted() where !known.contains(name) {
            try rules.requireExtension(name, at: "/\(EventRules.escaped(name))", "of a document")
        }
        let needed = isQuery ? ["epcisBody"] : ["schemaVersion", "creationDate", "epcisBody"]
        for name in needed where members[name] == nil {
            throw EPCISError(.missing, at: "/\(name)", "a document has \(name)")
        }
        if let date = members["creationDate"] { try Form.time.check(date, at: "/creationDate", rules) }
        if let id = members["id"] { try Form.uri.check(id, at: "/id", rules) }
        if let version = members["schemaVersion"] {
            let parts = (version.string ?? "").split(separator: ".", omittingEmptySubsequences: false)
            guard !parts.isEmpty,
                parts.allSatisfy({ part in !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) } })
            else {
                throw EPCISError(.value, at: "/schemaVersion", "this is a version as \"2.0\"")
            }
        }
    }

    private static func eventList(
        _ body: JSONValue, isQuery: Bool
    ) throws(EPCISError) -> (list: [JSONValue], pointer: String) {
        if isQuery {
            let pointer = "/epcisBody/queryResults/resultsBody/eventList"
            guard let results = body["queryResults"], results["queryName"]?.string != nil,
                let list = results["resultsBody"]?["eventList"]?.array
            else { throw EPCISError(.document, at: pointer, "a query document has queryName and an array of events") }
            return (list, pointer)
        }
        // A single event may stand as `event` (§9.6).
        if let list = body["eventList"]?.array { return (list, "/epcisBody/eventList") }
        if body["eventList"] == nil, let event = body["event"] { return ([event], "/epcisBody/event") }
        throw EPCISError(.document, at: "/epcisBody/eventList", "a document has an array of events")
    }

    /// Events as the answer to a query (§9.7).
    ///
    /// - Parameters:
    ///   - events: encoded, each with its own context.
    ///   - now: the answer's `creationDate`.
    public static func queryAnswer(
        _ events: [JSONValue], queryName: String = "SimpleEventQuery", subscription: String? = nil, now: EventTime
    ) -> JSONValue {
        var results: [String: JSONValue] = [
            "queryName": .string(queryName), "resultsBody": ["eventList": .array(events)],
        ]
        results["subscriptionID"] = subscription.map { .string($0) }
        return [
            "@context": [.string(Name.context)], "type": "EPCISQueryDocument", "schemaVersion": "2.0",
            "creationDate": .string(now.text), "epcisBody": ["queryResults": .object(results)],
        ]
    }
}
