import ContractKit

/// An institution's model as it signed it, in whole numbers: the same inputs give the same score on every node.
/// `fish/models/<institution>/<name>/<version>`; a version never changes.
public struct Scorecard: StateValue, Hashable {
    /// What a rule gives for the value `upTo`. Up to the first and from the last on the points stay the same; between two they
    /// lie on the line from one to the other, so that no single report tips a decision.
    public struct Bin: Sendable, Hashable {
        public let upTo: UInt64
        public let points: UInt64
    }

    public struct Rule: Sendable, Hashable {
        public let feature: Feature
        public let bins: [Bin]
        /// In plain words, said when the rule gives less than it could.
        public let reason: String

        func points(for value: UInt64) -> UInt64 {
            guard let index = bins.firstIndex(where: { value <= $0.upTo }) else { return bins.last?.points ?? 0 }
            guard index > 0 else { return bins[0].points }
            let (low, high) = (bins[index - 1], bins[index])
            // Both factors are limited by ``init(cbor:)``, so that their product fits.
            let (past, length) = (value - low.upTo, high.upTo - low.upTo)
            return high.points >= low.points
                ? low.points + (high.points - low.points) * past / length
                : low.points - (low.points - high.points) * past / length
        }

        /// The most points that a small change of the value moves: ten per mille of a share, or a day.
        var steepest: UInt64 {
            guard let change = feature.smallChange else { return 0 }
            return zip(bins, bins.dropFirst()).map { low, high in
                let rise = high.points > low.points ? high.points - low.points : low.points - high.points
                return (rise * min(change, high.upTo - low.upTo) + high.upTo - low.upTo - 1) / (high.upTo - low.upTo)
            }.max() ?? 0
        }

        var most: UInt64 { bins.map(\.points).max() ?? 0 }
    }

    public struct Score: Sendable, Hashable {
        public var points: UInt64
        /// What was short of the best possible.
        public var lost: UInt64
        /// The heaviest first, at most ``Scorecard/maximumReasons``.
        public var reasons: [String]
    }

    /// Most reasons that are told, as in notices of adverse action.
    public static let maximumReasons = 4
    public static let maximumRules = 12
    public static let maximumBins = 8
    public static let maximumPoints: UInt64 = 10_000
    /// Largest value of a bin.
    public static let maximumValue: UInt64 = 1 << 40
    /// A small change of one input moves at most this part of the best score.
    public static let stability: UInt64 = 10

    /// `loan` or `cover`.
    public let kind: String
    public let cutoff: UInt64
    /// Largest amount or sum insured, minor units.
    public let maximum: UInt64
    /// Shorter histories than so many days get at most `thinMaximum`.
    public let thinDays: UInt64
    public let thinMaximum: UInt64
    /// Interest of the term or basic premium, per mille.
    public let rate: UInt64
    public let days: UInt64
    public let rules: [Rule]
    /// What a cover does not pay for; empty for loans.
    public let exclusions: [Exclusion]

    /// The most that anybody can have.
    public var best: UInt64 { rules.reduce(0) { $0 + $1.most } }

    public var classes: [DataClass] {
        DataClass.allCases.filter { kind in rules.contains { $0.feature.dataClass == kind } }
    }

    public func score(_ features: Features) -> Score {
        var points: UInt64 = 0
        var short: [(lost: UInt64, reason: String)] = []
        for rule in rules {
            let got = rule.points(for: features[rule.feature])
            // Rules and points are few and small, so the sum cannot overflow; see ``init(cbor:)``.
            points += got
            if got < rule.most { short.append((rule.most - got, rule.reason)) }
        }
        // A stable order: by weight, then as the institution wrote them.
        let ordered = short.enumerated().sorted {
            $0.element.lost != $1.element.lost ? $0.element.lost > $1.element.lost : $0.offset < $1.offset
        }
        return Score(
            points: points, lost: short.reduce(0) { $0 + $1.lost },
            reasons: ordered.prefix(Self.maximumReasons).map(\.element.reason))
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a model")
        kind = try fields.text("kind")
        cutoff = try fields.number("cutoff")
        maximum = try fields.number("maximum")
        thinDays = try fields.number("thinDays")
        thinMaximum = try fields.number("thinMaximum")
        rate = try fields.number("rate")
        days = try fields.number("days")
        var rules: [Rule] = []
        for item in try fields.items("rules") {
            let rule = try Fields(item, "of a rule")
            guard let feature = Feature(rawValue: try rule.text("feature")) else { throw .corrupt("of a rule") }
            var bins: [Bin] = []
            for pair in try rule.items("bins") {
                guard let parts = pair.array, parts.count == 2, let upTo = parts[0].unsigned,
                    let points = parts[1].unsigned, points <= Self.maximumPoints, upTo <= Self.maximumValue,
                    bins.last.map({ $0.upTo < upTo }) ?? true
                else { throw .corrupt("of a rule") }
                bins.append(Bin(upTo: upTo, points: points))
            }
            let reason = try rule.text("reason")
            guard !bins.isEmpty, bins.count <= Self.maximumBins, (1...200).contains(reason.utf8.count) else {
                throw .corrupt("of a rule")
            }
            rules.append(Rule(feature: feature, bins: bins, reason: reason))
        }
        self.rules = rules
        var exclusions: [Exclusion] = []
        for item in fields.value("exclusions").array ?? [] { exclusions.append(try Exclusion(cbor: item)) }
        self.exclusions = exclusions
        let allowed = max(1, best / Self.stability)
        guard rules.allSatisfy({ $0.steepest <= allowed }) else {
            throw .invalid("card", "one in which a small change of an input moves at most a tenth of the best score")
        }
        guard kind == "cover" || exclusions.isEmpty, exclusions.count <= Exclusion.maximum else {
            throw .corrupt("of a model's exclusions")
        }
        guard ["loan", "cover"].contains(kind), !rules.isEmpty, rules.count <= Self.maximumRules,
            rate <= 1000, (1...1000).contains(days), thinMaximum <= maximum, maximum <= WalletContract.maximumAmount
        else { throw .corrupt("of a model") }
    }

    public var cbor: Value {
        [
            "kind": .text(kind), "cutoff": .unsigned(cutoff), "maximum": .unsigned(maximum),
            "thinDays": .unsigned(thinDays), "thinMaximum": .unsigned(thinMaximum), "rate": .unsigned(rate),
            "days": .unsigned(days),
            "rules": .array(
                rules.map { rule in
                    [
                        "feature": .text(rule.feature.rawValue), "reason": .text(rule.reason),
                        "bins": .array(rule.bins.map { .array([.unsigned($0.upTo), .unsigned($0.points)]) }),
                    ]
                }),
            "exclusions": .array(exclusions.map(\.cbor)),
        ]
    }
}
