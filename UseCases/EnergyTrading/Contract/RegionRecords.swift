import ContractKit

/// A registered microgrid.
public struct Microgrid: StateValue, Hashable {
    public let ledger: Hash32
    /// SHA-256 of the operator's licence.
    public let licence: Hash32
    /// Wh that its line takes in an interval.
    public let capacity: UInt64
    public var isSuspended: Bool
    /// Positions and decisions that are not settled.
    public var open: UInt64

    public init(ledger: Hash32, licence: Hash32, capacity: UInt64, isSuspended: Bool, open: UInt64) {
        self.ledger = ledger
        self.licence = licence
        self.capacity = capacity
        self.isSuspended = isSuspended
        self.open = open
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let ledger = map["ledger"]?.hash32, let licence = map["licence"]?.hash32,
            let capacity = map["capacity"]?.unsigned, let isSuspended = map["suspended"]?.bool,
            let open = map["open"]?.unsigned
        else { throw .corrupt("of a microgrid") }
        self.init(ledger: ledger, licence: licence, capacity: capacity, isSuspended: isSuspended, open: open)
    }

    public var cbor: Value {
        [
            "ledger": .hash(ledger), "licence": .hash(licence), "capacity": .unsigned(capacity),
            "suspended": .bool(isSuspended), "open": .unsigned(open),
        ]
    }
}

/// A head of a private ledger.
public struct Anchor: StateValue, Hashable {
    public let ledger: Hash32
    public let height: UInt64
    /// Hash of the block's header.
    public let header: Hash32
    /// Leaves of the log, and its root.
    public let size: UInt64
    public let root: Hash32

    public init(ledger: Hash32, height: UInt64, header: Hash32, size: UInt64, root: Hash32) {
        self.ledger = ledger
        self.height = height
        self.header = header
        self.size = size
        self.root = root
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let ledger = map["ledger"]?.hash32, let height = map["height"]?.unsigned,
            let header = map["header"]?.hash32, let size = map["size"]?.unsigned, let root = map["root"]?.hash32
        else { throw .corrupt("of an anchor") }
        self.init(ledger: ledger, height: height, header: header, size: size, root: root)
    }

    public var cbor: Value {
        [
            "ledger": .hash(ledger), "height": .unsigned(height), "header": .hash(header), "size": .unsigned(size),
            "root": .hash(root),
        ]
    }
}

/// What a microgrid's own market left, as one figure.
public struct Position: StateValue, Hashable {
    public let side: Side
    /// Wh.
    public let energy: UInt64
    /// Limit for a kWh in thousandths of a minor unit; a buyer's includes the fee.
    public let price: UInt64
    public var matched: UInt64 = 0

    public init(side: Side, energy: UInt64, price: UInt64) {
        self.side = side
        self.energy = energy
        self.price = price
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let side = map["side"]?.text.flatMap(Side.init(rawValue:)),
            let energy = map["energy"]?.unsigned, let price = map["price"]?.unsigned,
            let matched = map["matched"]?.unsigned
        else { throw .corrupt("of a position") }
        self.init(side: side, energy: energy, price: price)
        self.matched = matched
    }

    public var cbor: Value {
        [
            "side": .text(side.rawValue), "energy": .unsigned(energy), "price": .unsigned(price),
            "matched": .unsigned(matched),
        ]
    }
}

/// What two microgrids exchange in an interval, and what came of it.
public struct Decision: StateValue, Hashable {
    public let seller: String
    public let buyer: String
    /// Wh.
    public let energy: UInt64
    /// What the seller gets for a kWh; the buyer pays the fee on top. Thousandths of a minor unit.
    public let price: UInt64
    public let fee: UInt64
    /// Wh that each side's tie-line meter showed.
    public var given: UInt64?
    public var taken: UInt64?
    /// Minor units.
    public var paid: UInt64?
    public var feePaid: UInt64?

    public init(seller: String, buyer: String, energy: UInt64, price: UInt64, fee: UInt64) {
        self.seller = seller
        self.buyer = buyer
        self.energy = energy
        self.price = price
        self.fee = fee
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let seller = map["seller"]?.text, let buyer = map["buyer"]?.text,
            let energy = map["energy"]?.unsigned, let price = map["price"]?.unsigned, let fee = map["fee"]?.unsigned
        else { throw .corrupt("of a decision") }
        self.init(seller: seller, buyer: buyer, energy: energy, price: price, fee: fee)
        given = map["given"]?.unsigned
        taken = map["taken"]?.unsigned
        paid = map["paid"]?.unsigned
        feePaid = map["feePaid"]?.unsigned
    }

    public var cbor: Value {
        func number(_ value: UInt64?) -> Value { value.map { .unsigned($0) } ?? .null }
        return [
            "seller": .text(seller), "buyer": .text(buyer), "energy": .unsigned(energy), "price": .unsigned(price),
            "fee": .unsigned(fee), "given": number(given), "taken": number(taken), "paid": number(paid),
            "feePaid": number(feePaid),
        ]
    }

    public var isSettled: Bool { paid != nil }

    /// Hash of what was agreed, without what came of it: by it the trades inside a microgrid name their decision.
    public var agreed: Hash32 {
        let terms = Decision(seller: seller, buyer: buyer, energy: energy, price: price, fee: fee)
        return Hash32.sha256(terms.cbor.encoded())
    }
}
