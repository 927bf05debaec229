import ContractKit

/// Credit values: what keeping or breaking one's word does, and how one contests it.
extension EnergyContract {
    /// How often an order may be changed before its gate closes.
    static let maximumChanges: UInt64 = 5

    func credit(of participant: String, _ context: ContractContext) throws(ContractError) -> Credit {
        try context.get(Self.credits, participant) ?? Credit()
    }

    func note(
        _ entry: Credit.Entry, _ points: UInt64? = nil, of participant: String, _ interval: UInt64,
        _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        guard participant != rules.aggregator else { return }
        let key = Self.place(interval, participant)
        // A fault of the grid is nobody's fault.
        if entry != .kept, try context.get(Self.excuses, "\(interval)") != nil { return }
        var credit = try credit(of: participant, context)
        let taken = credit.note(entry, points ?? Credit.points(entry))
        context.set(Self.credits, participant, credit)
        if taken > 0 {
            context.set(Self.marks, key, try (try context.get(Self.marks, key) ?? 0).adding(taken))
        }
        try context.emit(
            "credit", subject: participant,
            [
                ("interval", .unsigned(interval)), ("entry", .text(entry.rawValue)),
                ("points", .unsigned(credit.points)),
            ])
    }

    /// What a seller gave of a trade.
    func noteDelivery(
        _ trade: Trade, given: UInt64, _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let isKept = try given.multiplied(by: 1000) >= trade.energy.multiplied(by: Credit.keptFrom)
        guard !isKept else { return try note(.kept, of: trade.seller, interval, rules, context) }
        let missing = try (trade.energy - given).multiplied(by: Credit.shortfall)
        // Rounded up, so that no shortfall is for nothing.
        let points = try missing.adding(trade.energy - 1) / trade.energy
        try note(.short, points, of: trade.seller, interval, rules, context)
    }

    func requireCredit(_ context: ContractContext) throws(ContractError) {
        let points = try credit(of: context.sender.id, context).points
        guard points >= Credit.threshold else { throw Refusal.lowCredit(points) }
    }

    /// Counts changes of an order; the last one that is allowed costs points, and the next is refused.
    func countChange(
        _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let key = Self.place(interval, context.sender.id)
        let count = try context.get(Self.changes, key) ?? 0
        guard count <= Self.maximumChanges else { throw Refusal.tooManyChanges }
        context.set(Self.changes, key, count + 1)
        if count == Self.maximumChanges { try note(.flood, of: context.sender.id, interval, rules, context) }
    }

    /// The aggregator tells of a fault of the grid before the interval is settled: what it hindered has no consequence.
    func excuse(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let reason = try arguments.text("reason")
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        if let clearing = try context.get(Self.clearings, "\(interval)"), clearing.isSettled {
            throw Refusal.settledAlready
        }
        context.set(Self.excuses, "\(interval)", reason)
        for (key, _) in try context.state.scan(Self.marks, prefix: "\(interval)/", limit: Self.maximumOrders) {
            try restore(key, context)
        }
        try context.emit("excused", subject: "\(interval)", [("reason", .text(reason))])
    }

    func contest(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let reason = try arguments.text("reason")
        try arguments.finish()
        let key = Self.place(interval, context.sender.id)
        try context.requireEntry(Self.marks, key, "points that were taken from you in")
        guard try context.get(Self.appeals, key) == nil else { throw .exists("your appeal") }
        context.set(Self.appeals, key, Appeal(reason: reason))
        try context.emit("contested", subject: context.sender.id, [("interval", .unsigned(interval))])
    }

    /// The registrar's answer: it is not the aggregator that judges what its market took.
    func answerAppeal(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let participant = try arguments.text("participant", maximum: 100)
        let isGranted = try arguments.bool("granted")
        let answer = try arguments.text("answer")
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        let key = Self.place(interval, participant)
        var appeal = try context.require(Self.appeals, key, "the appeal")
        guard appeal.isGranted == nil else { throw .exists("the answer") }
        appeal.isGranted = isGranted
        appeal.answer = answer
        context.set(Self.appeals, key, appeal)
        if isGranted { try restore(key, context) }
        try context.emit("answered", subject: participant, [("interval", .unsigned(interval))])
    }

    private func restore(_ key: String, _ context: ContractContext) throws(ContractError) {
        let participant = String(key.drop { $0 != "/" }.dropFirst())
        guard let taken = try context.get(Self.marks, key) else { return }
        var credit = try credit(of: participant, context)
        credit.restore(taken)
        context.set(Self.credits, participant, credit)
        context.remove(Self.marks, key)
    }
}
