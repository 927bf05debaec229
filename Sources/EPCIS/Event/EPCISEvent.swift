/// An event that keeps the rules of EPCIS 2.0, with its hash.
public struct EPCISEvent: Sendable {
    /// `ObjectEvent`, …, or the URI of somebody's own type.
    public let type: String
    public let time: EventTime
    public let members: [String: JSONValue]
    public let hash: EventHash

    /// - Parameters:
    ///   - context: of the document in which it stands; nil for an event by itself, which brings its own.
    ///   - pointer: where it stands.
    public init(
        _ value: JSONValue, context: JSONValue?, at pointer: String = "", ignoring ignored: Set<String> = []
    ) throws(EPCISError) {
        guard var members = value.object else { throw EPCISError(.wrongType, at: pointer, "an event is an object") }
        guard context != nil || members["@context"] != nil else {
            throw EPCISError(
                .missing, at: pointer + "/@context", "an event by itself names its context: \(Name.context)")
        }
        let declared = Name.prefixes(of: context).merging(Name.prefixes(of: members["@context"])) { $1 }
        try EventRules(prefixes: Name.standardPrefixes.merging(declared) { $1 }).check(members, at: pointer)
        guard let type = members["type"]?.string, let time = members["eventTime"]?.string.flatMap(EventTime.init) else {
            throw EPCISError(.missing, at: pointer, "an event has type and eventTime")
        }
        self.type = type
        self.time = time
        hash = EventHash(of: members, prefixes: declared, ignoring: ignored)
        // Outside its document an event still says what its prefixes mean.
        members["@context"] = Self.context(declared)
        self.members = members
    }

    /// What the event is called: as its sender says, or by its hash.
    public var id: String { members["eventID"]?.string ?? hash.uri }

    /// The event as JSON with sorted names.
    public var encoded: [UInt8] { JSONValue.object(members).encoded() }

    static func context(_ declared: [String: String]) -> JSONValue {
        let standard: JSONValue = .string(Name.context)
        return declared.isEmpty ? [standard] : [standard, .object(declared.mapValues { .string($0) })]
    }
}
