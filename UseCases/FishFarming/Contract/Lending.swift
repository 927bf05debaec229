import ContractKit

/// Models, the three documents, applications and loans (TR 6.2.2.2 and steps 7 to 9 of table 7).
extension FishFarmingContract {
    func publishModel(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try Self.identifier(&arguments, "name")
        let version = try arguments.unsigned("version", in: 1...1_000_000)
        let card = try arguments.bytes("card", maximum: 16 * 1024)
        try arguments.finish()
        guard let value = try? Value.decode(card) else { throw .invalid("card", "a scorecard as deterministic CBOR") }
        let model = try Scorecard(cbor: value)
        try context.requireRole(model.kind == "loan" ? Role.bank : Role.insurer)
        let key = "\(context.sender.id)/\(name)/\(version)"
        guard try context.get(Self.models, key) == nil else { throw .exists("the model \(key)") }
        context.set(Self.models, key, model)
    }

    func order(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.identifier(&arguments, "order")
        let record = OrderRecord(
            owner: context.sender.id, seller: try arguments.text("seller", maximum: 100),
            amount: try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount),
            goods: try arguments.text("goods", maximum: 200), document: try arguments.hash("document"))
        try arguments.finish()
        _ = try ownFarm(context)
        let seller = try context.require(MembershipContract.participants, record.seller, "the seller")
        guard seller.roles.contains(Role.supplier) else { throw .invalid("seller", "a supplier of feed or fry") }
        guard try context.get(Self.orders, id) == nil else { throw .exists("the order \(id)") }
        context.set(Self.orders, id, record)
    }

    func confirmOrder(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("order", maximum: 60)
        try arguments.finish()
        var order = try context.require(Self.orders, id, "the order")
        guard order.seller == context.sender.id else { throw .notAuthorised("the seller is \(order.seller)") }
        guard !order.isConfirmed else { throw Refusal.stage }
        order.isConfirmed = true
        context.set(Self.orders, id, order)
    }

    /// The entrusted payment agreement: what is lent on an order goes to its seller.
    func entrust(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("order", maximum: 60)
        let document = try arguments.hash("document")
        try arguments.finish()
        var order = try context.require(Self.orders, id, "the order")
        guard order.owner == context.sender.id else { throw .notAuthorised("the order belongs to \(order.owner)") }
        order.payment = document
        context.set(Self.orders, id, order)
    }

    func apply(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.identifier(&arguments, "id")
        let key = try arguments.text("model", maximum: 200)
        let orderID = try arguments.text("order", maximum: 60)
        let (batch, fish) = try ownBatch(&arguments, context)
        let asked = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        try arguments.finish()
        try context.requireRole(Role.farmer)
        let model = try context.require(Self.models, key, "the model")
        guard model.kind == "loan" else { throw .invalid("model", "a model for loans") }
        let institution = String(key.prefix { $0 != "/" })
        var order = try context.require(Self.orders, orderID, "the order")
        guard order.owner == context.sender.id else { throw .notAuthorised("the order belongs to \(order.owner)") }
        guard order.isConfirmed else { throw Refusal.order }
        guard order.usedBy == nil else { throw Refusal.used }
        guard order.payment != nil else { throw Refusal.payment }
        guard asked <= order.amount else { throw Refusal.overOrder }
        let farm = try requireConsent(context.sender.id, to: institution, for: model, context)
        let loan = "\(context.sender.id)/\(id)"
        guard try context.get(Self.loans, loan) == nil else { throw .exists("the application \(id)") }
        order.usedBy = loan
        context.set(Self.orders, orderID, order)
        let pond = try context.require(Self.ponds, fish.pond, "the pond")
        var heads: [Head] = []
        for (stream, next) in try context.state.scan(
            TelemetryContract.streams, prefix: "\(pond.gateway)/\(context.sender.id).", limit: 100)
        {
            heads.append(Head(stream: stream, next: next))
        }
        let features = Features(farm, at: context.time)
        context.set(
            Self.loans, loan,
            ApplicationRecord(
                institution: institution, model: key, batch: batch, order: orderID, payee: order.seller, asked: asked,
                appliedAt: context.time, features: features, basis: context.height - 1, heads: heads,
                grade: try grade(of: context.sender.id, features, context)))
        try context.emit("applied", subject: loan, [("institution", .text(institution))])
    }

    /// The institution has its model decide. An offer's money is set aside for the payee of the agreement.
    func decide(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("loan", maximum: 200)
        try arguments.finish()
        var loan = try context.require(Self.loans, key, "the application")
        guard loan.institution == context.sender.id else {
            throw .notAuthorised("it is addressed to \(loan.institution)")
        }
        guard loan.stage == .asked else { throw Refusal.stage }
        let model = try context.require(Self.models, loan.model, "the model")
        _ = try requireConsent(Self.farmer(of: key), to: loan.institution, for: model, context)
        let score = model.score(loan.features)
        let isThin = loan.features[.historyDays] < model.thinDays
        loan.score = score.points
        loan.reasons = Array(
            ((isThin ? ["short history: a first, smaller loan grows with clean records"] : []) + score.reasons)
                .prefix(Scorecard.maximumReasons))
        loan.decidedAt = context.time
        if score.points < model.cutoff {
            loan.stage = .refused
            try free(loan.order, context)
        } else {
            let amount = min(loan.asked, isThin ? model.thinMaximum : model.maximum)
            guard amount > 0 else { throw .invalid("model", "one that lends something") }
            try offer(amount, key, &loan, context)
        }
        context.set(Self.loans, key, loan)
        try context.emit(
            "decided", subject: key, [("stage", .text(loan.stage.rawValue)), ("score", .unsigned(loan.score))])
    }

    /// Offers an amount until the offer's term ends, and sets it aside for the seller.
    func offer(
        _ amount: UInt64, _ key: String, _ loan: inout ApplicationRecord, _ context: ContractContext
    ) throws(ContractError) {
        loan.stage = .offered
        loan.amount = amount
        loan.decidedAt = context.time
        let end = try context.time.adding(Self.offerTerm)
        try WalletContract.setAside(
            Hold(payee: loan.payee, amount: amount, until: try end.adding(Self.day), controller: name),
            Self.currency, payer: loan.institution, id: Self.holdID(key, "loan"), in: context)
        context.schedule("offer \(key)", at: end)
    }

    /// The farmer takes the offer: the seller is paid, and nobody else can be.
    func accept(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (key, loan) = try ownLoan(&arguments, context)
        try arguments.finish()
        guard loan.stage == .offered else { throw Refusal.stage }
        let model = try context.require(Self.models, loan.model, "the model")
        // Consent that ended between offer and acceptance ends the offer.
        _ = try requireConsent(context.sender.id, to: loan.institution, for: model, context)
        try WalletContract.settle(Self.hold(loan.institution, key, "loan"), paying: loan.amount, in: context)
        if let decidedAt = loan.decidedAt { context.cancel("offer \(key)", at: try decidedAt.adding(Self.offerTerm)) }
        loan.stage = .live
        loan.owed = try loan.amount.adding(loan.amount / 1000 * model.rate)
        context.set(Self.loans, key, loan)
        try context.emit("paidOut", subject: key, [("to", .text(loan.payee)), ("amount", .unsigned(loan.amount))])
    }

    func repay(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (key, loan) = try ownLoan(&arguments, context)
        let amount = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        try arguments.finish()
        guard loan.stage == .live else { throw Refusal.stage }
        let paid = min(amount, loan.owed)
        try WalletContract.move(paid, Self.currency, from: context.sender.id, to: loan.institution, in: context)
        loan.owed -= paid
        if loan.owed == 0 {
            loan.stage = .repaid
            if var farm = try context.get(Self.farms, context.sender.id) {
                farm.repaid = try farm.repaid.adding(1)
                context.set(Self.farms, context.sender.id, farm)
            }
        }
        context.set(Self.loans, key, loan)
    }

    func offerEnds(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard var loan = try context.get(Self.loans, key), loan.stage == .offered else { return }
        try WalletContract.settle(Self.hold(loan.institution, key, "loan"), paying: 0, in: context)
        loan.stage = .lapsed
        try free(loan.order, context)
        context.set(Self.loans, key, loan)
    }

    private func free(_ id: String, _ context: ContractContext) throws(ContractError) {
        var order = try context.require(Self.orders, id, "the order")
        order.usedBy = nil
        context.set(Self.orders, id, order)
    }

    private func ownLoan(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError)
        -> (key: String, loan: ApplicationRecord)
    {
        try context.requireRole(Role.farmer)
        let key = "\(context.sender.id)/\(try arguments.text("id", maximum: 60))"
        return (key, try context.require(Self.loans, key, "the loan"))
    }

    static func farmer(of key: String) -> String { String(key.prefix { $0 != "/" }) }

    /// The name of a hold in the wallet: no slash, and one for each purpose.
    static func holdID(_ key: String, _ purpose: String) -> String {
        "fish.\(purpose).\(Hash32.sha256(Bytes(key.utf8)).hex.prefix(32))"
    }

    public static func hold(_ payer: String, _ key: String, _ purpose: String) -> String {
        "\(currency)/\(payer)/\(holdID(key, purpose))"
    }
}
