import ContractKit

/// A car park; `parking/lots/<lot>`.
public struct Lot: StateValue, Hashable {
    /// The participant that is paid.
    public let operatorID: String
    public let name: String
    public let currency: String
    public let capacity: UInt64
    /// A stay this long without an exit is reviewed, ms; nil for what genesis says.
    public let longest: UInt64?
    public var occupied: UInt64 = 0
    /// Tariffs so far; the latest has this number.
    public var tariffs: UInt64 = 0
    /// Sessions and reviews so far.
    public var sessions: UInt64 = 0
    public var reviews: UInt64 = 0

    public init(operatorID: String, name: String, currency: String, capacity: UInt64, longest: UInt64?) {
        self.operatorID = operatorID
        self.name = name
        self.currency = currency
        self.capacity = capacity
        self.longest = longest
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let operatorID = map["operator"]?.text, let name = map["name"]?.text,
            let currency = map["currency"]?.text, let capacity = map["capacity"]?.unsigned,
            let occupied = map["occupied"]?.unsigned, let tariffs = map["tariffs"]?.unsigned,
            let sessions = map["sessions"]?.unsigned, let reviews = map["reviews"]?.unsigned
        else { throw .corrupt("of a lot") }
        self.init(
            operatorID: operatorID, name: name, currency: currency, capacity: capacity,
            longest: map["longest"]?.unsigned)
        (self.occupied, self.tariffs, self.sessions, self.reviews) = (occupied, tariffs, sessions, reviews)
    }

    public var cbor: Value {
        [
            "operator": .text(operatorID), "name": .text(name), "currency": .text(currency),
            "capacity": .unsigned(capacity), "occupied": .unsigned(occupied), "tariffs": .unsigned(tariffs),
            "sessions": .unsigned(sessions), "reviews": .unsigned(reviews), "longest": .optional(longest),
        ]
    }
}

/// A device that may report passages of a lane; `parking/lanes/<device>`. A lane can have several, under one name.
public struct Lane: StateValue, Hashable {
    public enum Direction: String, Sendable { case entry, exit }

    /// What a device can say of a car: its plate, its tag, or that there is one.
    public enum Kind: String, Sendable { case camera, reader, loop }

    public let kind: Kind
    public let lot: String
    public let name: String
    public let direction: Direction
    /// nil for a lane that cars pass without stopping.
    public let barrier: String?
    public let gateway: String

    public init(
        kind: Kind = .camera, lot: String, name: String, direction: Direction, barrier: String?, gateway: String
    ) {
        self.kind = kind
        self.lot = lot
        self.name = name
        self.direction = direction
        self.barrier = barrier
        self.gateway = gateway
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let kind = map["kind"]?.text.flatMap(Kind.init(rawValue:)),
            let lot = map["lot"]?.text, let name = map["name"]?.text,
            let direction = map["direction"]?.text.flatMap(Direction.init(rawValue:)),
            let gateway = map["gateway"]?.text
        else { throw .corrupt("of a lane") }
        self.init(
            kind: kind, lot: lot, name: name, direction: direction, barrier: map["barrier"]?.text, gateway: gateway)
    }

    public var cbor: Value {
        [
            "kind": .text(kind.rawValue), "lot": .text(lot), "name": .text(name),
            "direction": .text(direction.rawValue), "barrier": .optional(barrier), "gateway": .text(gateway),
        ]
    }
}

/// A tariff and from when it holds; `parking/tariffs/<lot>/<version>`.
public struct PublishedTariff: StateValue, Hashable {
    public let tariff: Tariff
    /// ms since 1970, of the car's entry.
    public let from: UInt64

    public init(tariff: Tariff, from: UInt64) {
        self.tariff = tariff
        self.from = from
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let tariff = map["tariff"], let from = map["from"]?.unsigned else {
            throw .corrupt("of a published tariff")
        }
        self.init(tariff: try Tariff(cbor: tariff), from: from)
    }

    public var cbor: Value { ["tariff": tariff.cbor, "from": .unsigned(from)] }
}

/// Who answers for a plate; `parking/plates/<hash>`. The plate itself is not on the ledger.
public struct Plate: StateValue, Hashable {
    public enum Stage: String, Sendable { case pending, active }

    public let owner: String
    public let country: String
    /// Keyed hash of the plate with look-alikes folded together.
    public let shape: Hash32
    /// Of the owner, for each operator that may collect: `parking`.
    public let mandate: String
    /// SHA-256 of what proves the right to the plate.
    public let proof: Hash32
    public var stage: Stage
    public var checkedBy: String?

    public init(owner: String, country: String, shape: Hash32, mandate: String, proof: Hash32, stage: Stage) {
        self.owner = owner
        self.country = country
        self.shape = shape
        self.mandate = mandate
        self.proof = proof
        self.stage = stage
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let country = map["country"]?.text,
            let shape = map["shape"]?.hash32, let mandate = map["mandate"]?.text, let proof = map["proof"]?.hash32,
            let stage = map["stage"]?.text.flatMap(Stage.init(rawValue:))
        else { throw .corrupt("of a plate") }
        self.init(owner: owner, country: country, shape: shape, mandate: mandate, proof: proof, stage: stage)
        checkedBy = map["checkedBy"]?.text
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "country": .text(country), "shape": .hash(shape), "mandate": .text(mandate),
            "proof": .hash(proof), "stage": .text(stage.rawValue), "checkedBy": .optional(checkedBy),
        ]
    }
}

/// What changes a plate's bills at a lot; `parking/permits/<lot>/<plate>`.
public struct Permit: StateValue, Hashable {
    public enum Kind: String, Sendable, CaseIterable { case season, validation, badge, staff }

    public let kind: Kind
    /// Hundredths of a percent less.
    public let share: UInt64
    /// Free seconds.
    public let free: UInt64
    /// ms since 1970.
    public let until: UInt64

    public init(kind: Kind, share: UInt64, free: UInt64, until: UInt64) {
        self.kind = kind
        self.share = share
        self.free = free
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let kind = map["kind"]?.text.flatMap(Kind.init(rawValue:)),
            let share = map["share"]?.unsigned, let free = map["free"]?.unsigned, let until = map["until"]?.unsigned
        else { throw .corrupt("of a permit") }
        self.init(kind: kind, share: share, free: free, until: until)
    }

    public var cbor: Value {
        [
            "kind": .text(kind.rawValue), "share": .unsigned(share), "free": .unsigned(free), "until": .unsigned(until),
        ]
    }

    var discount: Bill.Discount {
        let label =
            switch kind {
            case .season: "Season ticket"
            case .validation: "Validated by a shop"
            case .badge: "Disabled badge"
            case .staff: "Staff"
            }
        return .init(label, share: share, free: free)
    }
}
