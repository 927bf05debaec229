import ContractKit

/// What two participants exchange in an interval. Key: `<interval>/<number>`.
public struct Trade: StateValue, Hashable {
    public enum Stage: String, Sendable, CaseIterable {
        /// Waits for the seller's word.
        case proposed
        case accepted
        /// The seller said nothing before the interval began.
        case lapsed
        /// Delivered and measured; the buyer's wallet is asked to pay.
        case payable
        /// The meters disagree or are silent; the aggregator decides.
        case disputed
        case paid
        /// The aggregator told everybody.
        case confirmed
    }

    public let seller: String
    public let buyer: String
    /// Wh.
    public let energy: UInt64
    /// Thousandths of a minor unit for a kWh.
    public let price: UInt64
    public var stage: Stage
    /// Standing acceptance, or the transaction of the seller's word.
    public var acceptedBy: String?
    /// Wh that both meters show.
    public var delivered: UInt64?
    /// Minor units that the buyer pays for it.
    public var amount: UInt64?
    /// For whoever was told: SHA-256 of the record with a salt that the parties have.
    public var commitment: Hash32?
    /// The decision on the aggregators' ledger, for energy that crosses the microgrid's border.
    public var decision: Hash32?
    /// The agreement that it serves, beside the auction.
    public var agreement: String?

    public init(
        seller: String, buyer: String, energy: UInt64, price: UInt64, stage: Stage, acceptedBy: String?,
        decision: Hash32? = nil
    ) {
        self.seller = seller
        self.buyer = buyer
        self.energy = energy
        self.price = price
        self.stage = stage
        self.acceptedBy = acceptedBy
        self.decision = decision
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let seller = map["seller"]?.text, let buyer = map["buyer"]?.text,
            let energy = map["energy"]?.unsigned, let price = map["price"]?.unsigned,
            let stage = map["stage"]?.text.flatMap(Stage.init(rawValue:))
        else { throw .corrupt("of a trade") }
        self.init(
            seller: seller, buyer: buyer, energy: energy, price: price, stage: stage,
            acceptedBy: map["acceptedBy"]?.text, decision: map["decision"]?.hash32)
        delivered = map["delivered"]?.unsigned
        amount = map["amount"]?.unsigned
        commitment = map["commitment"]?.hash32
        agreement = map["agreement"]?.text
    }

    public var cbor: Value {
        [
            "seller": .text(seller), "buyer": .text(buyer), "energy": .unsigned(energy), "price": .unsigned(price),
            "stage": .text(stage.rawValue), "acceptedBy": .optional(acceptedBy),
            "delivered": delivered.map { .unsigned($0) } ?? .null, "amount": amount.map { .unsigned($0) } ?? .null,
            "commitment": commitment.map { .hash($0) } ?? .null, "decision": decision.map { .hash($0) } ?? .null,
            "agreement": .optional(agreement),
        ]
    }

    /// The record as the two parties have it, and what everybody else sees of it.
    public func commitment(interval: UInt64, number: UInt64, salt: Bytes) -> Hash32 {
        let record: Value = .array([
            .unsigned(interval), .unsigned(number), .text(seller), .text(buyer), .unsigned(energy), .unsigned(price),
            .unsigned(delivered ?? 0), .unsigned(amount ?? 0), .bytes(salt),
        ])
        return Hash32.sha256(record.encoded())
    }
}
