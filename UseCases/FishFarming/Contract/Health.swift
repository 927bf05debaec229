import ContractKit

/// What a vet found in a batch; `fish/findings/<batch>/<number>`.
public struct HealthFinding: StateValue, Hashable {
    public let disease: String
    /// A laboratory confirmed it; otherwise the vet suspects it.
    public let isConfirmed: Bool
    public let by: String
    /// Ledger time, ms.
    public let at: UInt64

    init(disease: String, isConfirmed: Bool, by: String, at: UInt64) {
        self.disease = disease
        self.isConfirmed = isConfirmed
        self.by = by
        self.at = at
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a finding")
        self.init(
            disease: try fields.text("disease"), isConfirmed: try fields.flag("isConfirmed"),
            by: try fields.text("by"), at: try fields.number("at"))
    }

    public var cbor: Value {
        [
            "disease": .text(disease), "isConfirmed": .bool(isConfirmed), "by": .text(by), "at": .unsigned(at),
        ]
    }
}

/// What farms on one water are told of each other, without a name; `fish/warnings/<water>/<pseudonym>`.
public struct WaterWarning: StateValue, Hashable {
    public let disease: String
    /// Ledger time, ms.
    public let at: UInt64

    init(disease: String, at: UInt64) {
        self.disease = disease
        self.at = at
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a warning")
        self.init(disease: try fields.text("disease"), at: try fields.number("at"))
    }

    public var cbor: Value { ["disease": .text(disease), "at": .unsigned(at)] }
}

/// Diseases: found in a batch for those who see the batch, and told to the farms on the same water under a pseudonym
/// (TR 6.2.2.2).
extension FishFarmingContract {
    func recordDisease(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("batch", maximum: 60)
        let disease = try arguments.text("disease", maximum: 60)
        let isConfirmed = try arguments.bool("isConfirmed")
        try arguments.finish()
        try context.requireRole(Role.vet)
        var batch = try context.require(Self.batches, id, "the batch")
        var farm = try farm(of: batch.owner, collecting: .medicine, context)
        context.set(
            Self.findings, Self.report(id, batch.findings),
            HealthFinding(disease: disease, isConfirmed: isConfirmed, by: context.sender.id, at: context.time))
        batch.findings = try batch.findings.adding(1)
        farm.byOthers = try farm.byOthers.adding(1)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
        try context.emit("diseaseFound", subject: batch.owner, [("batch", .text(id))])
    }

    /// A farmer says on which water the farm lies, and is told from then on what is found in it.
    func joinWater(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let water = try Self.identifier(&arguments, "water")
        try arguments.finish()
        _ = try ownFarm(context)
        context.set(Self.waters, context.sender.id, water)
    }

    /// A vet warns the farms on a water. The statement names neither farm nor batch: the pseudonym is made up for it alone.
    func warnWater(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let water = try Self.identifier(&arguments, "water")
        let pseudonym = try Self.identifier(&arguments, "pseudonym")
        let disease = try arguments.text("disease", maximum: 60)
        try arguments.finish()
        try context.requireRole(Role.vet)
        let key = "\(water)/\(pseudonym)"
        guard try context.get(Self.warnings, key) == nil else { throw .exists("the warning \(pseudonym)") }
        context.set(Self.warnings, key, WaterWarning(disease: disease, at: context.time))
        try context.emit("waterWarned", subject: "water:\(water)", [("disease", .text(disease))])
    }
}
