import ContractKit

/// Table 10, steps 3 to 6: application, consent, authorisation, status report.
extension ChattelContract {
    func draft(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.enterprise)
        let id = try Self.identifier(&arguments, "application")
        let application = LoanApplication(
            enterprise: context.sender.id, bank: try arguments.text("bank", maximum: 100),
            receipts: try arguments.texts("receipts", maximum: Self.maximumItems),
            amount: try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount),
            currency: try arguments.text("currency", maximum: 3), days: try arguments.unsigned("days", in: 1...3650),
            purpose: try arguments.text("purpose", maximum: 200),
            orders: try arguments.texts("orders", maximum: Self.maximumItems),
            ordersValue: try arguments.unsigned("ordersValue", in: 1...WalletContract.maximumAmount),
            documents: try arguments.hash("documents"), preparedBy: context.sender.signer)
        try arguments.finish()
        if let known = try context.get(Self.applications, id) {
            // A draft is changed by drafting it again.
            guard known.enterprise == context.sender.id, known.stage == .draft else {
                throw .exists("the application \(id)")
            }
        }
        try requireComplete(application, context)
        context.set(Self.applications, id, application)
    }

    private func requireComplete(
        _ application: LoanApplication, _ context: ContractContext
    ) throws(ContractError) {
        let bank = try context.require(MembershipContract.participants, application.bank, "the bank")
        guard bank.roles.contains(Role.bank) else { throw .invalid("bank", "a participant with the role bank") }
        let numbers = application.receipts
        guard !numbers.isEmpty, Set(numbers).count == numbers.count else {
            throw .invalid("receipts", "at least one, each once")
        }
        guard !application.orders.isEmpty else { throw .invalid("orders", "at least one") }
        let currency = application.currency
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw .invalid("currency", "three capital letters (ISO 4217)")
        }
        for number in numbers {
            let receipt = try context.require(Self.receipts, number, "the receipt")
            guard receipt.title.beneficiary == application.enterprise else {
                throw .notAuthorised("the receipt \(number) is not yours")
            }
        }
    }

    private func owned(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (id: String, application: LoanApplication) {
        let id = try arguments.text("application", maximum: 60)
        let application = try context.require(Self.applications, id, "the application")
        guard application.enterprise == context.sender.id else {
            throw .notAuthorised("the application is another's")
        }
        return (id, application)
    }

    func submit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, application) = try owned(&arguments, context)
        try arguments.finish()
        guard application.stage == .draft else { throw Refusal.stage("the application is \(application.stage)") }
        // A person of the enterprise sends what another has prepared; the enterprise's own key stands for both.
        if context.sender.signer != context.sender.id {
            guard context.sender.roles.contains(Role.approver), context.sender.signer != application.preparedBy else {
                throw Refusal.notYourApproval
            }
        }
        try requireComplete(application, context)
        application.stage = .submitted
        context.set(Self.applications, id, application)
        try context.emit("submitted", subject: "application:\(id)", [("bank", .text(application.bank))])
    }

    func withdraw(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, application) = try owned(&arguments, context)
        try arguments.finish()
        guard application.stage == .draft || application.stage == .submitted else {
            throw Refusal.stage("the application is \(application.stage)")
        }
        application.stage = .withdrawn
        application.consentUntil = nil
        context.set(Self.applications, id, application)
        try context.emit("withdrawn", subject: "application:\(id)", [("bank", .text(application.bank))])
    }

    /// The enterprise lets the status of its goods be told to the bank, until a time; 0 takes it back.
    func consent(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, application) = try owned(&arguments, context)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        application.consentUntil = until > 0 ? until : nil
        context.set(Self.applications, id, application)
        try context.emit("consented", subject: "application:\(id)", [("until", .unsigned(until))])
    }

    /// The bank lets a monitoring organisation tell it, until a time; 0 takes it back.
    func authorise(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("application", maximum: 60)
        let monitor = try arguments.text("monitor", maximum: 100)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        var application = try context.require(Self.applications, id, "the application")
        guard application.bank == context.sender.id else { throw .notAuthorised("the application is to another bank") }
        application.monitor = monitor
        application.authorisedUntil = until > 0 ? until : nil
        context.set(Self.applications, id, application)
        try context.emit("authorised", subject: "application:\(id)", [("monitor", .text(monitor))])
    }

    /// What the ledger has of the goods at this height; the organisation signs for it and cannot make it better.
    func report(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("application", maximum: 60)
        try arguments.finish()
        var application = try context.require(Self.applications, id, "the application")
        guard application.consentUntil.map({ context.time < $0 }) ?? false else { throw Refusal.noConsent }
        guard application.monitor == context.sender.id,
            application.authorisedUntil.map({ context.time < $0 }) ?? false
        else { throw Refusal.noAuthority }
        var report = StatusReport(
            height: context.height, at: context.time, grams: 0, value: 0, evidenceGrade: "A", openAlarms: 0,
            incidents: 0, isFree: true, transaction: context.transaction)
        for number in application.receipts {
            let receipt = try context.require(Self.receipts, number, "the receipt")
            let site = try context.require(Self.sites, receipt.site, "the site")
            guard site.monitor == context.sender.id else {
                throw .notAuthorised("\(receipt.site) is watched by \(site.monitor)")
            }
            let lot = try context.require(Self.lots, receipt.lot, "the lot")
            let grade = try context.get(Self.bays, "\(lot.site)/\(lot.bay)")?.evidenceGrade ?? "D"
            report.evidenceGrade = max(report.evidenceGrade, grade)
            report.grams = try report.grams.adding(receipt.grams)
            if let price = try context.get(Self.prices, receipt.kind), price.currency == application.currency {
                report.value = try report.value.adding(try price.value(of: receipt.grams))
            }
            report.openAlarms = try report.openAlarms.adding(lot.openAlarms)
            report.incidents = try report.incidents.adding(lot.alarms)
            if !receipt.isFree(of: application.enterprise) { report.isFree = false }
        }
        application.report = report
        context.set(Self.applications, id, application)
        try context.emit(
            "reported", subject: "application:\(id)",
            [("bank", .text(application.bank)), ("enterprise", .text(application.enterprise))])
    }

    // MARK: The case room

    private func requireParty(
        _ application: LoanApplication, _ context: ContractContext
    ) throws(ContractError) {
        guard [application.enterprise, application.bank, application.monitor].contains(context.sender.id) else {
            throw .notAuthorised("the case is of \(application.enterprise) and its bank")
        }
    }

    /// The words are on the ledger under a key of each reader alone; their hash is what all can hold each other to.
    func message(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("application", maximum: 60)
        let application = try context.require(Self.applications, id, "the application")
        try requireParty(application, context)
        try SealedWords.take(
            &arguments, readers: [application.enterprise, application.bank, application.monitor].compactMap { $0 })
        try arguments.finish()
        try context.emit("message", subject: "application:\(id)", [("from", .text(context.sender.id))])
    }

    /// A bank looks at a lot's status: the owner sees who looked.
    func look(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("application", maximum: 60)
        let purpose = try arguments.text("purpose", maximum: 100)
        try arguments.finish()
        let application = try context.require(Self.applications, id, "the application")
        try requireParty(application, context)
        guard
            context.sender.id == application.enterprise || application.consentUntil.map({ context.time < $0 }) ?? false
        else { throw Refusal.noConsent }
        try context.emit("looked", subject: "application:\(id)", [("purpose", .text(purpose))])
    }
}
