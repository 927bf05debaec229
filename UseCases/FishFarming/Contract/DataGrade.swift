import ContractKit

/// What the data behind a decision are worth, whatever they say: A to D, with the reasons. It stands beside the score.
public struct DataGrade: Sendable, Hashable {
    /// How long a device that was seen twice lowers the grade, ms.
    static let memory: UInt64 = 90 * 86_400_000
    private static let letters = ["A", "B", "C", "D"]

    public let letter: String
    /// In plain words; empty for A.
    public let reasons: [String]

    /// - Parameter clones: devices under whose key two messages with one number came.
    init(_ features: Features, clones: [String]) {
        var worst = 0
        var reasons: [String] = []
        func lower(to grade: Int, _ reason: String) {
            worst = max(worst, grade)
            reasons.append(reason)
        }
        let fit = features[.dataFit]
        if fit < 950 {
            lower(
                to: fit < 700 ? 3 : fit < 850 ? 2 : 1,
                "oxygen data are missing or faulty \((1000 - fit) / 10) % of the time")
        }
        let devices = features.shares[0]
        if devices < 800 {
            lower(to: devices < 500 ? 2 : 1, "only \(devices / 10) % of the records are by attested devices")
        }
        for urn in clones { lower(to: 3, "two devices send under the key of \(urn)") }
        letter = Self.letters[worst]
        self.reasons = reasons
    }

    init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a grade")
        letter = try fields.text("letter")
        reasons = try fields.texts("reasons")
    }

    var cbor: Value { ["letter": .text(letter), "reasons": .texts(reasons)] }
}

extension FishFarmingContract {
    /// The grade of a farmer's data now.
    func grade(of farmer: String, _ features: Features, _ context: ContractContext) throws(ContractError) -> DataGrade {
        var clones: [String] = []
        for (_, pond) in try context.state.scan(Self.ponds, limit: 10_000) where pond.owner == farmer {
            for urn in [pond.probe] + pond.aerators + (pond.feeder.map { [$0] } ?? []) {
                guard let seen = try context.get(DevicesContract.lastEvents, "\(urn)/\(DevicesContract.clone)"),
                    try seen.at.adding(DataGrade.memory) > context.time, !clones.contains(urn)
                else { continue }
                clones.append(urn)
            }
        }
        return DataGrade(features, clones: clones)
    }
}
