import ContractKit

/// From the bill to the receipt.
extension ParkingContract {
    /// Steps 8 and 9: collects a bill under the driver's mandate; what it does not cover becomes a claim, never a trap.
    func charge(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let key = try arguments.text("session", maximum: 60)
        try arguments.finish()
        var session = try context.require(Self.sessions, key, "the session")
        let lot = try requireLot(key, context)
        try requireOperator(lot, context)
        guard session.stage == .billed, let bill = session.bill, let driver = session.driver else {
            throw Refusal.notPayable(session.stage)
        }
        let mandate = try context.get(Self.plates, session.entry.plate.hex)?.mandate ?? "parking"
        if let obstacle = try obstacle(bill.total, from: driver, mandate, lot, context) {
            context.remove(Self.billed, key)
            session.stage = .claimed
            session.reason = obstacle
            session.due = try context.time.adding(rules.claim)
            context.set(Self.sessions, key, session)
            return try context.emit(
                "claimed", subject: "session:\(key)",
                [("driver", .text(driver)), ("amount", .unsigned(bill.total)), ("reason", .text(obstacle))])
        }
        try WalletContract.collect(
            bill.total, payment: Self.paymentName(key), from: driver, mandate: mandate, by: lot.operatorID, in: context)
        try settle(&session, key, by: driver, context)
    }

    /// A name that a stay's payment has for ever, so that it is paid once.
    public static func paymentName(_ key: String) -> String {
        "parking-" + key.map { $0 == "/" ? "-" : String($0) }.joined()
    }

    /// Why a mandate does not pay a bill; nil where it does.
    private func obstacle(
        _ amount: UInt64, from payer: String, _ id: String, _ lot: Lot, _ context: ContractContext
    ) throws(ContractError) -> String? {
        guard let mandate = try context.get(WalletContract.mandates, "\(payer)/\(id)"),
            mandate.payee == lot.operatorID, mandate.currency == lot.currency, context.time < mandate.until
        else { return "no mandate for this lot" }
        guard amount <= mandate.perPayment else { return "over your cap for one stay: your consent is needed" }
        guard amount <= mandate.left(at: context.time) else {
            return "over your cap for the day: your consent is needed"
        }
        let account = try context.get(WalletContract.accounts, WalletContract.account(payer, lot.currency)) ?? Account()
        guard account.frozenBy == nil else { return "the wallet is frozen" }
        guard account.balance >= amount else { return "the wallet is short" }
        if let limit = account.limit, limit.left(at: context.time) < amount {
            return "over the wallet's limit of the day"
        }
        if let left = try WalletContract.leftByLevel(payer, lot.currency, in: context.state, at: context.time)?.left,
            left < amount
        {
            return "over what the wallet's identity level leaves for the day"
        }
        return nil
    }

    /// The driver, or anybody for a visitor's claim, pays with consent.
    func pay(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("session", maximum: 60)
        let amount = try arguments.unsigned("amount")
        try arguments.finish()
        var session = try context.require(Self.sessions, key, "the session")
        let lot = try requireLot(key, context)
        try requirePayable(session, amount)
        try WalletContract.move(amount, lot.currency, from: context.sender.id, to: lot.operatorID, in: context)
        try settle(&session, key, by: context.sender.id, context)
    }

    /// Paid at a kiosk or desk, in cash or by card: the operator's word, in its own name.
    func desk(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("session", maximum: 60)
        let amount = try arguments.unsigned("amount")
        let method = try arguments.text("method", maximum: 30)
        try arguments.finish()
        var session = try context.require(Self.sessions, key, "the session")
        try requireOperator(try requireLot(key, context), context)
        try requirePayable(session, amount)
        session.reason = "paid at the desk: \(method)"
        try settle(&session, key, by: nil, context)
    }

    private func requirePayable(_ session: ParkingSession, _ amount: UInt64) throws(ContractError) {
        guard session.stage == .claimed || session.stage == .billed, let bill = session.bill else {
            throw Refusal.notPayable(session.stage)
        }
        guard amount == bill.total else { throw Refusal.otherAmount(bill.total) }
    }

    private func settle(
        _ session: inout ParkingSession, _ key: String, by payer: String?, _ context: ContractContext
    ) throws(ContractError) {
        context.remove(Self.billed, key)
        context.remove(Self.claims, "\(session.entry.plate.hex)/\(key)")
        session.stage = .paid
        session.paid = session.bill?.total ?? 0
        session.payment = context.transaction
        session.payer = payer
        session.due = nil
        context.set(Self.sessions, key, session)
        try context.emit(
            "paid", subject: "session:\(key)",
            [("amount", .unsigned(session.paid)), ("payer", .optional(payer))])
    }
}
