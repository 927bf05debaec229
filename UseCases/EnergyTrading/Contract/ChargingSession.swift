import ContractKit

/// Energy that goes from one participant to another without a line of the grid between them: by wireless power transfer, or to
/// a vehicle that has come. It has a meter record of its own, apart from the intervals of both. Key: `<seller>/<id>`.
public struct ChargingSession: StateValue, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Over a pad, without a wire.
        case wireless
        /// By a cable to a vehicle, at whichever place it stands.
        case mobile
    }

    /// Longest session, ms: a day.
    public static let longest: UInt64 = 24 * 3600 * 1000

    public struct Terms: Sendable, Hashable {
        public let seller: String
        public let buyer: String
        public let kind: Kind
        /// Thousandths of a minor unit for a kWh that arrives.
        public let price: UInt64
        /// Wh, at most.
        public let energy: UInt64
        /// ms since 1970; then it is settled by its last record.
        public let until: UInt64

        public init(seller: String, buyer: String, kind: Kind, price: UInt64, energy: UInt64, until: UInt64) {
            self.seller = seller
            self.buyer = buyer
            self.kind = kind
            self.price = price
            self.energy = energy
            self.until = until
        }
    }

    /// What the meters at both ends showed since the session began.
    public struct Record: Sendable, Hashable {
        /// Wh that went out, and Wh that arrived: what lies between is lost on the way, and nobody pays for it.
        public let sent: UInt64
        public let received: UInt64
        /// Numbers of the meter's signed messages.
        public let first: UInt64
        public let last: UInt64

        public init(sent: UInt64, received: UInt64, first: UInt64, last: UInt64) {
            self.sent = sent
            self.received = received
            self.first = first
            self.last = last
        }
    }

    public let terms: Terms
    /// The buyer's statement, which repeats the terms; nothing flows before it.
    public var joinedBy: Hash32?
    public var record: Record?
    /// Minor units that were paid; nil while it goes on.
    public var amount: UInt64?

    public init(_ terms: Terms) { self.terms = terms }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let seller = map["seller"]?.text, let buyer = map["buyer"]?.text,
            let kind = map["kind"]?.text.flatMap(Kind.init(rawValue:)), let price = map["price"]?.unsigned,
            let energy = map["energy"]?.unsigned, let until = map["until"]?.unsigned
        else { throw .corrupt("of a session") }
        self.init(Terms(seller: seller, buyer: buyer, kind: kind, price: price, energy: energy, until: until))
        joinedBy = map["joinedBy"]?.hash32
        if let sent = map["sent"]?.unsigned, let received = map["received"]?.unsigned,
            let first = map["first"]?.unsigned, let last = map["last"]?.unsigned
        {
            record = Record(sent: sent, received: received, first: first, last: last)
        }
        amount = map["amount"]?.unsigned
    }

    public var cbor: Value {
        [
            "seller": .text(terms.seller), "buyer": .text(terms.buyer), "kind": .text(terms.kind.rawValue),
            "price": .unsigned(terms.price), "energy": .unsigned(terms.energy), "until": .unsigned(terms.until),
            "joinedBy": joinedBy.map { .hash($0) } ?? .null, "sent": .optional(record?.sent),
            "received": .optional(record?.received), "first": .optional(record?.first),
            "last": .optional(record?.last), "amount": .optional(amount),
        ]
    }
}
