import ContractKit

/// Agreements between two neighbours: signed by both, and served before the auction.
extension EnergyContract {
    /// Most agreements of a microgrid.
    static let maximumAgreements = 1000

    func offerAgreement(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let id = try Self.plainID(&arguments)
        let buyer = try arguments.text("buyer", maximum: 100)
        let agreement = try Self.terms(&arguments, seller: context.sender.id, buyer: buyer, rules)
        for party in [agreement.seller, buyer] where try context.get(Self.prosumers, party) == nil {
            throw Refusal.notRegistered
        }
        guard buyer != agreement.seller, ![buyer, agreement.seller].contains(rules.aggregator) else {
            throw .invalid("buyer", "another household of the microgrid")
        }
        guard agreement.from > (try context.time.adding(rules.gate)) else { throw Refusal.gateClosed }
        let key = "\(agreement.seller)/\(id)"
        guard try context.get(Self.agreements, key) == nil else { throw .exists("the agreement \(id)") }
        let count = try context.state.scan(Self.agreements, limit: Self.maximumAgreements).count
        guard count < Self.maximumAgreements else { throw Refusal.tooMany }
        context.set(Self.agreements, key, agreement)
        try context.emit("offered", subject: agreement.seller, [("agreement", .text(key))])
    }

    /// The buyer repeats the terms, so that both signatures are under the same words.
    func signAgreement(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let seller = try arguments.text("seller", maximum: 100)
        let key = "\(seller)/\(try Self.plainID(&arguments))"
        let terms = try Self.terms(&arguments, seller: seller, buyer: context.sender.id, rules)
        var agreement = try context.require(Self.agreements, key, "the agreement")
        guard agreement.buyer == context.sender.id else {
            throw .notAuthorised("it was offered to \(agreement.buyer)")
        }
        guard agreement.signedBy == nil else { throw .exists("your signature") }
        guard agreement.hasTerms(of: terms) else { throw Refusal.otherTerms }
        agreement.signedBy = context.transaction
        context.set(Self.agreements, key, agreement)
        let first = max(agreement.from, try Self.nextOpen(rules, context))
        if first < agreement.to { context.schedule("serve \(first) \(key)", at: first - rules.gate) }
        try context.emit("signed", subject: key)
    }

    /// Either side ends it for the intervals whose gate is open.
    func endAgreement(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let seller = try arguments.text("seller", maximum: 100)
        let key = "\(seller)/\(try Self.plainID(&arguments))"
        try arguments.finish()
        var agreement = try context.require(Self.agreements, key, "the agreement")
        guard [agreement.seller, agreement.buyer].contains(context.sender.id) else {
            throw .notAuthorised("it is between \(agreement.seller) and \(agreement.buyer)")
        }
        agreement.to = min(agreement.to, try Self.nextOpen(rules, context))
        context.set(Self.agreements, key, agreement)
        try context.emit("ended", subject: key, [("from", .unsigned(agreement.to))])
    }

    /// The gate of an interval closes: it is cleared also when nobody else ordered, and the next one follows.
    func serve(
        _ interval: UInt64, _ key: String, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        guard let agreement = try context.get(Self.agreements, key), agreement.covers(interval) else { return }
        context.schedule("clear \(interval)", at: interval - rules.clearing)
        let next = try interval.adding(rules.interval)
        if agreement.covers(next) { context.schedule("serve \(next) \(key)", at: next - rules.gate) }
    }

    /// Trades of all agreements of an interval, before those of the auction.
    ///
    /// - Returns: how many.
    func tradeAgreements(
        _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) -> UInt64 {
        var number: UInt64 = 0
        // By seller and id, so what a seller has is divided in one order on every replica.
        var (seller, left): (String, UInt64) = ("", 0)
        for (key, agreement) in try context.state.scan(Self.agreements, limit: Self.maximumAgreements)
        where agreement.covers(interval) {
            if agreement.seller != seller {
                seller = agreement.seller
                left = try context.get(Self.surpluses, Self.place(interval, seller)) ?? 0
            }
            let energy = min(agreement.energy, left)
            guard energy > 0 else { continue }
            var trade = Trade(
                seller: seller, buyer: agreement.buyer, energy: energy, price: agreement.price, stage: .accepted,
                acceptedBy: agreement.signedBy.map { "agreement \($0)" })
            trade.agreement = key
            if let refusal = try secure(trade, number, interval, rules, context) {
                // A buyer without money gets nothing; the others' agreements and the auction go on.
                try context.emit("unserved", subject: key, [("reason", .text(refusal.message))])
                continue
            }
            left -= energy
            context.set(Self.trades, Self.place(interval, "\(number)"), trade)
            number += 1
        }
        return number
    }

    /// Puts the buyer's money behind a trade.
    ///
    /// - Returns: why the wallet does not give it.
    private func secure(
        _ trade: Trade, _ number: UInt64, _ interval: UInt64, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) -> ContractError? {
        let hold = try escrow(trade, interval, rules)
        guard hold.amount > 0 else { return nil }
        do throws(ContractError) {
            try WalletContract.setAside(
                hold, rules.currency, payer: trade.buyer, id: Self.holdID(interval, trade: number), in: context)
            return nil
        } catch {
            return error
        }
    }

    /// Wh of an interval that a seller has promised in agreements: the auction is for the rest.
    func promised(
        by seller: String, _ interval: UInt64, _ context: ContractContext
    ) throws(ContractError) -> UInt64 {
        var sum: UInt64 = 0
        for (_, agreement) in try context.state.scan(
            Self.agreements, prefix: "\(seller)/", limit: Self.maximumAgreements)
        where agreement.covers(interval) { sum = try sum.adding(agreement.energy) }
        return sum
    }

    static func plainID(_ arguments: inout Arguments) throws(ContractError) -> String {
        let id = try arguments.text("id", maximum: 40)
        let isPlain = id.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        guard isPlain, !id.isEmpty else { throw .invalid("id", "small letters, digits and hyphens") }
        return id
    }

    private static func terms(
        _ arguments: inout Arguments, seller: String, buyer: String, _ rules: EnergyRules
    ) throws(ContractError) -> Agreement {
        let agreement = Agreement(
            seller: seller, buyer: buyer,
            price: try arguments.unsigned("price", in: 0...OrderTerms.maximumPrice),
            energy: try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy),
            from: try arguments.unsigned("from", in: 1_000_000_000_000...9_000_000_000_000),
            to: try arguments.unsigned("to", in: 1_000_000_000_000...9_999_999_999_999))
        try arguments.finish()
        guard agreement.from % rules.interval == 0, agreement.to % rules.interval == 0, agreement.from < agreement.to,
            agreement.to - agreement.from <= Agreement.longest
        else { throw .invalid("to", "after from, at most a year, both multiples of \(rules.interval)") }
        return agreement
    }

    /// The first interval whose gate is open.
    private static func nextOpen(_ rules: EnergyRules, _ context: ContractContext) throws(ContractError) -> UInt64 {
        try ((try context.time.adding(rules.gate)) / rules.interval).adding(1).multiplied(by: rules.interval)
    }
}
