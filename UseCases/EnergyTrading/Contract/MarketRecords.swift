import ContractKit

/// Somebody who may trade in the microgrid; key: participant.
public struct Prosumer: StateValue, Hashable {
    /// The device that measures what the participant takes and gives.
    public let meter: String

    public init(meter: String) { self.meter = meter }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let meter = map["meter"]?.text else { throw .corrupt("of a prosumer") }
        self.init(meter: meter)
    }

    public var cbor: Value { ["meter": .text(meter)] }
}

/// A seller's word given ahead; key: participant.
public struct StandingAcceptance: StateValue, Hashable {
    /// ms since 1970.
    public let until: UInt64
    /// Lowest price that it covers, thousandths of a minor unit for a kWh.
    public let floor: UInt64
    /// The statement that gave it.
    public let transaction: Hash32

    public init(until: UInt64, floor: UInt64, transaction: Hash32) {
        self.until = until
        self.floor = floor
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let until = map["until"]?.unsigned, let floor = map["floor"]?.unsigned,
            let transaction = map["transaction"]?.hash32
        else { throw .corrupt("of a standing acceptance") }
        self.init(until: until, floor: floor, transaction: transaction)
    }

    public var cbor: Value {
        ["until": .unsigned(until), "floor": .unsigned(floor), "transaction": .hash(transaction)]
    }
}

/// What the auction of an interval came to; key: `<interval>`. From it and the opened orders anyone finds the same.
public struct Clearing: StateValue, Hashable {
    /// nil: nobody traded, and there is no price.
    public let price: UInt64?
    /// Wh.
    public let energy: UInt64
    public let orders: UInt64
    /// Sealed and never opened.
    public let unopened: UInt64
    /// Number of trades, numbered from 0; grows by those that cross the border.
    public var trades: UInt64
    /// SHA-256 over orders and allocations.
    public let digest: Hash32
    public var isSettled = false
    /// The grid was disturbed, so that nothing was allocated.
    public let isHalted: Bool

    public init(
        price: UInt64?, energy: UInt64, orders: UInt64, unopened: UInt64, trades: UInt64, digest: Hash32,
        isHalted: Bool = false
    ) {
        self.price = price
        self.energy = energy
        self.orders = orders
        self.unopened = unopened
        self.trades = trades
        self.digest = digest
        self.isHalted = isHalted
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let energy = map["energy"]?.unsigned, let orders = map["orders"]?.unsigned,
            let unopened = map["unopened"]?.unsigned, let trades = map["trades"]?.unsigned,
            let digest = map["digest"]?.hash32, let isSettled = map["settled"]?.bool
        else { throw .corrupt("of a clearing") }
        self.init(
            price: map["price"]?.unsigned, energy: energy, orders: orders, unopened: unopened, trades: trades,
            digest: digest, isHalted: map["halted"]?.bool ?? false)
        self.isSettled = isSettled
    }

    public var cbor: Value {
        let fields: [(Value, Value)] = [
            ("price", .optional(price)), ("energy", .unsigned(energy)), ("orders", .unsigned(orders)),
            ("unopened", .unsigned(unopened)), ("trades", .unsigned(trades)), ("digest", .hash(digest)),
            ("settled", .bool(isSettled)),
        ]
        // Left out otherwise, as in clearings from before there was a word for it.
        return .map(ValueMap(isHalted ? fields + [("halted", true)] : fields))
    }

    /// Over every opened order with what it got, by commitment.
    public static func digest(_ orders: [(commitment: Hash32, terms: OrderTerms, matched: UInt64)], price: UInt64?)
        -> Hash32
    {
        let rows = orders.sorted { $0.commitment < $1.commitment }.map { row -> Value in
            .array([
                .hash(row.commitment), .text(row.terms.side.rawValue), .unsigned(row.terms.energy),
                .unsigned(row.terms.price), .bool(row.terms.isDivisible), .unsigned(row.matched),
            ])
        }
        return Hash32.sha256(Value.array([price.map { .unsigned($0) } ?? .null, .array(rows)]).encoded())
    }
}

/// What a meter showed over an interval; key: `<interval>/<participant>`.
public struct Metered: StateValue, Hashable {
    /// Wh taken from the grid and given to it: differences of the registers 1.8.0 and 2.8.0.
    public let imported: UInt64
    public let exported: UInt64
    /// Numbers of the device's signed messages at the two ends of the interval.
    public let first: UInt64
    public let last: UInt64

    public init(imported: UInt64, exported: UInt64, first: UInt64, last: UInt64) {
        self.imported = imported
        self.exported = exported
        self.first = first
        self.last = last
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let imported = map["imported"]?.unsigned, let exported = map["exported"]?.unsigned,
            let first = map["first"]?.unsigned, let last = map["last"]?.unsigned
        else { throw .corrupt("of a metered interval") }
        self.init(imported: imported, exported: exported, first: first, last: last)
    }

    public var cbor: Value {
        [
            "imported": .unsigned(imported), "exported": .unsigned(exported), "first": .unsigned(first),
            "last": .unsigned(last),
        ]
    }
}
