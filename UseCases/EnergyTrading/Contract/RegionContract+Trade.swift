import ContractKit

extension RegionContract {
    /// A microgrid's net position for an interval; a buyer's money is set aside.
    func position(
        _ arguments: inout Arguments, _ rules: RegionRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try arguments.unsigned("interval", in: 1_000_000_000_000...9_999_999_999_999)
        guard interval % rules.interval == 0 else { throw .invalid("interval", "a multiple of \(rules.interval)") }
        guard let side = Side(rawValue: try arguments.text("side", maximum: 4)) else {
            throw .invalid("side", "sell or buy")
        }
        let position = Position(
            side: side, energy: try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy),
            price: try arguments.unsigned("price", in: 0...OrderTerms.maximumPrice))
        try arguments.finish()
        var microgrid = try Self.requireMicrogrid(context)
        guard context.time < interval - rules.clearing else { throw Refusal.gateClosed }
        guard position.energy <= microgrid.capacity else { throw Refusal.overCapacity(microgrid.capacity) }
        let key = "\(interval)/\(context.sender.id)"
        guard try context.get(Self.positions, key) == nil else { throw Refusal.oneSide }
        if side == .buy {
            let amount = try Auction.amount(position.energy, at: position.price)
            if amount > 0 {
                let until = try interval.adding(rules.interval).adding(rules.report).adding(EnergyContract.disputeTime)
                try WalletContract.setAside(
                    Hold(payee: rules.gridOperator, amount: amount, until: until, controller: Self.contractName),
                    rules.currency, payer: context.sender.id, id: "region-\(interval)", in: context)
            }
        }
        context.set(Self.positions, key, position)
        microgrid.open = try microgrid.open.adding(1)
        context.set(Self.microgrids, context.sender.id, microgrid)
        context.schedule("clear \(interval)", at: interval - rules.clearing)
        try context.emit("position", subject: context.sender.id, [("interval", .unsigned(interval))])
    }

    /// Decides an interval: the same auction as inside a microgrid. The fee is part of what the buying side can pay, once
    /// for each kWh, so a local price that is as good always wins.
    func clear(_ interval: UInt64, _ rules: RegionRules, _ context: ContractContext) throws(ContractError) {
        let all = try context.state.scan(Self.positions, prefix: "\(interval)/", limit: Self.maximumMicrogrids)
        let entries = all.map { key, position in
            Auction.Entry(
                key: Hash32.sha256(Bytes(key.utf8)), side: position.side,
                energy: position.side == .buy && position.price < rules.fee ? 0 : position.energy,
                price: position.side == .buy && position.price >= rules.fee
                    ? position.price - rules.fee : position.price)
        }
        let result = try Auction.clear(entries, k: rules.k)
        var sellers: [(aggregator: String, left: UInt64)] = []
        var buyers: [(aggregator: String, left: UInt64)] = []
        for (index, entry) in all.enumerated() {
            var position = entry.value
            position.matched = result.allocations[index]
            context.set(Self.positions, entry.key, position)
            let aggregator = String(entry.key.drop { $0 != "/" }.dropFirst())
            if position.matched == 0 {
                try close(aggregator, context)
            } else if position.side == .sell {
                sellers.append((aggregator, position.matched))
            } else {
                buyers.append((aggregator, position.matched))
            }
        }
        if let price = result.price {
            context.set(Self.prices, "\(interval)", price)
            try decide(interval, price, sellers, buyers, rules, context)
        }
        try releaseUnmatched(interval, all.map(\.key), rules, context)
        context.schedule("settle \(interval)", at: try interval.adding(rules.interval).adding(rules.report))
        try context.emit(
            "cleared", subject: "\(interval)",
            [("price", result.price.map { .unsigned($0) } ?? .null), ("energy", .unsigned(result.energy))])
    }

    private func decide(
        _ interval: UInt64, _ price: UInt64, _ sellers: [(aggregator: String, left: UInt64)],
        _ buyers: [(aggregator: String, left: UInt64)], _ rules: RegionRules, _ context: ContractContext
    ) throws(ContractError) {
        var (sellers, buyers) = (sellers, buyers)
        var (seller, buyer) = (0, 0)
        var number: UInt64 = 0
        var opened: [String] = []
        while seller < sellers.count, buyer < buyers.count {
            let energy = min(sellers[seller].left, buyers[buyer].left)
            let decision = Decision(
                seller: sellers[seller].aggregator, buyer: buyers[buyer].aggregator, energy: energy, price: price,
                fee: rules.fee)
            context.set(Self.decisions, "\(interval)/\(number)", decision)
            opened += [decision.seller, decision.buyer]
            try context.emit("decided", subject: "\(interval)/\(number)", [("energy", .unsigned(energy))])
            number += 1
            sellers[seller].left -= energy
            buyers[buyer].left -= energy
            if sellers[seller].left == 0 { seller += 1 }
            if buyers[buyer].left == 0 { buyer += 1 }
        }
        // Each decision is open on both sides in place of the position.
        for aggregator in opened { try open(aggregator, context) }
        for (aggregator, _) in sellers + buyers { try close(aggregator, context) }
    }

    /// What stands behind a decision stays, what stands behind nothing goes back.
    private func releaseUnmatched(
        _ interval: UInt64, _ keys: [String], _ rules: RegionRules, _ context: ContractContext
    ) throws(ContractError) {
        for key in keys {
            let aggregator = String(key.drop { $0 != "/" }.dropFirst())
            let hold = "\(rules.currency)/\(aggregator)/region-\(interval)"
            guard let held = try context.get(WalletContract.holds, hold) else { continue }
            var parts: [(id: String, hold: Hold)] = []
            for (place, decision) in try context.state.scan(Self.decisions, prefix: "\(interval)/", limit: 1000)
            where decision.buyer == aggregator {
                let number = place.drop { $0 != "/" }.dropFirst()
                let price = try Auction.amount(decision.energy, at: decision.price)
                let fee = try Auction.amount(decision.energy, at: decision.fee)
                parts.append(("region-\(interval)-\(number)", Self.hold(decision.seller, price, held)))
                parts.append(("region-\(interval)-\(number)-fee", Self.hold(rules.gridOperator, fee, held)))
            }
            try WalletContract.divide(hold, into: parts, in: context)
        }
    }

    private static func hold(_ payee: String, _ amount: UInt64, _ other: Hold) -> Hold {
        Hold(payee: payee, amount: amount, until: other.until, controller: contractName)
    }

    private func open(_ aggregator: String, _ context: ContractContext) throws(ContractError) {
        guard var microgrid = try context.get(Self.microgrids, aggregator) else { return }
        microgrid.open = try microgrid.open.adding(1)
        context.set(Self.microgrids, aggregator, microgrid)
    }

    private func close(_ aggregator: String, _ context: ContractContext) throws(ContractError) {
        guard var microgrid = try context.get(Self.microgrids, aggregator), microgrid.open > 0 else { return }
        microgrid.open -= 1
        context.set(Self.microgrids, aggregator, microgrid)
    }

    // MARK: Delivery

    /// What one side's tie-line meter showed of a decision.
    func report(
        _ arguments: inout Arguments, _ rules: RegionRules, _ context: ContractContext
    ) throws(ContractError) {
        let interval = try arguments.unsigned("interval", in: 1_000_000_000_000...9_999_999_999_999)
        let number = try arguments.unsigned("decision")
        let energy = try arguments.unsigned("energy", in: 0...OrderTerms.maximumEnergy)
        try arguments.finish()
        let key = "\(interval)/\(number)"
        var decision = try context.require(Self.decisions, key, "the decision")
        guard context.time >= interval + rules.interval, context.time < interval + rules.interval + rules.report else {
            throw Refusal.notOver
        }
        switch context.sender.id {
        case decision.seller:
            guard decision.given == nil else { throw Refusal.reported }
            decision.given = min(energy, decision.energy)
        case decision.buyer:
            guard decision.taken == nil else { throw Refusal.reported }
            decision.taken = min(energy, decision.energy)
        default: throw .notAuthorised("the sides are \(decision.seller) and \(decision.buyer)")
        }
        context.set(Self.decisions, key, decision)
        if decision.given != nil, decision.taken != nil {
            try pay(key, decision, rules, context)
        }
    }

    /// A side that said nothing in time cannot say less than the other did.
    func settle(_ interval: UInt64, _ rules: RegionRules, _ context: ContractContext) throws(ContractError) {
        for (key, decision) in try context.state.scan(Self.decisions, prefix: "\(interval)/", limit: 1000)
        where !decision.isSettled {
            try pay(key, decision, rules, context)
        }
    }

    private func pay(
        _ key: String, _ decision: Decision, _ rules: RegionRules, _ context: ContractContext
    ) throws(ContractError) {
        var decision = decision
        let known = [decision.given, decision.taken].compactMap { $0 }
        let delivered = known.min() ?? 0
        let amount = try Auction.amount(delivered, at: decision.price)
        let fee = try Auction.amount(delivered, at: decision.fee)
        let id = key.split(separator: "/").joined(separator: "-")
        for (suffix, part) in [("", amount), ("-fee", fee)] {
            let hold = "\(rules.currency)/\(decision.buyer)/region-\(id)\(suffix)"
            guard try context.get(WalletContract.holds, hold) != nil else { continue }
            try WalletContract.settle(hold, paying: part, in: context)
        }
        decision.paid = amount
        decision.feePaid = fee
        context.set(Self.decisions, key, decision)
        try close(decision.seller, context)
        try close(decision.buyer, context)
        try context.emit("settled", subject: key, [("delivered", .unsigned(delivered))])
    }
}
