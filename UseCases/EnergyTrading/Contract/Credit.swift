import ContractKit

/// How far a participant kept its word, as everybody can compute it from the trades; key: participant.
///
/// The rule is the same for all: points begin at ``start`` and end at ``most``; each ``Entry`` moves them. Below
/// ``threshold`` no order is taken; above it an order may be ``energyPerPoint`` Wh for each point.
public struct Credit: StateValue, Hashable {
    public static let start: UInt64 = 500
    public static let most: UInt64 = 1000
    public static let threshold: UInt64 = 300
    public static let energyPerPoint: UInt64 = 100

    public enum Entry: String, Sendable, CaseIterable {
        /// Delivered at least 95 % of a trade, or paid one in time.
        case kept
        /// Delivered less.
        case short
        /// The escrow had to pay.
        case late
        /// An order was sealed and never opened.
        case unopened
        /// An order was changed as often as is allowed.
        case flood
        /// The aggregator found its meter wrong.
        case meter
    }

    /// What an undelivered trade costs at most; the part of it that did not come counts.
    public static let shortfall: UInt64 = 50
    /// Delivered thousandths from which a trade is kept.
    public static let keptFrom: UInt64 = 950

    public static func points(_ entry: Entry) -> UInt64 {
        switch entry {
        case .kept: 5
        case .short: shortfall
        case .late, .unopened, .flood: 10
        case .meter: 150
        }
    }

    public private(set) var points = start
    /// How often each happened, in the order of ``Entry``.
    public private(set) var counts = [UInt64](repeating: 0, count: Entry.allCases.count)
    /// Given back after appeals and faults of the grid.
    public private(set) var restored: UInt64 = 0

    public init() {}

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let points = map["points"]?.unsigned, let restored = map["restored"]?.unsigned else {
            throw .corrupt("of a credit")
        }
        self.points = points
        self.restored = restored
        for (index, entry) in Entry.allCases.enumerated() {
            guard let count = map[.text(entry.rawValue)]?.unsigned else { throw .corrupt("of a credit") }
            counts[index] = count
        }
    }

    public var cbor: Value {
        let entries = zip(Entry.allCases, counts).map { (Value.text($0.rawValue), Value.unsigned($1)) }
        return .map(ValueMap([("points", .unsigned(points)), ("restored", .unsigned(restored))] + entries))
    }

    /// - Returns: points that were taken.
    mutating func note(_ entry: Entry, _ change: UInt64) -> UInt64 {
        if let index = Entry.allCases.firstIndex(of: entry) { counts[index] &+= 1 }
        if entry == .kept {
            points = min(Self.most, points + change)
            return 0
        }
        let taken = min(points, change)
        points -= taken
        return taken
    }

    mutating func restore(_ taken: UInt64) {
        points = min(Self.most, points + min(taken, Self.most))
        restored &+= taken
    }
}

/// A participant's word against points that an interval took; key: `<interval>/<participant>`.
public struct Appeal: StateValue, Hashable {
    public let reason: String
    public var isGranted: Bool?
    public var answer: String?

    public init(reason: String) { self.reason = reason }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let reason = map["reason"]?.text else { throw .corrupt("of an appeal") }
        self.reason = reason
        isGranted = map["granted"]?.bool
        answer = map["answer"]?.text
    }

    public var cbor: Value {
        ["reason": .text(reason), "granted": isGranted.map { .bool($0) } ?? .null, "answer": .optional(answer)]
    }
}
