import Ledger

/// Identity checks, and what they open: with them a currency's issuer keeps the law of its place.
extension WalletContract {
    public static let checks = StateMap<IdentityCheck>(contractName, "checks")
    public static let levels = StateMap<LevelRules>(contractName, "levels")
    /// What left an account by its level's day, by `<currency>/<participant>`; only where the level has a limit.
    static let outflows = StateMap<Outflow>(contractName, "outflows")

    /// Most levels of a currency.
    static let mostLevels = 4

    /// A registrar's word on who somebody is.
    func check(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let participant = try arguments.text("account", maximum: 100)
        let check = IdentityCheck(
            level: try arguments.unsigned("level", in: 0...UInt64(Self.mostLevels - 1)), by: context.sender.id,
            evidence: try arguments.optionalHash("evidence"), until: try arguments.optionalUnsigned("until"))
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        try context.requireEntry(MembershipContract.participants, participant, "the account's owner")
        if let until = check.until, until <= context.time { throw Refusal.ended }
        context.set(Self.checks, participant, check)
        try context.emit("checked", subject: participant, [("level", .unsigned(check.level))])
    }

    /// Limits of each level; the issuer of a currency alone sets them.
    func setLevels(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let currency = try Terms.currency(&arguments)
        let rows = try arguments.array("levels", maximum: Self.mostLevels)
        try arguments.finish()
        try requireIssuer(currency, context)
        guard !rows.isEmpty, rows.allSatisfy({ $0.array?.count == 2 }) else {
            throw .invalid("levels", "for each level from 0 on the most that leaves in a day, and that the account has")
        }
        context.set(Self.levels, currency, try LevelRules(cbor: .array(rows)))
        try context.emit("levels", subject: currency)
    }

    /// What may still leave an account today by its owner's level; nil where no rule limits it.
    public static func leftByLevel(
        _ participant: String, _ currency: String, in state: some StateReader, at time: UInt64
    ) throws(ContractError) -> (level: UInt64, rule: LevelRules.Level, left: UInt64?)? {
        guard let rules = try state.get(levels, currency) else { return nil }
        let level = try state.get(checks, participant)?.level(at: time) ?? 0
        let rule = rules.rule(at: level)
        guard let cap = rule.perDay else { return (level, rule, nil) }
        let gone = try state.get(outflows, account(participant, currency))?.spent(at: time) ?? 0
        return (level, rule, gone < cap ? cap - gone : 0)
    }

    static func leave(
        _ payer: String, _ amount: UInt64, _ currency: String, _ context: ContractContext
    ) throws(ContractError) {
        guard let (level, _, left) = try leftByLevel(payer, currency, in: context.state, at: context.time), let left
        else { return }
        guard amount <= left else { throw Refusal.overLevel(level, left) }
        let key = account(payer, currency)
        let gone = try context.get(outflows, key)?.spent(at: context.time) ?? 0
        context.set(outflows, key, Outflow(day: context.time / day, spent: try gone.adding(amount)))
    }

    /// Whether a payment that somebody asks for finds room in the payee's account. What a contract settles always does: the
    /// payee's word was given before, and nobody is there to take the refusal.
    static func requireRoom(_ terms: Terms, _ context: ContractContext) throws(ContractError) {
        guard
            let (level, rule, _) = try leftByLevel(terms.payee, terms.currency, in: context.state, at: context.time),
            let most = rule.balance
        else { return }
        let balance = try context.get(accounts, account(terms.payee, terms.currency))?.balance ?? 0
        guard try balance.adding(terms.amount) <= most else { throw Refusal.overBalance(level, most) }
    }
}

/// What left an account on a day.
struct Outflow: StateValue, Hashable {
    /// Days since 1970.
    let day: UInt64
    let spent: UInt64

    init(day: UInt64, spent: UInt64) {
        self.day = day
        self.spent = spent
    }

    init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let day = map["day"]?.unsigned, let spent = map["spent"]?.unsigned else {
            throw .corrupt("of an outflow")
        }
        self.init(day: day, spent: spent)
    }

    var cbor: Value { ["day": .unsigned(day), "spent": .unsigned(spent)] }

    func spent(at time: UInt64) -> UInt64 { day == time / WalletContract.day ? spent : 0 }
}
