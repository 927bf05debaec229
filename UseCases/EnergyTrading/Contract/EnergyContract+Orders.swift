import ContractKit

/// From registration to orders that are open.
extension EnergyContract {
    func register(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let participant = try arguments.text("participant", maximum: 100)
        let meter = try arguments.text("meter", maximum: 200)
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        try context.requireEntry(MembershipContract.participants, participant, "the participant")
        let device = try context.require(MembershipContract.devices, meter, "the meter")
        guard device.owner == participant, device.revokedAt == nil else {
            throw .notAuthorised("the meter \(meter) is \(device.owner)'s, or was revoked")
        }
        context.set(Self.prosumers, participant, Prosumer(meter: meter))
        try context.emit("registered", subject: participant, [("meter", .text(meter))])
    }

    /// A seller accepts trades of any interval ahead, down to a price.
    func standing(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let until = try arguments.unsigned("until")
        let floor = try arguments.unsigned("floor", in: 0...OrderTerms.maximumPrice)
        try arguments.finish()
        try context.requireEntry(Self.prosumers, context.sender.id, "the registration of")
        context.set(
            Self.acceptances, context.sender.id,
            StandingAcceptance(until: until, floor: floor, transaction: context.transaction))
    }

    /// T13.1: how much a seller will have to spare.
    func surplus(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let energy = try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy)
        try arguments.finish()
        try Self.requireOpenGate(interval, rules, context)
        let key = Self.place(interval, context.sender.id)
        guard try context.get(Self.orders, key) == nil else { throw Refusal.surplusUsed }
        context.set(Self.surpluses, key, energy)
        try context.emit("surplus", subject: context.sender.id, [("interval", .unsigned(interval))])
    }

    /// T13.2: an order that nobody can read yet; a later one takes its place.
    func seal(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let commitment = try arguments.hash("commitment")
        try arguments.finish()
        try Self.requireOpenGate(interval, rules, context)
        try requireCalmGrid(context)
        try requireCredit(context)
        try countChange(interval, rules, context)
        let key = Self.place(interval, context.sender.id)
        if try context.get(Self.orders, key) == nil {
            let count = try context.state.scan(Self.orders, prefix: "\(interval)/", limit: Self.maximumOrders).count
            guard count < Self.maximumOrders else { throw Refusal.tooMany }
            if count == 0 { context.schedule("clear \(interval)", at: interval - rules.clearing) }
        }
        context.set(Self.orders, key, Order(commitment: commitment))
        try context.emit("sealed", subject: context.sender.id, [("interval", .unsigned(interval))])
    }

    func withdraw(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        try arguments.finish()
        try Self.requireOpenGate(interval, rules, context)
        let key = Self.place(interval, context.sender.id)
        try context.requireEntry(Self.orders, key, "your order of the interval")
        context.remove(Self.orders, key)
        try context.emit("withdrawn", subject: context.sender.id, [("interval", .unsigned(interval))])
    }

    /// Opens an order between gate closure and auction, so that nobody's terms help anybody to set theirs. What a buyer may
    /// have to pay is set aside.
    func open(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        guard let side = Side(rawValue: try arguments.text("side", maximum: 4)) else {
            throw .invalid("side", "sell or buy")
        }
        let terms = OrderTerms(
            side: side, energy: try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy),
            price: try arguments.unsigned("price", in: 0...OrderTerms.maximumPrice),
            source: try arguments.text("source", maximum: 20), isDivisible: try arguments.bool("divisible"))
        let salt = try arguments.bytes("salt", maximum: 16)
        try arguments.finish()
        guard context.time >= interval - rules.gate, context.time < interval - rules.clearing else {
            throw Refusal.notOpening
        }
        try requireCalmGrid(context)
        let participant = context.sender.id
        let key = Self.place(interval, participant)
        var order = try context.require(Self.orders, key, "your order of the interval")
        guard order.terms == nil else { throw Refusal.opened }
        guard salt.count == 16, terms.commitment(of: participant, interval: interval, salt: salt) == order.commitment
        else { throw Refusal.otherOrder }
        let limit = try credit(of: participant, context).points * Credit.energyPerPoint
        guard terms.energy <= limit else { throw Refusal.overCredit(limit) }
        switch side {
        case .sell:
            let told = try context.get(Self.surpluses, key) ?? 0
            let surplus = told - min(told, try promised(by: participant, interval, context))
            guard terms.energy <= surplus else { throw Refusal.overSurplus(surplus) }
        case .buy:
            let amount = try Auction.amount(terms.energy, at: terms.price)
            if amount > 0 {
                // Longer than the interval's whole life: the timers of the market come first.
                let until = try interval.adding(rules.interval).adding(rules.report).adding(Self.disputeTime)
                try WalletContract.setAside(
                    Hold(payee: rules.aggregator, amount: amount, until: until, controller: Self.contractName),
                    rules.currency, payer: participant, id: Self.holdID(interval, trade: nil), in: context)
            }
        }
        order.terms = terms
        context.set(Self.orders, key, order)
        try context.emit("opened", subject: participant, [("interval", .unsigned(interval))])
    }

    /// Longest time for the aggregator to resolve a dispute; then the money goes back to the buyer.
    static let disputeTime: UInt64 = 30 * 24 * 3600 * 1000

    /// Orders come in until the gate closes by ledger time, from registered participants.
    private static func requireOpenGate(
        _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        guard context.sender.id != rules.aggregator else {
            throw .notAuthorised("the aggregator keeps the market and does not trade in its auction")
        }
        guard try context.get(prosumers, context.sender.id) != nil else { throw Refusal.notRegistered }
        guard context.time < interval - rules.gate else { throw Refusal.gateClosed }
    }
}
