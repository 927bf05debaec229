import ContractKit

/// A loan while it lives: watched at every price, repaid, its goods swapped, added to or sold.
extension ChattelContract {
    // MARK: Watching

    /// What the goods of a loan are worth: weight that may not go, times price.
    func value(of loan: Loan, _ context: ContractContext) throws(ContractError) -> UInt64 {
        var value: UInt64 = 0
        for number in loan.receipts {
            let receipt = try context.require(Self.receipts, number, "the receipt")
            guard let price = try context.get(Self.prices, receipt.kind), price.currency == loan.currency else {
                throw Refusal.noPrice
            }
            let kept = receipt.grams - min(receipt.releasable, receipt.grams)
            value = try value.adding(try price.value(of: kept))
        }
        return value
    }

    /// Grams of a kind that a loan can do without.
    func spare(_ loan: Loan, of kind: String, _ context: ContractContext) throws(ContractError) -> UInt64 {
        let value = try value(of: loan, context)
        guard let price = try context.get(Self.prices, kind), price.perTonne > 0 else { throw Refusal.noPrice }
        // The least value whose lendable part covers the loan; each of the two divisions rounds down.
        let factor = (1000 - min(loan.policy.haircut, 1000)) * loan.policy.ratio
        guard factor > 0 else { return 0 }
        let needed = try loan.outstanding.adding(2).multiplied(by: 1_000_000) / factor
        guard loan.outstanding > 0, value > needed else { return loan.outstanding == 0 ? Self.maximumGrams : 0 }
        return try (value - needed).multiplied(by: 1_000_000) / price.perTonne
    }

    /// Calls a loan that its goods no longer bear, once, and takes the call back when they do.
    func watch(_ id: String, _ context: ContractContext) throws(ContractError) {
        guard var loan = try context.get(Self.loans, id), loan.stage == .open || loan.stage == .called else { return }
        let value = try value(of: loan, context)
        let isShort = try loan.policy.isShort(loan.outstanding, value: value)
        guard isShort != (loan.stage == .called) else { return }
        if isShort {
            let until = try context.time.adding(loan.policy.cure)
            loan.stage = .called
            loan.cureUntil = until
            context.schedule("cure \(id)", at: until)
        } else {
            if let until = loan.cureUntil { context.cancel("cure \(id)", at: until) }
            loan.stage = .open
            loan.cureUntil = nil
        }
        context.set(Self.loans, id, loan)
        try context.emit(
            isShort ? "marginCall" : "cured", subject: "loan:\(id)",
            [
                ("bank", .text(loan.bank)), ("enterprise", .text(loan.enterprise)), ("value", .unsigned(value)),
                ("outstanding", .unsigned(loan.outstanding)), ("until", .optional(loan.cureUntil)),
            ])
    }

    func price(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.priceSource)
        let kind = try Self.identifier(&arguments, "kind")
        let price = Price(
            perTonne: try arguments.unsigned("perTonne", in: 1...1_000_000_000_000),
            currency: try arguments.text("currency", maximum: 3), source: try arguments.text("source", maximum: 100),
            at: try arguments.unsigned("at"))
        try arguments.finish()
        if let known = try context.get(Self.prices, kind) {
            guard price.at >= known.at else { throw Refusal.stage("there is a later price") }
            guard price.currency == known.currency else { throw .invalid("currency", known.currency) }
        }
        context.set(Self.prices, kind, price)
        for (key, _) in try context.state.scan(Self.loansOn, prefix: "\(kind)/", limit: 1000) {
            try watch(String(key.dropFirst(kind.utf8.count + 1)), context)
        }
    }

    /// A cure period or the term of a loan has ended.
    func fallsDue(_ id: String, _ context: ContractContext) throws(ContractError) {
        guard var loan = try context.get(Self.loans, id), loan.outstanding > 0,
            loan.stage == .called && (loan.cureUntil ?? .max) <= context.time
                || loan.maturity <= context.time && loan.stage != .enforced && loan.stage != .closed
        else { return }
        loan.stage = .defaulted
        context.set(Self.loans, id, loan)
        try context.emit(
            "defaulted", subject: "loan:\(id)",
            [("bank", .text(loan.bank)), ("enterprise", .text(loan.enterprise))])
    }

    // MARK: The borrower's side

    private func borrowed(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (id: String, loan: Loan) {
        let id = try arguments.text("loan", maximum: 60)
        let loan = try context.require(Self.loans, id, "the loan")
        guard loan.enterprise == context.sender.id else { throw .notAuthorised("the loan is another's") }
        return (id, loan)
    }

    func repay(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try borrowed(&arguments, context)
        let amount = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        try arguments.finish()
        guard amount <= loan.outstanding else { throw .invalid("amount", "at most \(loan.outstanding)") }
        try WalletContract.move(amount, loan.currency, from: loan.enterprise, to: loan.bank, in: context)
        try reduce(&loan, by: amount, id, context)
    }

    private func reduce(
        _ loan: inout Loan, by amount: UInt64, _ id: String, _ context: ContractContext
    ) throws(ContractError) {
        loan.outstanding = try loan.outstanding.subtracting(amount)
        let key = "\(loan.bank)/\(loan.enterprise)"
        context.set(Self.exposures, key, try (try context.get(Self.exposures, key) ?? 0).subtracting(amount))
        context.set(Self.loans, id, loan)
        guard loan.outstanding == 0 else { return try watch(id, context) }
        for number in loan.receipts { try discharge(number, context) }
        try close(&loan, id, context)
    }

    /// Paid off: the goods are free, the notice is discharged, and the bank's access ends; its past evidence stays.
    private func close(_ loan: inout Loan, _ id: String, _ context: ContractContext) throws(ContractError) {
        loan.stage = .closed
        for number in loan.receipts {
            if let kind = try context.get(Self.receipts, number)?.kind { context.remove(Self.loansOn, "\(kind)/\(id)") }
        }
        if let until = loan.cureUntil { context.cancel("cure \(id)", at: until) }
        context.cancel("due \(id)", at: loan.maturity)
        loan.receipts = []
        context.set(Self.loans, id, loan)
        if let notice = loan.notice { try discharge(notice: notice, context) }
        if var application = try context.get(Self.applications, id) {
            application.consentUntil = nil
            application.authorisedUntil = nil
            context.set(Self.applications, id, application)
        }
        try context.emit("closed", subject: "loan:\(id)", [("bank", .text(loan.bank))])
    }

    func topUp(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try borrowed(&arguments, context)
        let number = try arguments.text("receipt", maximum: 60)
        try arguments.finish()
        guard loan.stage == .open || loan.stage == .called, loan.receipts.count < Self.maximumItems else {
            throw Refusal.stage("the loan is \(loan.stage)")
        }
        try pledge(number, to: &loan, id, context)
        loan.receipts.append(number)
        context.set(Self.loans, id, loan)
        try watch(id, context)
    }

    func proposeSwap(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try borrowed(&arguments, context)
        let out = try arguments.text("out", maximum: 60)
        let number = try arguments.text("in", maximum: 60)
        try arguments.finish()
        guard loan.receipts.contains(out) else { throw .notFound("in the loan, the receipt \(out)") }
        _ = try requireFree(number, of: loan.enterprise, context)
        loan.swap = "\(out)/\(number)"
        context.set(Self.loans, id, loan)
        try context.emit("swapProposed", subject: "loan:\(id)", [("bank", .text(loan.bank))])
    }

    // MARK: The bank's side

    private func lent(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (id: String, loan: Loan) {
        let id = try arguments.text("loan", maximum: 60)
        let loan = try context.require(Self.loans, id, "the loan")
        guard loan.bank == context.sender.id else { throw .notAuthorised("the loan is another's") }
        return (id, loan)
    }

    /// One lot for another of its kind, in one statement: the loan is never without either.
    func acceptSwap(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try lent(&arguments, context)
        try arguments.finish()
        guard loan.stage == .open || loan.stage == .called, let swap = loan.swap?.split(separator: "/"),
            swap.count == 2
        else { throw Refusal.stage("no swap is proposed") }
        let (out, number) = (String(swap[0]), String(swap[1]))
        let leaving = try context.require(Self.receipts, out, "the receipt")
        let coming = try context.require(Self.receipts, number, "the receipt")
        guard loan.receipts.contains(out), coming.kind == leaving.kind, coming.grams >= leaving.grams else {
            throw Refusal.unlike
        }
        guard !leaving.isBlocked else { throw Refusal.blocked }
        try pledge(number, to: &loan, id, context)
        try discharge(out, context)
        loan.receipts = loan.receipts.map { $0 == out ? number : $0 }
        loan.swap = nil
        context.set(Self.loans, id, loan)
        try watch(id, context)
    }

    func enforce(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try lent(&arguments, context)
        try arguments.finish()
        guard loan.stage == .defaulted else { throw Refusal.stage("the loan is \(loan.stage)") }
        loan.stage = .enforced
        context.set(Self.loans, id, loan)
        try context.emit("enforced", subject: "loan:\(id)", [("enterprise", .text(loan.enterprise))])
    }

    /// A buyer sets money aside for pledged goods that the bank sells.
    func bid(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let number = try arguments.text("receipt", maximum: 60)
        let amount = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        let receipt = try context.require(Self.receipts, number, "the receipt")
        guard let id = receipt.loan, let loan = try context.get(Self.loans, id), loan.stage == .enforced else {
            throw Refusal.stage("the receipt is not for sale")
        }
        guard until > context.time else { throw .invalid("until", "a time to come") }
        try WalletContract.setAside(
            Hold(payee: loan.bank, amount: amount, until: until, controller: name), loan.currency,
            payer: context.sender.id, id: "bid-\(number)", in: context)
    }

    /// The bank takes a bid: the money pays the loan, what is over goes to the owner, the receipt to the buyer.
    func sell(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, loan) = try lent(&arguments, context)
        let number = try arguments.text("receipt", maximum: 60)
        let buyer = try arguments.text("buyer", maximum: 100)
        try arguments.finish()
        guard loan.stage == .enforced, loan.receipts.contains(number) else {
            throw Refusal.stage("the loan is \(loan.stage)")
        }
        let key = "\(loan.currency)/\(buyer)/bid-\(number)"
        let bid = try context.require(WalletContract.holds, key, "the bid")
        guard bid.controller == name else { throw .notAuthorised("the money is not set aside for this") }
        try WalletContract.settle(key, paying: bid.amount, in: context)
        var receipt = try context.require(Self.receipts, number, "the receipt")
        let owner = receipt.title.beneficiary
        receipt.loan = nil
        receipt.title = Title(beneficiary: buyer, holder: buyer)
        context.set(Self.receipts, number, receipt)
        context.remove(Self.pledges, number)
        loan.receipts = loan.receipts.filter { $0 != number }
        let paid = min(bid.amount, loan.outstanding)
        if bid.amount > paid {
            try WalletContract.move(bid.amount - paid, loan.currency, from: loan.bank, to: owner, in: context)
        }
        try context.emit(
            "sold", subject: "receipt:\(number)",
            [("buyer", .text(buyer)), ("owner", .text(owner)), ("paid", .unsigned(paid))])
        try reduce(&loan, by: paid, id, context)
    }
}
