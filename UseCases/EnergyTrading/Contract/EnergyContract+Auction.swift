import ContractKit

/// The auction of an interval, and what becomes of its trades before the interval begins.
extension EnergyContract {
    /// Nobody's order and nobody's clock starts it: ledger time does.
    func clear(_ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        let all = try context.state.scan(Self.orders, prefix: "\(interval)/", limit: Self.maximumOrders)
        // In a disturbed grid the auction is held with nothing in it, and all money goes back when the interval begins.
        let isHalted = try context.get(Self.disturbance, Self.grid) != nil
        var opened: [(participant: String, order: Order, terms: OrderTerms)] = []
        for (key, order) in all {
            let participant = String(key.drop { $0 != "/" }.dropFirst())
            guard let terms = order.terms else {
                // It could not be opened.
                if isHalted { continue }
                try note(.unopened, of: participant, interval, rules, context)
                continue
            }
            opened.append((participant, order, terms))
        }
        // What neighbours agreed on comes before the auction.
        var trades = isHalted ? 0 : try tradeAgreements(interval, rules, context)
        let result = try Auction.clear(
            opened.map {
                .init(
                    key: $0.order.commitment, side: $0.terms.side, energy: isHalted ? 0 : $0.terms.energy,
                    price: $0.terms.price,
                    isDivisible: $0.terms.isDivisible)
            }, k: rules.k)
        for index in opened.indices {
            opened[index].order.matched = result.allocations[index]
            context.set(Self.orders, Self.place(interval, opened[index].participant), opened[index].order)
        }
        if let price = result.price { trades = try makeTrades(opened, price, interval, from: trades, rules, context) }
        let digest = Clearing.digest(
            opened.map { ($0.order.commitment, $0.terms, $0.order.matched) }, price: result.price)
        context.set(
            Self.clearings, "\(interval)",
            Clearing(
                price: result.price, energy: result.energy, orders: UInt64(all.count),
                unopened: UInt64(all.count - opened.count), trades: trades, digest: digest, isHalted: isHalted))
        context.schedule("begin \(interval)", at: interval)
        context.schedule("settle \(interval)", at: try interval.adding(rules.interval).adding(rules.report))
        try context.emit(
            "cleared", subject: "\(interval)",
            [
                ("price", result.price.map { .unsigned($0) } ?? .null), ("energy", .unsigned(result.energy)),
                ("digest", .hash(digest)),
            ])
    }

    /// Pairs what sellers and buyers got, in the order of their commitments, and puts the buyers' money behind each pair.
    private func makeTrades(
        _ opened: [(participant: String, order: Order, terms: OrderTerms)], _ price: UInt64, _ interval: UInt64,
        from first: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) -> UInt64 {
        let matched = opened.filter { $0.order.matched > 0 }.sorted { $0.order.commitment < $1.order.commitment }
        let sellers = matched.filter { $0.terms.side == .sell }
        var seller = 0
        var left = sellers.first?.order.matched ?? 0
        var number = first
        for buyer in matched where buyer.terms.side == .buy {
            var parts: [(id: String, hold: Hold)] = []
            var need = buyer.order.matched
            while need > 0, seller < sellers.count {
                let energy = min(need, left)
                let trade = try propose(
                    sellers[seller].participant, buyer.participant, energy, price, context)
                context.set(Self.trades, Self.place(interval, "\(number)"), trade)
                parts.append((Self.holdID(interval, trade: number), try escrow(trade, interval, rules)))
                number += 1
                need -= energy
                left -= energy
                if left == 0 {
                    seller += 1
                    left = seller < sellers.count ? sellers[seller].order.matched : 0
                }
            }
            try keepEscrow(of: buyer, interval, parts, rules, context)
        }
        return number
    }

    private func propose(
        _ seller: String, _ buyer: String, _ energy: UInt64, _ price: UInt64, _ context: ContractContext
    ) throws(ContractError) -> Trade {
        let standing = try context.get(Self.acceptances, seller)
        let isCovered = standing.map { $0.until > context.time && $0.floor <= price } ?? false
        return Trade(
            seller: seller, buyer: buyer, energy: energy, price: price, stage: isCovered ? .accepted : .proposed,
            acceptedBy: isCovered ? standing.map { "standing \($0.transaction)" } : nil)
    }

    func escrow(_ trade: Trade, _ interval: UInt64, _ rules: EnergyRules) throws(ContractError) -> Hold {
        let until = try interval.adding(rules.interval).adding(rules.report).adding(Self.disputeTime)
        return Hold(
            payee: trade.seller, amount: try Auction.amount(trade.energy, at: trade.price), until: until,
            controller: Self.contractName)
    }

    /// What the auction left of an order stays promised until the interval begins: it may be met from across the border.
    private func keepEscrow(
        of buyer: (participant: String, order: Order, terms: OrderTerms), _ interval: UInt64,
        _ parts: [(id: String, hold: Hold)], _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let key = Self.hold(rules, buyer.participant, interval)
        guard let hold = try context.get(WalletContract.holds, key) else { return }
        let rest = try Auction.amount(buyer.terms.energy - buyer.order.matched, at: buyer.terms.price)
        let order = (Self.holdID(interval, trade: nil), hold.reduced(to: rest))
        try WalletContract.divide(key, into: parts + [order], in: context)
    }

    /// T13.3: the seller's word, where it was not given ahead.
    func accept(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try Self.interval(&arguments, rules, context)
        let number = try arguments.unsigned("trade")
        try arguments.finish()
        let key = Self.place(interval, "\(number)")
        var trade = try context.require(Self.trades, key, "the trade")
        guard trade.seller == context.sender.id else { throw .notAuthorised("the seller is \(trade.seller)") }
        guard trade.stage == .proposed else { throw Refusal.notProposed(trade.stage) }
        trade.stage = .accepted
        trade.acceptedBy = "\(context.transaction)"
        context.set(Self.trades, key, trade)
        try context.emit("accepted", subject: key)
    }

    /// The interval begins: what nobody accepted lapses, and money that stands behind nothing goes back.
    func begin(_ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        for (key, trade) in try allTrades(interval, context) where trade.stage == .proposed {
            var trade = trade
            trade.stage = .lapsed
            context.set(Self.trades, key, trade)
            try payEscrow(key, trade, 0, rules, context)
            try context.emit("lapsed", subject: key)
        }
        for (key, order) in try context.state.scan(Self.orders, prefix: "\(interval)/", limit: Self.maximumOrders) {
            guard order.terms?.side == .buy, let slash = key.firstIndex(of: "/") else { continue }
            let participant = String(key[key.index(after: slash)...])
            let hold = Self.hold(rules, participant, interval)
            guard try context.get(WalletContract.holds, hold) != nil else { continue }
            try WalletContract.settle(hold, paying: 0, in: context)
        }
    }

    func allTrades(_ interval: UInt64, _ context: ContractContext) throws(ContractError) -> [(
        key: String, value: Trade
    )] {
        try context.state.scan(Self.trades, prefix: "\(interval)/", limit: Self.maximumOrders * 4)
    }

    /// Pays a part of a trade's escrow to the seller; the rest goes back to the buyer.
    func payEscrow(
        _ key: String, _ trade: Trade, _ amount: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let parts = key.split(separator: "/")
        guard parts.count == 2, let interval = UInt64(parts[0]), let number = UInt64(parts[1]) else {
            throw .corrupt("of a trade's key")
        }
        let hold = Self.hold(rules, trade.buyer, interval, trade: number)
        guard try context.get(WalletContract.holds, hold) != nil else { return }
        try WalletContract.settle(hold, paying: amount, in: context)
    }
}
