import Ledger

/// Money and points as accounts of a currency: integers of minor units, conserved. Points are not legal tender.
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `issue` | the currency's issuer (parameter `issuers`) | somebody else asks |
/// | `transfer` | the account's owner | the balance is short; the payee is unknown; the payment was made already |
/// | `hold` | the account's owner | the balance is short; the id is taken |
/// | `release` | who holds | more than is held |
/// | `cancelHold` | the payee | there is no such hold |
/// | `mandate` | the payer | the id is taken; a cap is zero; the end has passed |
/// | `collect` | the payee | a cap is reached; the mandate has ended |
/// | `endMandate` | payer or payee | there is no such mandate |
/// | `limit` | the account's owner | – |
/// | `freeze`, `unfreeze` | the account's owner, or the issuer | frozen already; frozen by the other |
/// | `check` | a registrar | the account's owner is unknown; the end has passed |
/// | `setLevels` | the currency's issuer | somebody else asks |
public struct WalletContract: Contract {
    /// By `<currency>/<participant>`.
    public static let accounts = StateMap<Account>(contractName, "accounts")
    /// What was issued of each currency.
    public static let supply = StateMap<UInt64>(contractName, "supply")
    /// Money set aside for a payee, by `<currency>/<payer>/<id>`.
    public static let holds = StateMap<Hold>(contractName, "holds")
    /// Permissions to collect, by `<payer>/<id>`.
    public static let mandates = StateMap<Mandate>(contractName, "mandates")
    /// Payments that bear a name, by `<payer>/<payment>`, with what they moved.
    public static let payments = StateMap<Payment>(contractName, "payments")

    /// Largest amount of one operation, in minor units.
    public static let maximumAmount: UInt64 = 1 << 53
    /// How long the name of a payment is remembered, ms: 400 days.
    public static let paymentAge: UInt64 = 400 * day
    /// A day of ledger time, UTC, ms.
    static let day: UInt64 = 24 * 3600 * 1000

    enum Refusal {
        static func short(_ payer: String) -> ContractError {
            ContractError(100, "the balance of \(payer) is short; top it up or pay less")
        }
        static let sameAccount = ContractError(101, "payer and payee are the same account")
        static func paid(_ name: String) -> ContractError {
            ContractError(102, "the payment \(name) was made already, with these terms; it is not made twice")
        }
        static func paidOtherwise(_ name: String) -> ContractError {
            ContractError(103, "the payment \(name) was made already, to another payee or of another amount")
        }
        static func frozen(_ account: String, by whom: String) -> ContractError {
            ContractError(104, "the account \(account) is frozen by \(whom)")
        }
        static func overLimit(_ left: UInt64) -> ContractError {
            ContractError(105, "the day's limit leaves \(left); wait until tomorrow (UTC), or raise it")
        }
        static func overHold(_ left: UInt64) -> ContractError { ContractError(106, "the hold has only \(left)") }
        static func overPayment(_ cap: UInt64) -> ContractError {
            ContractError(107, "the mandate allows \(cap) for one payment")
        }
        static func overPeriod(_ left: UInt64) -> ContractError {
            ContractError(108, "the mandate leaves \(left) in this period")
        }
        static let ended = ContractError(109, "the time given has passed")
        static let controlled = ContractError(110, "the contract that made the hold alone can settle it")
        // Apart from the numbers of contracts that move money by this one and refuse in its words.
        static func overLevel(_ level: UInt64, _ left: UInt64) -> ContractError {
            ContractError(
                180, "identity level \(level) leaves \(left) today (UTC); a registrar's check of who you are opens more"
            )
        }
        static func overBalance(_ level: UInt64, _ most: UInt64) -> ContractError {
            ContractError(
                181, "identity level \(level) has at most \(most) in the account; a registrar's check opens more")
        }
    }

    public static let contractName = "wallet"
    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "issue": try issue(&arguments, context)
        case "transfer": try transfer(&arguments, context)
        case "hold": try hold(&arguments, context)
        case "release": try release(&arguments, context)
        case "cancelHold": try cancelHold(&arguments, context)
        case "mandate": try mandate(&arguments, context)
        case "collect": try collect(&arguments, context)
        case "endMandate": try endMandate(&arguments, context)
        case "limit": try limit(&arguments, context)
        case "freeze": try freeze(&arguments, context)
        case "unfreeze": try unfreeze(&arguments, context)
        case "check": try check(&arguments, context)
        case "setLevels": try setLevels(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// Holds that end, and names of payments that are old enough to be forgotten.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        if id.hasPrefix("hold ") {
            try holdEnds(String(id.dropFirst(5)), context)
        } else if id.hasPrefix("payment ") {
            context.remove(Self.payments, String(id.dropFirst(8)))
        }
    }

    /// The key of an account in ``accounts``.
    public static func account(_ participant: String, _ currency: String) -> String { "\(currency)/\(participant)" }

    // MARK: Payments

    private func issue(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let terms = try Terms(&arguments, context)
        try arguments.finish()
        try requireIssuer(terms.currency, context)
        try Self.requireRoom(terms, context)
        let supply = try context.get(Self.supply, terms.currency) ?? 0
        context.set(Self.supply, terms.currency, try supply.adding(terms.amount))
        try Self.credit(terms.payee, terms.amount, terms.currency, context)
    }

    private func transfer(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let terms = try Terms(&arguments, context)
        let name = try arguments.optionalText("payment", maximum: 64)
        _ = try arguments.optionalText("reference", maximum: 140)
        try arguments.finish()
        try Self.nameOnce(name, payer: context.sender.id, terms, context)
        try Self.requireRoom(terms, context)
        // Where a statement's issuer pays, the statement says it all; in another's name an event has to.
        if context.sender.signer == context.sender.id, !context.isApproved {
            try Self.pay(terms.amount, terms.currency, from: context.sender.id, to: terms.payee, context)
        } else {
            try Self.move(terms.amount, terms.currency, from: context.sender.id, to: terms.payee, in: context)
        }
    }

    func requireIssuer(_ currency: String, _ context: ContractContext) throws(ContractError) {
        guard isIssuer(currency, context) else {
            throw .notAuthorised("\(context.sender.id) is not the issuer of \(currency)")
        }
    }

    func isIssuer(_ currency: String, _ context: ContractContext) -> Bool {
        context.parameters["issuers"]?.map?[.text(currency)]?.text == context.sender.id
    }

    /// A payment that bears a name is made once, whoever signs it again.
    static func nameOnce(
        _ name: String?, payer: String, _ terms: Terms, _ context: ContractContext
    ) throws(ContractError) {
        guard
            let name = try name.map({ name throws(ContractError) in
                try MembershipContract.identifier(name, "payment")
            })
        else { return }
        let key = "\(payer)/\(name)"
        let payment = Payment(
            payee: terms.payee, amount: terms.amount, currency: terms.currency, transaction: context.transaction)
        if let made = try context.get(payments, key) {
            let isSame = made.payee == terms.payee && made.amount == terms.amount && made.currency == terms.currency
            throw isSame ? Refusal.paid(name) : Refusal.paidOtherwise(name)
        }
        context.set(payments, key, payment)
        context.schedule("payment \(key)", at: try context.time.adding(paymentAge))
    }

    // MARK: Moving money

    /// Moves money between two accounts, and says so in an event: the statement itself may not tell.
    public static func move(
        _ amount: UInt64, _ currency: String, from payer: String, to payee: String, in context: ContractContext
    ) throws(ContractError) {
        try pay(amount, currency, from: payer, to: payee, context)
        try context.emit(
            "paid", subject: payer,
            [("to", .text(payee)), ("amount", .unsigned(amount)), ("currency", .text(currency))], of: contractName)
    }

    private static func pay(
        _ amount: UInt64, _ currency: String, from payer: String, to payee: String, _ context: ContractContext
    ) throws(ContractError) {
        guard payer != payee else { throw Refusal.sameAccount }
        try debit(payer, amount, currency, context)
        try credit(payee, amount, currency, context)
    }

    /// Takes money out of an account that is not frozen, within its limit of the day.
    static func debit(
        _ payer: String, _ amount: UInt64, _ currency: String, _ context: ContractContext
    ) throws(ContractError) {
        let key = account(payer, currency)
        var account = try context.get(accounts, key) ?? Account()
        if let whom = account.frozenBy { throw Refusal.frozen(payer, by: whom) }
        guard account.balance >= amount else { throw Refusal.short(payer) }
        try leave(payer, amount, currency, context)
        account.balance -= amount
        if var limit = account.limit {
            try limit.spend(amount, at: context.time)
            account.limit = limit
        }
        context.set(accounts, key, account)
    }

    static func credit(
        _ payee: String, _ amount: UInt64, _ currency: String, _ context: ContractContext
    ) throws(ContractError) {
        let key = account(payee, currency)
        var account = try context.get(accounts, key) ?? Account()
        account.balance = try account.balance.adding(amount)
        context.set(accounts, key, account)
    }
}

/// Payee, amount and currency, as most operations have them.
struct Terms {
    let payee: String
    let amount: UInt64
    let currency: String

    init(payee: String, amount: UInt64, currency: String) {
        self.payee = payee
        self.amount = amount
        self.currency = currency
    }

    init(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        payee = try arguments.text("to", maximum: 100)
        amount = try arguments.unsigned("amount", in: 1...WalletContract.maximumAmount)
        currency = try Self.currency(&arguments)
        try context.requireEntry(MembershipContract.participants, payee, "the payee")
    }

    static func currency(_ arguments: inout Arguments) throws(ContractError) -> String {
        let currency = try arguments.text("currency", maximum: 3)
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw .invalid("currency", "three capital letters (ISO 4217, or X.. for points)")
        }
        return currency
    }
}
