import ContractKit

/// Which way energy goes, as a participant asks for it in one interval.
public enum Side: String, Sendable, Hashable, CaseIterable {
    case sell
    case buy
}

/// What an order says once it is open.
public struct OrderTerms: Sendable, Hashable {
    /// Largest energy of one order, Wh.
    public static let maximumEnergy: UInt64 = 1_000_000_000
    /// Highest limit price, thousandths of a minor unit for a kWh.
    public static let maximumPrice: UInt64 = 100_000_000

    public let side: Side
    /// Wh.
    public let energy: UInt64
    /// Limit for a kWh, in thousandths of the currency's minor unit: a buyer pays at most this, a seller takes at least this.
    public let price: UInt64
    /// Where it comes from, or should come from: `solar`, `wind`, `battery`, `any`.
    public let source: String
    /// Whether a part of it may be traded.
    public let isDivisible: Bool

    public init(side: Side, energy: UInt64, price: UInt64, source: String, isDivisible: Bool) {
        self.side = side
        self.energy = energy
        self.price = price
        self.source = source
        self.isDivisible = isDivisible
    }

    /// What is put on the ledger before gate closure: SHA-256 of the deterministic CBOR of the terms with who orders,
    /// which interval it is for, and a salt of 16 bytes that nobody can guess.
    public func commitment(of participant: String, interval: UInt64, salt: Bytes) -> Hash32 {
        let sealed: Value = .array([
            .text(participant), .unsigned(interval), .text(side.rawValue), .unsigned(energy), .unsigned(price),
            .text(source), .bool(isDivisible), .bytes(salt),
        ])
        return Hash32.sha256(sealed.encoded())
    }
}

/// An order from gate closure on: sealed, then open, then cleared. Key: `<interval>/<participant>`.
public struct Order: StateValue, Hashable {
    public let commitment: Hash32
    /// Once it is open.
    public var terms: OrderTerms?
    /// Wh that the auction gave it.
    public var matched: UInt64 = 0

    public init(commitment: Hash32) {
        self.commitment = commitment
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let commitment = map["commitment"]?.hash32, let matched = map["matched"]?.unsigned
        else { throw .corrupt("of an order") }
        self.commitment = commitment
        self.matched = matched
        if let terms = map["terms"]?.map {
            guard let side = terms["side"]?.text.flatMap(Side.init(rawValue:)), let energy = terms["energy"]?.unsigned,
                let price = terms["price"]?.unsigned, let source = terms["source"]?.text,
                let isDivisible = terms["divisible"]?.bool
            else { throw .corrupt("of an order's terms") }
            self.terms = OrderTerms(
                side: side, energy: energy, price: price, source: source, isDivisible: isDivisible)
        }
    }

    public var cbor: Value {
        var open: Value = .null
        if let terms {
            open = [
                "side": .text(terms.side.rawValue), "energy": .unsigned(terms.energy), "price": .unsigned(terms.price),
                "source": .text(terms.source), "divisible": .bool(terms.isDivisible),
            ]
        }
        return ["commitment": .hash(commitment), "terms": open, "matched": .unsigned(matched)]
    }
}
