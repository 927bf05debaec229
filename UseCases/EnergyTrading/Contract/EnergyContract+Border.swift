import ContractKit

/// Energy that crosses the microgrid's border, after the local auction and by a decision on the aggregators' ledger.
extension EnergyContract {
    /// Gives to orders that the local auction left what the aggregators agreed on: the aggregator buys it from the cheapest
    /// sellers, or sells it to the highest buyers, at one price.
    func cross(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        guard let side = Side(rawValue: try arguments.text("side", maximum: 4)) else {
            throw .invalid("side", "sell or buy: which orders of this microgrid it meets")
        }
        let energy = try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy)
        let price = try arguments.unsigned("price", in: 0...OrderTerms.maximumPrice)
        let decision = try arguments.hash("decision")
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        try requireCalmGrid(context)
        guard context.time < interval, var clearing = try context.get(Self.clearings, "\(interval)") else {
            throw Refusal.notCleared
        }
        let left = try unmatched(side, price, interval, context)
        var need = energy
        for (participant, order, terms) in left where need > 0 {
            let part = min(need, terms.energy - order.matched)
            try trade(
                part, side: side, with: participant, order, at: price, decision, number: clearing.trades, interval,
                rules,
                context)
            clearing.trades += 1
            need -= part
        }
        guard need == 0 else { throw Refusal.unmatched(energy - need) }
        context.set(Self.clearings, "\(interval)", clearing)
        try context.emit("crossed", subject: "\(interval)", [("decision", .hash(decision))])
    }

    /// Orders that the price suits and that have something left, best first.
    private func unmatched(
        _ side: Side, _ price: UInt64, _ interval: UInt64, _ context: ContractContext
    ) throws(ContractError) -> [(participant: String, order: Order, terms: OrderTerms)] {
        var found: [(participant: String, order: Order, terms: OrderTerms)] = []
        for (key, order) in try context.state.scan(Self.orders, prefix: "\(interval)/", limit: Self.maximumOrders) {
            guard let terms = order.terms, terms.side == side, terms.energy > order.matched,
                terms.isDivisible || order.matched == 0,
                side == .sell ? terms.price <= price : terms.price >= price, let slash = key.firstIndex(of: "/")
            else { continue }
            found.append((String(key[key.index(after: slash)...]), order, terms))
        }
        return found.sorted {
            $0.terms.price != $1.terms.price
                ? (side == .sell ? $0.terms.price < $1.terms.price : $0.terms.price > $1.terms.price)
                : $0.order.commitment < $1.order.commitment
        }
    }

    private func trade(
        _ energy: UInt64, side: Side, with participant: String, _ order: Order, at price: UInt64, _ decision: Hash32,
        number: UInt64, _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        var order = order
        order.matched = try order.matched.adding(energy)
        context.set(Self.orders, Self.place(interval, participant), order)
        // An open order is the word of whoever signed it; the aggregator's word is this statement.
        let trade = Trade(
            seller: side == .sell ? participant : rules.aggregator,
            buyer: side == .sell ? rules.aggregator : participant,
            energy: energy, price: price, stage: .accepted, acceptedBy: "\(context.transaction)", decision: decision)
        context.set(Self.trades, Self.place(interval, "\(number)"), trade)
        let hold = try escrow(trade, interval, rules)
        let id = Self.holdID(interval, trade: number)
        guard hold.amount > 0 else { return }
        if side == .sell {
            try WalletContract.setAside(hold, rules.currency, payer: rules.aggregator, id: id, in: context)
            return
        }
        let key = Self.hold(rules, participant, interval)
        let promised = try context.require(WalletContract.holds, key, "the escrow")
        guard hold.amount <= promised.amount else { throw .corrupt("of an escrow: \(promised.amount)") }
        let rest = (Self.holdID(interval, trade: nil), promised.reduced(to: promised.amount - hold.amount))
        try WalletContract.divide(key, into: [(id, hold), rest], in: context)
    }
}
