import ContractKit

/// Table 10, steps 6 and 7: the bank decides, and its yes pledges and pays in one statement.
extension ChattelContract {
    func setPolicy(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.bank)
        let policy = BankPolicy(
            haircut: try arguments.unsigned("haircut", in: 0...1000),
            ratio: try arguments.unsigned("ratio", in: 1...1000),
            marginRatio: try arguments.unsigned("marginRatio", in: 1...1000),
            cure: try arguments.unsigned("cure", in: 1000...30 * 86_400_000),
            concentration: try arguments.unsigned("concentration", in: 1...WalletContract.maximumAmount),
            kinds: try arguments.texts("kinds", maximum: 20))
        try arguments.finish()
        context.set(Self.policies, context.sender.id, policy)
    }

    func decide(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("application", maximum: 60)
        let isApproved = try arguments.bool("approved")
        let reason = try arguments.text("reason", maximum: 200)
        let amount = try arguments.unsigned("amount", in: 0...WalletContract.maximumAmount)
        try arguments.finish()
        var application = try context.require(Self.applications, id, "the application")
        guard application.bank == context.sender.id else { throw .notAuthorised("the application is to another bank") }
        guard application.stage == .submitted else { throw Refusal.stage("the application is \(application.stage)") }
        application.reason = reason
        application.stage = isApproved ? .approved : .refused
        if !isApproved { application.consentUntil = nil }
        context.set(Self.applications, id, application)
        var details: [(String, Value)] = [
            ("approved", .bool(isApproved)), ("amount", .unsigned(amount)),
            ("enterprise", .text(application.enterprise)),
        ]
        if isApproved {
            let (value, limit) = try lend(amount, id, application, context)
            // Both kinds of data that the decision stands on: the goods, and the orders.
            details += [
                ("value", .unsigned(value)), ("limit", .unsigned(limit)), ("orders", .texts(application.orders)),
                ("ordersValue", .unsigned(application.ordersValue)),
            ]
        }
        try context.emit("decided", subject: "application:\(id)", details)
    }

    /// Pledges the receipts and pays, or does neither.
    private func lend(
        _ amount: UInt64, _ id: String, _ application: LoanApplication, _ context: ContractContext
    ) throws(ContractError) -> (value: UInt64, limit: UInt64) {
        let policy = try context.require(Self.policies, application.bank, "the rules of")
        let age = context.parameters["reportAge"]?.unsigned ?? Self.reportAge
        guard let report = application.report, try report.height.adding(age) >= context.height else {
            throw Refusal.stale
        }
        guard report.openAlarms == 0 else { throw Refusal.alarmed }
        guard amount > 0, amount <= application.amount else { throw .invalid("amount", "what was asked for, or less") }
        var loan = Loan(
            bank: application.bank, enterprise: application.enterprise, receipts: application.receipts, amount: amount,
            outstanding: amount, currency: application.currency,
            maturity: try context.time.adding(application.days.multiplied(by: 86_400_000)), policy: policy)
        for number in application.receipts {
            try pledge(number, to: &loan, id, context)
        }
        let value = try value(of: loan, context)
        let exposureKey = "\(loan.bank)/\(loan.enterprise)"
        let exposure = try context.get(Self.exposures, exposureKey) ?? 0
        let limit = min(try policy.limit(on: value, exposure: exposure), application.ordersValue)
        guard amount <= limit else { throw Refusal.overLimit(limit) }
        loan.notice = try notice(
            of: [loan.bank], debtor: loan.enterprise, collateral: loan.receipts, until: loan.maturity, context)
        context.set(Self.exposures, exposureKey, try exposure.adding(amount))
        context.set(Self.loans, id, loan)
        context.schedule("due \(id)", at: loan.maturity)
        try WalletContract.move(amount, loan.currency, from: loan.bank, to: loan.enterprise, in: context)
        return (value, limit)
    }

    /// Gives the bank control of a free receipt.
    func pledge(
        _ number: String, to loan: inout Loan, _ id: String, _ context: ContractContext
    ) throws(ContractError) {
        var receipt = try requireFree(number, of: loan.enterprise, context)
        guard loan.policy.kinds.contains(receipt.kind) else { throw Refusal.notEligible }
        guard let price = try context.get(Self.prices, receipt.kind), price.currency == loan.currency,
            try price.at.adding(Self.priceAge) > context.time
        else { throw Refusal.noPrice }
        receipt.loan = id
        receipt.title.pass(control: loan.bank)
        context.set(Self.receipts, number, receipt)
        context.set(Self.pledges, number, id)
        context.set(Self.loansOn, "\(receipt.kind)/\(id)", context.height)
        try tell("pledged", number, receipt, [("loan", .text(id))], context)
    }

    /// Gives control back to the owner.
    func discharge(_ number: String, _ context: ContractContext) throws(ContractError) {
        var receipt = try context.require(Self.receipts, number, "the receipt")
        receipt.loan = nil
        receipt.title.pass(control: receipt.title.beneficiary)
        context.set(Self.receipts, number, receipt)
        context.remove(Self.pledges, number)
        try tell("discharged", number, receipt, [], context)
    }
}
