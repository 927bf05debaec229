import Ledger

/// How far a registrar has checked who somebody is; `wallet/checks/<participant>`. Nobody checked is level 0.
public struct IdentityCheck: StateValue, Hashable {
    public let level: UInt64
    public let by: String
    /// Hash of what was seen, which stays with the registrar.
    public let evidence: Hash32?
    /// ms since 1970; then it counts no more.
    public let until: UInt64?

    public init(level: UInt64, by: String, evidence: Hash32?, until: UInt64?) {
        self.level = level
        self.by = by
        self.evidence = evidence
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let level = map["level"]?.unsigned, let by = map["by"]?.text else {
            throw .corrupt("of an identity check")
        }
        self.init(level: level, by: by, evidence: map["evidence"]?.hash32, until: map["until"]?.unsigned)
    }

    public var cbor: Value {
        [
            "level": .unsigned(level), "by": .text(by), "evidence": evidence.map { .hash($0) } ?? .null,
            "until": .optional(until),
        ]
    }

    public func level(at time: UInt64) -> UInt64 { until.map { time < $0 } ?? true ? level : 0 }
}

/// What an account of a currency may do at each level, from 0 on; `wallet/levels/<currency>`.
public struct LevelRules: StateValue, Hashable {
    /// The last one is for all higher levels too.
    public let levels: [Level]

    public struct Level: Sendable, Hashable {
        /// Minor units that leave in a day (UTC), and that may lie in the account; nil for as much as there is.
        public let perDay: UInt64?
        public let balance: UInt64?

        public init(perDay: UInt64?, balance: UInt64?) {
            self.perDay = perDay
            self.balance = balance
        }
    }

    public init(_ levels: [Level]) { self.levels = levels }

    public init(cbor: Value) throws(ContractError) {
        guard let rows = cbor.array, !rows.isEmpty else { throw .corrupt("of the levels") }
        var levels: [Level] = []
        for row in rows {
            guard let pair = row.array, pair.count == 2 else { throw .corrupt("of a level") }
            levels.append(Level(perDay: pair[0].unsigned, balance: pair[1].unsigned))
        }
        self.init(levels)
    }

    public var cbor: Value {
        .array(levels.map { .array([.optional($0.perDay), .optional($0.balance)]) })
    }

    public func rule(at level: UInt64) -> Level { levels[Int(min(level, UInt64(levels.count - 1)))] }
}
