import ContractKit

/// Sessions with a meter record of their own: wireless, or mobile.
extension EnergyContract {
    func offerSession(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let id = try Self.plainID(&arguments)
        let buyer = try arguments.text("buyer", maximum: 100)
        let terms = try Self.terms(&arguments, seller: context.sender.id, buyer: buyer)
        try requireCredit(context)
        try requireCalmGrid(context)
        for party in [terms.seller, buyer] where try context.get(Self.prosumers, party) == nil {
            throw Refusal.notRegistered
        }
        guard buyer != terms.seller, ![buyer, terms.seller].contains(rules.aggregator) else {
            throw .invalid("buyer", "another participant of the microgrid")
        }
        guard terms.until > context.time, terms.until <= (try context.time.adding(ChargingSession.longest)) else {
            throw .invalid("until", "later than now, by a day at most")
        }
        let key = "\(terms.seller)/\(id)"
        guard try context.get(Self.sessions, key) == nil else { throw .exists("the session \(id)") }
        context.set(Self.sessions, key, ChargingSession(terms))
        context.schedule("session \(key)", at: terms.until)
        try context.emit("sessionOffered", subject: terms.seller, [("session", .text(key))])
    }

    /// The buyer repeats the terms, and sets the money for all of it aside.
    func joinSession(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let seller = try arguments.text("seller", maximum: 100)
        let id = try Self.plainID(&arguments)
        let terms = try Self.terms(&arguments, seller: seller, buyer: context.sender.id)
        var (key, session) = try running(seller, id, context)
        guard session.terms.buyer == context.sender.id else {
            throw .notAuthorised("it was offered to \(session.terms.buyer)")
        }
        guard session.joinedBy == nil else { throw .exists("your signature") }
        guard session.terms == terms else { throw Refusal.otherTerms }
        try requireCredit(context)
        try requireCalmGrid(context)
        let amount = try Auction.amount(terms.energy, at: terms.price)
        if amount > 0 {
            try WalletContract.setAside(
                Hold(
                    payee: seller, amount: amount, until: try terms.until.adding(Self.disputeTime),
                    controller: Self.contractName),
                rules.currency, payer: terms.buyer, id: Self.holdID(seller, id), in: context)
        }
        session.joinedBy = context.transaction
        context.set(Self.sessions, key, session)
        try context.emit("sessionJoined", subject: key)
    }

    /// What the session's meter has shown so far, as the aggregator read it from signed messages.
    func recordSession(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let seller = try arguments.text("seller", maximum: 100)
        let id = try Self.plainID(&arguments)
        let record = ChargingSession.Record(
            sent: try arguments.unsigned("sent", in: 0...OrderTerms.maximumEnergy),
            received: try arguments.unsigned("received", in: 0...OrderTerms.maximumEnergy),
            first: try arguments.unsigned("first"), last: try arguments.unsigned("last"))
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        var (key, session) = try running(seller, id, context)
        guard session.joinedBy != nil else { throw Refusal.sessionNotRunning }
        guard record.first < record.last else { throw .invalid("last", "a later message than the first") }
        guard record.received <= record.sent else { throw .invalid("received", "no more than was sent") }
        if let before = session.record {
            guard record.first == before.first, record.last > before.last, record.sent >= before.sent,
                record.received >= before.received
            else { throw Refusal.sessionGoesBack }
        }
        session.record = record
        context.set(Self.sessions, key, session)
        try context.emit("sessionMetered", subject: key)
    }

    /// Either side, or the aggregator, ends it; it is paid by its last record.
    func endSession(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        let seller = try arguments.text("seller", maximum: 100)
        let id = try Self.plainID(&arguments)
        try arguments.finish()
        let (key, session) = try running(seller, id, context)
        guard [seller, session.terms.buyer, rules.aggregator].contains(context.sender.id) else {
            throw .notAuthorised("it is between \(seller) and \(session.terms.buyer)")
        }
        context.cancel("session \(key)", at: session.terms.until)
        try settleSession(key, rules, context)
    }

    /// Pays for what arrived, at most for what was agreed; the rest of the money is free again.
    func settleSession(_ key: String, _ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        guard var session = try context.get(Self.sessions, key), session.amount == nil else { return }
        let arrived = min(session.record?.received ?? 0, session.terms.energy)
        let amount = try Auction.amount(arrived, at: session.terms.price)
        let id = String(key.drop { $0 != "/" }.dropFirst())
        let hold = "\(rules.currency)/\(session.terms.buyer)/\(Self.holdID(session.terms.seller, id))"
        if try context.get(WalletContract.holds, hold) != nil {
            try WalletContract.settle(hold, paying: amount, in: context)
        }
        session.amount = amount
        context.set(Self.sessions, key, session)
        try context.emit("sessionSettled", subject: key)
    }

    private func running(
        _ seller: String, _ id: String, _ context: ContractContext
    ) throws(ContractError) -> (key: String, session: ChargingSession) {
        let key = "\(seller)/\(id)"
        let session = try context.require(Self.sessions, key, "the session")
        guard session.amount == nil else { throw Refusal.sessionNotRunning }
        return (key, session)
    }

    private static func holdID(_ seller: String, _ id: String) -> String { "session-\(seller):\(id)" }

    private static func terms(
        _ arguments: inout Arguments, seller: String, buyer: String
    ) throws(ContractError) -> ChargingSession.Terms {
        guard let kind = ChargingSession.Kind(rawValue: try arguments.text("kind", maximum: 10)) else {
            throw .invalid("kind", ChargingSession.Kind.allCases.map(\.rawValue).joined(separator: " or "))
        }
        let terms = ChargingSession.Terms(
            seller: seller, buyer: buyer, kind: kind,
            price: try arguments.unsigned("price", in: 0...OrderTerms.maximumPrice),
            energy: try arguments.unsigned("energy", in: 1...OrderTerms.maximumEnergy),
            until: try arguments.unsigned("until", in: 1_000_000_000_000...9_999_999_999_999))
        try arguments.finish()
        return terms
    }
}
