import ContractKit

/// What two neighbours agreed on for every interval of a period, beside the auction. Key: `<seller>/<id>`.
public struct Agreement: StateValue, Hashable {
    /// Longest period, ms: a year.
    public static let longest: UInt64 = 366 * 24 * 3600 * 1000

    public let seller: String
    public let buyer: String
    /// Thousandths of a minor unit for a kWh.
    public let price: UInt64
    /// Wh in each interval, as far as the seller has so much to spare.
    public let energy: UInt64
    /// Starts of the first interval and of the first that is not part of it any more, ms since 1970.
    public let from: UInt64
    public var to: UInt64
    /// The buyer's statement, which repeats the terms; the offer is the seller's.
    public var signedBy: Hash32?

    public init(seller: String, buyer: String, price: UInt64, energy: UInt64, from: UInt64, to: UInt64) {
        self.seller = seller
        self.buyer = buyer
        self.price = price
        self.energy = energy
        self.from = from
        self.to = to
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let seller = map["seller"]?.text, let buyer = map["buyer"]?.text,
            let price = map["price"]?.unsigned, let energy = map["energy"]?.unsigned,
            let from = map["from"]?.unsigned, let to = map["to"]?.unsigned
        else { throw .corrupt("of an agreement") }
        self.init(seller: seller, buyer: buyer, price: price, energy: energy, from: from, to: to)
        signedBy = map["signedBy"]?.hash32
    }

    public var cbor: Value {
        [
            "seller": .text(seller), "buyer": .text(buyer), "price": .unsigned(price), "energy": .unsigned(energy),
            "from": .unsigned(from), "to": .unsigned(to), "signedBy": signedBy.map { .hash($0) } ?? .null,
        ]
    }

    /// Whether both signed it and it is for this interval.
    public func covers(_ interval: UInt64) -> Bool { signedBy != nil && from <= interval && interval < to }

    public func hasTerms(of other: Agreement) -> Bool {
        (seller, buyer, price) == (other.seller, other.buyer, other.price)
            && (energy, from, to) == (other.energy, other.from, other.to)
    }
}
