import Ledger

/// Money set aside: it has left the payer's account and not yet reached the payee's.
extension WalletContract {
    func hold(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try MembershipContract.identifier(try arguments.text("id", maximum: 64), "id")
        let terms = try Terms(&arguments, context)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        guard until > context.time else { throw Refusal.ended }
        try Self.setAside(
            Hold(payee: terms.payee, amount: terms.amount, until: until, controller: nil), terms.currency,
            payer: context.sender.id, id: id, in: context)
    }

    /// Sets money of a payer aside; for this contract and for others that keep it in escrow.
    ///
    /// - Parameter hold: its `controller` names the contract that alone settles it; nil leaves that to payer and payee.
    public static func setAside(
        _ hold: Hold, _ currency: String, payer: String, id: String, in context: ContractContext
    ) throws(ContractError) {
        guard payer != hold.payee else { throw Refusal.sameAccount }
        let key = "\(currency)/\(payer)/\(id)"
        guard try context.get(holds, key) == nil else { throw .exists("the hold \(id)") }
        try debit(payer, hold.amount, currency, context)
        context.set(holds, key, hold)
        context.schedule("hold \(key)", at: hold.until)
        try context.emit(
            "held", subject: payer,
            [
                ("hold", .text(id)), ("for", .text(hold.payee)), ("amount", .unsigned(hold.amount)),
                ("currency", .text(currency)),
            ], of: contractName)
    }

    func release(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id", maximum: 64)
        let currency = try Terms.currency(&arguments)
        let amount = try arguments.optionalUnsigned("amount")
        try arguments.finish()
        let key = "\(currency)/\(context.sender.id)/\(id)"
        let hold = try context.require(Self.holds, key, "the hold")
        guard hold.controller == nil else { throw Refusal.controlled }
        try Self.settle(key, paying: amount ?? hold.amount, in: context)
    }

    func cancelHold(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id", maximum: 64)
        let currency = try Terms.currency(&arguments)
        let payer = try arguments.text("payer", maximum: 100)
        try arguments.finish()
        let key = "\(currency)/\(payer)/\(id)"
        let hold = try context.require(Self.holds, key, "the hold")
        guard hold.payee == context.sender.id else { throw .notAuthorised("the hold is for \(hold.payee)") }
        guard hold.controller == nil else { throw Refusal.controlled }
        try Self.settle(key, paying: 0, in: context)
    }

    /// Pays a part of a hold to its payee and gives the rest back; the hold is gone.
    ///
    /// - Parameter key: `<currency>/<payer>/<id>`.
    public static func settle(
        _ key: String, paying amount: UInt64, in context: ContractContext
    ) throws(ContractError) {
        let hold = try context.require(holds, key, "the hold")
        let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3 else { throw .corrupt("of a hold") }
        guard amount <= hold.amount else { throw Refusal.overHold(hold.amount) }
        context.remove(holds, key)
        context.cancel("hold \(key)", at: hold.until)
        if amount > 0 { try credit(hold.payee, amount, parts[0], context) }
        if amount < hold.amount { try credit(parts[1], hold.amount - amount, parts[0], context) }
        try context.emit(
            "holdSettled", subject: parts[1],
            [
                ("hold", .text(parts[2])), ("to", .text(hold.payee)), ("paid", .unsigned(amount)),
                ("returned", .unsigned(hold.amount - amount)), ("currency", .text(parts[0])),
            ], of: contractName)
    }

    /// Divides a hold of a contract's into several for other payees; what is left goes back to the payer, and the hold is
    /// gone. The money does not pass the payer's account, so neither a freeze nor a limit stops what was promised.
    ///
    /// - Parameter parts: with ids that the payer has no hold under; the divided one's is free again.
    public static func divide(
        _ key: String, into parts: [(id: String, hold: Hold)], in context: ContractContext
    ) throws(ContractError) {
        let hold = try context.require(holds, key, "the hold")
        let words = key.split(separator: "/", maxSplits: 2).map(String.init)
        guard words.count == 3 else { throw .corrupt("of a hold") }
        context.remove(holds, key)
        context.cancel("hold \(key)", at: hold.until)
        var left = hold.amount
        for part in parts {
            guard part.hold.amount <= left else { throw Refusal.overHold(left) }
            left -= part.hold.amount
            guard part.hold.amount > 0 else { continue }
            let partKey = "\(words[0])/\(words[1])/\(part.id)"
            guard try context.get(holds, partKey) == nil else { throw .exists("the hold \(part.id)") }
            context.set(holds, partKey, part.hold)
            context.schedule("hold \(partKey)", at: part.hold.until)
        }
        guard left > 0 else { return }
        try credit(words[1], left, words[0], context)
        try context.emit(
            "holdReduced", subject: words[1],
            [("hold", .text(words[2])), ("returned", .unsigned(left)), ("currency", .text(words[0]))], of: contractName)
    }

    /// A hold that nobody settled goes back to the payer.
    func holdEnds(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard try context.get(Self.holds, key) != nil else { return }
        try Self.settle(key, paying: 0, in: context)
    }
}

/// Money set aside for a payee; `wallet/holds/<currency>/<payer>/<id>`.
public struct Hold: StateValue, Hashable {
    public let payee: String
    /// Minor units.
    public let amount: UInt64
    /// ms since 1970; then it goes back to the payer.
    public let until: UInt64
    /// The contract that alone settles it; nil where payer and payee do.
    public let controller: String?

    public init(payee: String, amount: UInt64, until: UInt64, controller: String?) {
        self.payee = payee
        self.amount = amount
        self.until = until
        self.controller = controller
    }

    /// The same with another amount.
    public func reduced(to amount: UInt64) -> Hold {
        Hold(payee: payee, amount: amount, until: until, controller: controller)
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let payee = map["payee"]?.text, let amount = map["amount"]?.unsigned,
            let until = map["until"]?.unsigned
        else { throw .corrupt("of a hold") }
        self.init(payee: payee, amount: amount, until: until, controller: map["controller"]?.text)
    }

    public var cbor: Value {
        [
            "payee": .text(payee), "amount": .unsigned(amount), "until": .unsigned(until),
            "controller": controller.map { .text($0) } ?? .null,
        ]
    }
}
