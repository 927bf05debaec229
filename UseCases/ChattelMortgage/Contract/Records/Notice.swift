import ContractKit

/// A notice of a security right, open to search by every institution; `chattel/notices/<number>`.
public struct Notice: StateValue, Hashable {
    /// What happened to it and when; never removed, so that the registry answers as of any time.
    public struct Event: Sendable, Hashable {
        public enum Kind: String, Sendable { case registered, amended, renewed, discharged }
        public var kind: Kind
        public var at: UInt64
        /// When it then expires, ms since 1970.
        public var until: UInt64
    }

    /// A member that the law of a place wants beside those of every notice.
    public struct Member: Sendable, Hashable {
        public let name: String
        public let text: String
    }

    /// Under which law it stands, as that was when it was registered, renewed or amended.
    public struct Law: Sendable, Hashable {
        public let jurisdiction: String
        public let version: UInt64
        public let members: [Member]
    }

    public var securedParties: [String]
    public var debtor: String
    /// Serial numbers and receipts.
    public var collateral: [String]
    public var events: [Event]
    public var law: Law?

    init(securedParties: [String], debtor: String, collateral: [String], events: [Event]) {
        self.securedParties = securedParties
        self.debtor = debtor
        self.collateral = collateral
        self.events = events
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a notice")
        var events: [Event] = []
        for value in try fields.items("events") {
            let event = try Fields(value, "of a notice")
            guard let kind = Event.Kind(rawValue: try event.text("kind")) else { throw .corrupt("of a notice") }
            events.append(Event(kind: kind, at: try event.number("at"), until: try event.number("until")))
        }
        self.init(
            securedParties: try fields.texts("securedParties"), debtor: try fields.text("debtor"),
            collateral: try fields.texts("collateral"), events: events)
        if let name = fields.optionalText("jurisdiction") {
            law = Law(
                jurisdiction: name, version: try fields.number("lawVersion"),
                members: try Self.members(fields.value("members")))
        }
    }

    public var cbor: Value {
        [
            "securedParties": .texts(securedParties), "debtor": .text(debtor), "collateral": .texts(collateral),
            "events": .array(
                events.map {
                    ["kind": .text($0.kind.rawValue), "at": .unsigned($0.at), "until": .unsigned($0.until)]
                }),
            "jurisdiction": .optional(law?.jurisdiction), "lawVersion": .optional(law?.version),
            "members": .array((law?.members ?? []).map { .array([.text($0.name), .text($0.text)]) }),
        ]
    }

    /// Members as a list of pairs.
    static func members(_ value: Value) throws(ContractError) -> [Member] {
        var members: [Member] = []
        for item in value.array ?? [] {
            guard let pair = item.array, pair.count == 2, let name = pair[0].text, let text = pair[1].text,
                !text.isEmpty
            else { throw .invalid("members", "pairs of a name and a text") }
            members.append(Member(name: name, text: text))
        }
        return members
    }

    /// Whether it was in force at a time, as the registry then had it.
    public func isInForce(at time: UInt64) -> Bool {
        guard let last = events.last(where: { $0.at <= time }) else { return false }
        return last.kind != .discharged && time < last.until
    }
}

/// What a search found, kept under its number; `chattel/certificates/<number>`.
public struct SearchCertificate: StateValue, Hashable {
    public var field: String
    public var value: String
    /// The time that the search is about, and that at which it was made.
    public var asOf: UInt64
    public var at: UInt64
    /// Numbers of notices; empty says that nothing was registered.
    public var found: [String]

    init(field: String, value: String, asOf: UInt64, at: UInt64, found: [String]) {
        self.field = field
        self.value = value
        self.asOf = asOf
        self.at = at
        self.found = found
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a certificate")
        self.init(
            field: try fields.text("field"), value: try fields.text("value"), asOf: try fields.number("asOf"),
            at: try fields.number("at"), found: try fields.texts("found"))
    }

    public var cbor: Value {
        [
            "field": .text(field), "value": .text(value), "asOf": .unsigned(asOf), "at": .unsigned(at),
            "found": .texts(found),
        ]
    }
}
