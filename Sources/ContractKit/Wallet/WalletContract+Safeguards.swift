import Ledger

/// Limits and freezes, and what always holds of money.
extension WalletContract {
    /// Sets or lifts the day's limit. What was spent today counts, so that a new limit does not open a new day.
    func limit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let currency = try Terms.currency(&arguments)
        let perDay = try arguments.optionalUnsigned("perDay")
        try arguments.finish()
        let key = Self.account(context.sender.id, currency)
        var account = try context.get(Self.accounts, key) ?? Account()
        let today = context.time / Self.day
        account.limit = perDay.map { cap in
            let spent = account.limit.flatMap { $0.day == today ? $0.spent : nil } ?? 0
            return DailyLimit(cap: cap, day: today, spent: spent)
        }
        context.set(Self.accounts, key, account)
    }

    func freeze(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (key, _, reason) = try accountToFreeze(&arguments, context)
        var account = try context.get(Self.accounts, key) ?? Account()
        if let whom = account.frozenBy { throw Refusal.frozen(key, by: whom) }
        account.frozenBy = context.sender.id
        context.set(Self.accounts, key, account)
        try context.emit(
            "frozen", subject: key,
            [("by", .text(context.sender.id))] + (reason.map { [("reason", .text($0))] } ?? []))
    }

    func unfreeze(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (key, _, _) = try accountToFreeze(&arguments, context)
        var account = try context.require(Self.accounts, key, "the account")
        guard account.frozenBy == context.sender.id else {
            throw .notAuthorised("the account \(key) is not frozen by \(context.sender.id)")
        }
        account.frozenBy = nil
        context.set(Self.accounts, key, account)
        try context.emit("unfrozen", subject: key, [("by", .text(context.sender.id))])
    }

    private func accountToFreeze(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (key: String, currency: String, reason: String?) {
        let owner = try arguments.text("account", maximum: 100)
        let currency = try Terms.currency(&arguments)
        let reason = try arguments.optionalText("reason", maximum: 140)
        try arguments.finish()
        guard owner == context.sender.id || isIssuer(currency, context) else {
            throw .notAuthorised("an account is frozen by its owner or by the issuer of \(currency)")
        }
        try context.requireEntry(MembershipContract.participants, owner, "the account's owner")
        return (Self.account(owner, currency), currency, reason)
    }

    public var invariants: [Invariant] { [moneyIsConserved] }

    private static let page = 1000

    private var moneyIsConserved: Invariant {
        Invariant("money is conserved: accounts and holds of a currency add up to its supply") {
            state throws(ContractError) in
            var violations: [String] = []
            for (currency, supply) in try state.scan(Self.supply, limit: Self.page) {
                let accounts = try Self.sum(Self.accounts, currency, state) { $0.balance }
                let holds = try Self.sum(Self.holds, currency, state) { $0.amount }
                let sum = try accounts.adding(holds)
                if sum != supply {
                    violations.append("\(currency): accounts and holds have \(sum), issued were \(supply)")
                }
            }
            return violations
        }
    }

    private static func sum<Element>(
        _ map: StateMap<Element>, _ currency: String, _ state: any StateReader, _ amount: (Element) -> UInt64
    ) throws(ContractError) -> UInt64 {
        var sum: UInt64 = 0
        var last: String?
        while true {
            let entries = try state.scan(map, prefix: "\(currency)/", after: last, limit: page)
            for (_, entry) in entries { sum = try sum.adding(amount(entry)) }
            guard entries.count == page, let end = entries.last else { return sum }
            last = end.key
        }
    }
}
