import ContractKit

/// What the meters showed, and who pays what for it.
extension EnergyContract {
    /// T13.5: what a participant's meter showed over an interval, as the aggregator read it from signed messages.
    func measure(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let participant = try arguments.text("participant", maximum: 100)
        let metered = Metered(
            imported: try arguments.unsigned("imported", in: 0...OrderTerms.maximumEnergy),
            exported: try arguments.unsigned("exported", in: 0...OrderTerms.maximumEnergy),
            first: try arguments.unsigned("first"), last: try arguments.unsigned("last"))
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        try context.requireEntry(Self.prosumers, participant, "the registration of")
        guard context.time >= interval + rules.interval, context.time < interval + rules.interval + rules.report else {
            throw Refusal.notOver
        }
        guard metered.first < metered.last else { throw .invalid("last", "a later message than the first") }
        let key = Self.place(interval, participant)
        guard try context.get(Self.meters, key) == nil else { throw Refusal.measured }
        context.set(Self.meters, key, metered)
        try context.emit("measured", subject: participant, [("interval", .unsigned(interval))])
        // Who is waited for no longer need not wait: the last meter settles the interval.
        for (_, trade) in try allTrades(interval, context) where trade.stage == .accepted {
            for party in [trade.seller, trade.buyer]
            where try context.get(Self.meters, Self.place(interval, party)) == nil { return }
        }
        // By the ledger and not by this statement: what settling does to others would open one meter's record to them.
        context.schedule("settle \(interval)", at: context.time)
    }

    /// Compares the meters of both sides of each trade. Each side's energy is divided among its trades of the interval in
    /// proportion; what both show is delivered, and paid for.
    func settle(_ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        guard var clearing = try context.get(Self.clearings, "\(interval)"), !clearing.isSettled else { return }
        clearing.isSettled = true
        context.set(Self.clearings, "\(interval)", clearing)
        let trades = try allTrades(interval, context).filter { $0.value.stage == .accepted }
        for (key, trade) in trades {
            var trade = trade
            let given = try shown(trade.seller, .sell, of: trade, among: trades, interval, context)
            let taken = try shown(trade.buyer, .buy, of: trade, among: trades, interval, context)
            guard let given, let taken else {
                try dispute(key, &trade, "a meter is silent", context)
                continue
            }
            let difference = given > taken ? given - taken : taken - given
            let allowed = try trade.energy.multiplied(by: rules.tolerance) / 1000
            guard difference <= allowed else {
                try dispute(key, &trade, "the meters differ by \(difference) Wh", context)
                continue
            }
            try conclude(key, &trade, delivered: min(given, taken), rules, context)
            guard try context.get(Self.excuses, "\(interval)") == nil else { continue }
            try bill(trade, missing: trade.energy - given, interval, rules, context)
            try noteDelivery(trade, given: given, interval, rules, context)
        }
        if !trades.isEmpty {
            let time = max(context.time, try interval.adding(rules.interval))
            context.schedule("collect \(interval)", at: try time.adding(rules.payment))
        }
    }

    /// A trade's part of what a participant's meter showed, at most what was traded; nil where the meter was silent.
    private func shown(
        _ participant: String, _ side: Side, of trade: Trade, among trades: [(key: String, value: Trade)],
        _ interval: UInt64, _ context: ContractContext
    ) throws(ContractError) -> UInt64? {
        guard let metered = try context.get(Self.meters, Self.place(interval, participant)) else { return nil }
        var total: UInt64 = 0
        for (_, other) in trades where (side == .sell ? other.seller : other.buyer) == participant {
            total = try total.adding(other.energy)
        }
        let energy = side == .sell ? metered.exported : metered.imported
        guard energy < total, total > 0 else { return trade.energy }
        let (high, low) = energy.multipliedFullWidth(by: trade.energy)
        return total.dividingFullWidth((high, low)).quotient
    }

    private func dispute(
        _ key: String, _ trade: inout Trade, _ reason: String, _ context: ContractContext
    ) throws(ContractError) {
        trade.stage = .disputed
        context.set(Self.trades, key, trade)
        try context.emit("disputed", subject: key, [("reason", .text(reason))])
    }

    private func conclude(
        _ key: String, _ trade: inout Trade, delivered: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        trade.delivered = delivered
        trade.amount = try Auction.amount(delivered, at: trade.price)
        trade.stage = .payable
        context.set(Self.trades, key, trade)
        // T13.6, first half: the contract raises the payable. What it is about is for the parties.
        try context.emit("payable", subject: key)
    }

    /// Energy that did not come costs the seller the stated price; what its account does not have it owes.
    private func bill(
        _ trade: Trade, missing: UInt64, _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let amount = try Auction.amount(missing, at: rules.deficitPrice)
        guard amount > 0, trade.seller != rules.aggregator else { return }
        let account = WalletContract.account(trade.seller, rules.currency)
        let balance = try context.get(WalletContract.accounts, account)
        if let balance, balance.frozenBy == nil, balance.balance >= amount,
            balance.limit.map({ $0.left(at: context.time) >= amount }) ?? true,
            try WalletContract.leftByLevel(trade.seller, rules.currency, in: context.state, at: context.time)?.left
                .map({ $0 >= amount }) ?? true
        {
            try WalletContract.move(amount, rules.currency, from: trade.seller, to: rules.aggregator, in: context)
        } else {
            let key = Self.place(interval, trade.seller)
            context.set(Self.debts, key, try (try context.get(Self.debts, key) ?? 0).adding(amount))
        }
        try context.emit("deficit", subject: trade.seller, [("interval", .unsigned(interval))])
    }

    func settleDebt(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        try arguments.finish()
        let key = Self.place(interval, context.sender.id)
        let debt = try context.require(Self.debts, key, "the debt of")
        try WalletContract.move(debt, rules.currency, from: context.sender.id, to: rules.aggregator, in: context)
        context.remove(Self.debts, key)
    }

    // MARK: Payment

    /// T13.6, second half: the buyer's wallet answers the payable with a signed payment.
    func pay(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let (key, trade) = try named(&arguments, rules, context)
        let amount = try arguments.unsigned("amount")
        try arguments.finish()
        guard trade.buyer == context.sender.id else { throw .notAuthorised("the buyer is \(trade.buyer)") }
        guard trade.stage == .payable, let payable = trade.amount else { throw Refusal.notPayable(trade.stage) }
        guard amount == payable else { throw Refusal.otherAmount(payable) }
        try note(.kept, of: trade.buyer, try Self.start(of: key), rules, context)
        try complete(key, trade, payable, rules, context)
    }

    /// Time to pay is over: the escrow pays.
    func collect(_ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        for (key, trade) in try allTrades(interval, context) where trade.stage == .payable {
            try note(.late, of: trade.buyer, interval, rules, context)
            try complete(key, trade, trade.amount ?? 0, rules, context)
        }
    }

    private func complete(
        _ key: String, _ trade: Trade, _ amount: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        var trade = trade
        try payEscrow(key, trade, amount, rules, context)
        trade.stage = .paid
        context.set(Self.trades, key, trade)
        try context.emit("settled", subject: key)
    }

    /// The aggregator's word where meters were silent or differed, with its reason on the record.
    func resolve(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        var (key, trade) = try named(&arguments, rules, context)
        let delivered = try arguments.unsigned("delivered", in: 0...trade.energy)
        let reason = try arguments.text("reason")
        let fault = try arguments.optionalText("fault", maximum: 100)
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        guard fault.map([trade.seller, trade.buyer].contains) ?? true else {
            throw .invalid("fault", "whose meter was wrong: \(trade.seller) or \(trade.buyer), or null")
        }
        guard trade.stage == .disputed else { throw Refusal.notDisputed }
        guard trade.seller != rules.aggregator, trade.buyer != rules.aggregator else {
            throw .notAuthorised("a party does not decide its own dispute; its trade is undone when its escrow ends")
        }
        try conclude(key, &trade, delivered: delivered, rules, context)
        if let fault { try note(.meter, of: fault, try Self.start(of: key), rules, context) }
        try complete(key, trade, trade.amount ?? 0, rules, context)
        try context.emit("resolved", subject: key, [("reason", .text(reason))])
    }

    /// T13.7: the aggregator tells every wallet that a trade was settled, and only its parties what it was.
    func confirm(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        var (key, trade) = try named(&arguments, rules, context)
        let commitment = try arguments.hash("commitment")
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        guard trade.stage == .paid else { throw Refusal.notPaid(trade.stage) }
        trade.stage = .confirmed
        trade.commitment = commitment
        context.set(Self.trades, key, trade)
        try context.emit("confirmed", subject: key, [("commitment", .hash(commitment))])
    }

    private static func start(of key: String) throws(ContractError) -> UInt64 {
        guard let interval = UInt64(key.prefix { $0 != "/" }) else { throw .corrupt("of a trade's key") }
        return interval
    }

    private func named(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) -> (key: String, trade: Trade) {
        let interval = try Self.interval(&arguments, rules, context)
        let key = Self.place(interval, "\(try arguments.unsigned("trade"))")
        return (key, try context.require(Self.trades, key, "the trade"))
    }
}
