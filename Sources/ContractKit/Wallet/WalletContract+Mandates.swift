import Ledger

/// A payer's permission to collect: so much at once, so much in a period, until a day, for one payee.
extension WalletContract {
    func mandate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try MembershipContract.identifier(try arguments.text("id", maximum: 64), "id")
        let payee = try arguments.text("payee", maximum: 100)
        let currency = try Terms.currency(&arguments)
        let mandate = Mandate(
            payee: payee, currency: currency,
            perPayment: try arguments.unsigned("perPayment", in: 1...Self.maximumAmount),
            perPeriod: try arguments.unsigned("perPeriod", in: 1...Self.maximumAmount),
            period: try arguments.unsigned("period", in: 60_000...Self.paymentAge),
            from: context.time, until: try arguments.unsigned("until"))
        try arguments.finish()
        try context.requireEntry(MembershipContract.participants, payee, "the payee")
        guard payee != context.sender.id else { throw Refusal.sameAccount }
        guard mandate.until > context.time else { throw Refusal.ended }
        let key = "\(context.sender.id)/\(id)"
        guard try context.get(Self.mandates, key) == nil else { throw .exists("the mandate \(id)") }
        context.set(Self.mandates, key, mandate)
    }

    func collect(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let payer = try arguments.text("payer", maximum: 100)
        let id = try arguments.text("id", maximum: 64)
        let amount = try arguments.unsigned("amount", in: 1...Self.maximumAmount)
        let payment = try arguments.text("payment", maximum: 64)
        _ = try arguments.optionalText("reference", maximum: 140)
        try arguments.finish()
        try Self.collect(amount, payment: payment, from: payer, mandate: id, by: context.sender.id, in: context)
    }

    /// Collects under a mandate; for this contract and for others that charge.
    ///
    /// - Parameter payment: a name that this payment has for ever, so that it is not collected twice.
    public static func collect(
        _ amount: UInt64, payment: String, from payer: String, mandate id: String, by payee: String,
        in context: ContractContext
    ) throws(ContractError) {
        let key = "\(payer)/\(id)"
        var mandate = try context.require(mandates, key, "the mandate")
        guard mandate.payee == payee else { throw .notAuthorised("the mandate is for \(mandate.payee)") }
        guard context.time < mandate.until else { throw Refusal.ended }
        guard amount <= mandate.perPayment else { throw Refusal.overPayment(mandate.perPayment) }
        let left = mandate.left(at: context.time)
        guard amount <= left else { throw Refusal.overPeriod(left) }
        try nameOnce(
            payment, payer: payer, Terms(payee: payee, amount: amount, currency: mandate.currency), context)
        try move(amount, mandate.currency, from: payer, to: payee, in: context)
        mandate.spent = mandate.perPeriod - left + amount
        mandate.spentIn = mandate.index(at: context.time)
        context.set(mandates, key, mandate)
    }

    func endMandate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let payer = try arguments.text("payer", maximum: 100)
        let id = try arguments.text("id", maximum: 64)
        try arguments.finish()
        let mandate = try context.require(Self.mandates, "\(payer)/\(id)", "the mandate")
        guard [payer, mandate.payee].contains(context.sender.id) else {
            throw .notAuthorised("a mandate is ended by its payer or its payee")
        }
        context.remove(Self.mandates, "\(payer)/\(id)")
    }
}

/// A permission to collect; `wallet/mandates/<payer>/<id>`.
public struct Mandate: StateValue, Hashable {
    public let payee: String
    public let currency: String
    /// Minor units.
    public let perPayment: UInt64
    public let perPeriod: UInt64
    /// Length of a period, ms; the first begins when the mandate is given.
    public let period: UInt64
    /// ms since 1970.
    public let from: UInt64
    public let until: UInt64
    /// What was collected in the period ``spentIn``.
    public var spent: UInt64 = 0
    public var spentIn: UInt64 = 0

    init(
        payee: String, currency: String, perPayment: UInt64, perPeriod: UInt64, period: UInt64, from: UInt64,
        until: UInt64
    ) {
        self.payee = payee
        self.currency = currency
        self.perPayment = perPayment
        self.perPeriod = perPeriod
        self.period = period
        self.from = from
        self.until = until
    }

    /// The period that a time lies in, counted from 0.
    func index(at time: UInt64) -> UInt64 { period > 0 && time > from ? (time - from) / period : 0 }

    /// What may still be collected in the period of a time.
    public func left(at time: UInt64) -> UInt64 {
        let gone = spentIn == index(at: time) ? spent : 0
        return gone < perPeriod ? perPeriod - gone : 0
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let payee = map["payee"]?.text, let currency = map["currency"]?.text,
            let perPayment = map["perPayment"]?.unsigned, let perPeriod = map["perPeriod"]?.unsigned,
            let period = map["period"]?.unsigned, let from = map["from"]?.unsigned,
            let until = map["until"]?.unsigned, let spent = map["spent"]?.unsigned,
            let spentIn = map["spentIn"]?.unsigned
        else { throw .corrupt("of a mandate") }
        self.init(
            payee: payee, currency: currency, perPayment: perPayment, perPeriod: perPeriod, period: period,
            from: from, until: until)
        self.spent = spent
        self.spentIn = spentIn
    }

    public var cbor: Value {
        [
            "payee": .text(payee), "currency": .text(currency), "perPayment": .unsigned(perPayment),
            "perPeriod": .unsigned(perPeriod), "period": .unsigned(period), "from": .unsigned(from),
            "until": .unsigned(until), "spent": .unsigned(spent), "spentIn": .unsigned(spentIn),
        ]
    }
}
