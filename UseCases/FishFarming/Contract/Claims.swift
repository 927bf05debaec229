import ContractKit

/// A loss that a farmer tells of, until it is paid or declined; `fish/claims/<farmer>/<cover>`.
public struct LossClaim: StateValue, Hashable {
    public enum Stage: String, Sendable { case waiting, paid, declined }

    public var words: String
    public var dead: UInt64
    /// Ledger time, ms.
    public var claimedAt: UInt64
    public var stage = Stage.waiting
    public var decidedAt: UInt64?
    /// Whose key decided, and why.
    public var decidedBy: String?
    public var reason: String?
    public var amount: UInt64 = 0

    init(words: String, dead: UInt64, claimedAt: UInt64) {
        self.words = words
        self.dead = dead
        self.claimedAt = claimedAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a claim")
        self.init(
            words: try fields.text("words"), dead: try fields.number("dead"), claimedAt: try fields.number("claimedAt"))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of a claim") }
        self.stage = stage
        decidedAt = fields.optionalNumber("decidedAt")
        decidedBy = fields.optionalText("decidedBy")
        reason = fields.optionalText("reason")
        amount = try fields.number("amount")
    }

    public var cbor: Value {
        [
            "words": .text(words), "dead": .unsigned(dead), "claimedAt": .unsigned(claimedAt),
            "stage": .text(stage.rawValue), "decidedAt": .optional(decidedAt), "decidedBy": .optional(decidedBy),
            "reason": .optional(reason), "amount": .unsigned(amount),
        ]
    }
}

/// Losses beyond the index: told by the farmer, looked at by the adjuster, paid or declined with a reason (TR 6.2.11).
extension FishFarmingContract {
    func claim(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let id = try arguments.text("id", maximum: 60)
        let dead = try arguments.unsigned("dead", in: 1...100_000_000)
        let words = try arguments.text("words", maximum: 300)
        try arguments.finish()
        let key = "\(context.sender.id)/\(id)"
        let cover = try context.require(Self.covers, key, "the cover")
        guard [.live, .paid, .excluded].contains(cover.stage), cover.auditPaid == 0 else { throw Refusal.stage }
        guard try context.get(Self.claims, key) == nil else { throw .exists("a claim on \(id)") }
        context.set(Self.claims, key, LossClaim(words: words, dead: dead, claimedAt: context.time))
        try context.emit("claimed", subject: key, [("institution", .text(cover.insurer)), ("dead", .unsigned(dead))])
    }

    /// A loss that an audit shows, beyond what the index paid: from the part of the sum that is set aside for it. What the
    /// model excludes is not paid, whoever asks.
    func payAudit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.auditor)
        let key = try arguments.text("cover", maximum: 200)
        let amount = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        let finding = try arguments.text("finding", maximum: 300)
        _ = try arguments.hash("report")
        try arguments.finish()
        var cover = try context.require(Self.covers, key, "the cover")
        guard [.live, .paid].contains(cover.stage) else { throw Refusal.stage }
        guard cover.auditPaid == 0, amount <= cover.sum - cover.indexSum else { throw Refusal.audit }
        if !cover.isOverruled, let exclusion = try exclusion(of: key, cover, context) {
            throw Refusal.excluded(exclusion)
        }
        try WalletContract.settle(Self.hold(cover.insurer, key, "audit"), paying: amount, in: context)
        cover.auditPaid = amount
        context.set(Self.covers, key, cover)
        if var claim = try context.get(Self.claims, key) {
            decide(&claim, .paid, finding, context)
            claim.amount = amount
            context.set(Self.claims, key, claim)
        }
        try context.emit("auditPaid", subject: key, [("amount", .unsigned(amount))])
    }

    func declineClaim(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.auditor)
        let key = try arguments.text("cover", maximum: 200)
        let reason = try arguments.text("reason", maximum: 300)
        try arguments.finish()
        var claim = try context.require(Self.claims, key, "the claim")
        guard claim.stage == .waiting else { throw Refusal.stage }
        decide(&claim, .declined, reason, context)
        context.set(Self.claims, key, claim)
        try context.emit("claimDeclined", subject: key, [("reason", .text(reason))])
    }

    private func decide(
        _ claim: inout LossClaim, _ stage: LossClaim.Stage, _ reason: String, _ context: ContractContext
    ) {
        claim.stage = stage
        claim.reason = reason
        claim.decidedAt = context.time
        claim.decidedBy = context.sender.signer
    }
}
