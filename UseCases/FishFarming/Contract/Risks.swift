import ContractKit

/// A risk that the service company found at a farm, with its advice and what following it changed; `fish/risks/<farmer>/<id>`.
public struct RiskRecord: StateValue, Hashable {
    public var finding: String
    public var advice: String
    /// Ledger time, ms.
    public var openedAt: UInt64
    public var doneAt: UInt64?
    /// Time that reports covered until it was done, and the part of it with low oxygen, ms.
    public var covered: UInt64 = 0
    public var low: UInt64 = 0
    public var measuredAt: UInt64?
    /// Per mille of the reported time with low oxygen before it was done, and since.
    public var before: UInt64?
    public var after: UInt64?

    init(finding: String, advice: String, openedAt: UInt64) {
        self.finding = finding
        self.advice = advice
        self.openedAt = openedAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a risk")
        self.init(
            finding: try fields.text("finding"), advice: try fields.text("advice"),
            openedAt: try fields.number("openedAt"))
        doneAt = fields.optionalNumber("doneAt")
        covered = try fields.number("covered")
        low = try fields.number("low")
        measuredAt = fields.optionalNumber("measuredAt")
        before = fields.optionalNumber("before")
        after = fields.optionalNumber("after")
    }

    public var cbor: Value {
        [
            "finding": .text(finding), "advice": .text(advice), "openedAt": .unsigned(openedAt),
            "doneAt": .optional(doneAt), "covered": .unsigned(covered), "low": .unsigned(low),
            "measuredAt": .optional(measuredAt), "before": .optional(before), "after": .optional(after),
        ]
    }
}

/// Risks are found, done and measured (TR 6.2.10).
extension FishFarmingContract {
    func reportRisk(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let farmer = try arguments.text("farmer", maximum: 100)
        let id = try Self.identifier(&arguments, "id")
        let finding = try arguments.text("finding", maximum: 300)
        let advice = try arguments.text("advice", maximum: 300)
        try arguments.finish()
        _ = try served(farmer, context)
        let key = "\(farmer)/\(id)"
        guard try context.get(Self.risks, key) == nil else { throw .exists("the risk \(id)") }
        context.set(Self.risks, key, RiskRecord(finding: finding, advice: advice, openedAt: context.time))
        try context.emit("riskFound", subject: farmer, [("risk", .text(id))])
    }

    /// The farmer followed the advice. What the farm's data said until now is kept, to compare with what they say later.
    func riskDone(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = "\(context.sender.id)/\(try arguments.text("id", maximum: 60))"
        try arguments.finish()
        let farm = try ownFarm(context)
        var risk = try context.require(Self.risks, key, "the risk")
        guard risk.doneAt == nil else { throw Refusal.stage }
        risk.doneAt = context.time
        risk.covered = farm.covered
        risk.low = farm.low
        context.set(Self.risks, key, risk)
        try context.emit("riskDone", subject: context.sender.id)
    }

    /// What it changed, by the reports since; it may be measured again as more come.
    func measureRisk(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let farmer = try arguments.text("farmer", maximum: 100)
        let key = "\(farmer)/\(try arguments.text("id", maximum: 60))"
        try arguments.finish()
        let farm = try served(farmer, context)
        var risk = try context.require(Self.risks, key, "the risk")
        guard risk.doneAt != nil, farm.covered > risk.covered else { throw Refusal.stage }
        risk.measuredAt = context.time
        risk.before = try Self.share(risk.low, of: risk.covered)
        risk.after = try Self.share(farm.low - risk.low, of: farm.covered - risk.covered)
        context.set(Self.risks, key, risk)
        try context.emit("riskMeasured", subject: farmer)
    }

    private static func share(_ part: UInt64, of whole: UInt64) throws(ContractError) -> UInt64 {
        whole == 0 ? 0 : try part.multiplied(by: 1000) / whole
    }

    /// A farm that the sender serves under a signed contract.
    private func served(_ farmer: String, _ context: ContractContext) throws(ContractError) -> FarmRecord {
        guard let farm = try context.get(Self.farms, farmer) else { throw Refusal.noAgreement }
        guard farm.provider == context.sender.id else { throw .notAuthorised("the farm is served by \(farm.provider)") }
        return farm
    }
}
