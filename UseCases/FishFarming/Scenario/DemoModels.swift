import FishFarmingContract
import Ledger

/// Scorecards of the demonstration's institutions, as they sign them.
enum DemoModels {
    private static func rule(_ feature: Feature, _ bins: [(UInt64, UInt64)], _ reason: String) -> CBOR {
        [
            "feature": .text(feature.rawValue), "reason": .text(reason),
            "bins": .array(bins.map { .array([.unsigned($0.0), .unsigned($0.1)]) }),
        ]
    }

    private static func card(
        _ kind: String, cutoff: UInt64, maximum: UInt64, thin: (days: UInt64, maximum: UInt64), rate: UInt64,
        days: UInt64, _ rules: [CBOR], exclusions: [(Exclusion.Kind, UInt64)] = []
    ) -> CBOR {
        [
            "kind": .text(kind), "cutoff": .unsigned(cutoff), "maximum": .unsigned(maximum),
            "thinDays": .unsigned(thin.days), "thinMaximum": .unsigned(thin.maximum), "rate": .unsigned(rate),
            "days": .unsigned(days), "rules": .array(rules),
            "exclusions": .array(exclusions.map { .array([.text($0.0.rawValue), .unsigned($0.1)]) }),
        ]
    }

    private static let water = [
        rule(.historyDays, [(6, 0), (29, 60), (89, 120), (364, 180), (365, 200)], "the record of the ponds is short"),
        rule(
            .dataFit, [(499, 0), (699, 60), (849, 120), (1000, 200)],
            "oxygen data have gaps or come from a faulty probe"),
        rule(.lowOxygen, [(0, 200), (10, 150), (50, 60), (1000, 0)], "oxygen was below the alarm level too long"),
    ]

    /// Lends on records: even a short one gets a first loan.
    static let ruralBank = card(
        "loan", cutoff: 500, maximum: 500_000, thin: (90, 120_000), rate: 60, days: 180,
        water + [
            rule(.failedRemedies, [(0, 100), (2, 50), (3, 0)], "aeration failed when it was needed"),
            rule(.survival, [(699, 0), (849, 60), (949, 110), (1000, 150)], "many fish died"),
            rule(.fryConfirmed, [(499, 0), (899, 50), (1000, 100)], "the supplier has not confirmed the fry"),
            rule(.feedByDevice, [(299, 0), (699, 40), (1000, 80)], "little of the feed was counted by a feeder"),
            rule(.medicineBreaches, [(0, 60), (1, 0)], "fish were harvested inside a withdrawal period"),
            rule(.repaid, [(0, 0), (2, 60), (3, 110)], "no loan has been repaid here yet"),
        ])

    /// Lends to those with a long record and a repaid loan.
    static let cityBank = card(
        "loan", cutoff: 900, maximum: 2_000_000, thin: (365, 0), rate: 40, days: 360,
        water + [
            rule(.survival, [(849, 0), (949, 60), (1000, 150)], "many fish died"),
            rule(.fryConfirmed, [(499, 0), (1000, 100)], "the supplier has not confirmed the fry"),
            rule(.repaid, [(0, 0), (2, 150), (3, 250)], "no loan has been repaid here yet"),
        ])

    static let insurer = card(
        "cover", cutoff: 300, maximum: 400_000, thin: (0, 400_000), rate: 45, days: 180,
        water + [rule(.failedRemedies, [(0, 100), (2, 50), (3, 0)], "aeration failed when it was needed")],
        exclusions: [(.density, 500), (.advice, 720), (.unanswered, 240)])
}
