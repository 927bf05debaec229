import Ledger

/// A participant's money in one currency; `wallet/accounts/<currency>/<participant>`.
///
/// An account without limit that nobody froze, as most are, is its balance alone: an unsigned integer.
public struct Account: StateValue, Hashable {
    /// Minor units.
    public var balance: UInt64
    /// Who froze it: its owner or the issuer. Nothing goes out of a frozen account.
    public var frozenBy: String?
    public var limit: DailyLimit?

    public init(balance: UInt64 = 0) {
        self.balance = balance
    }

    public init(cbor: Value) throws(ContractError) {
        if let balance = cbor.unsigned {
            self.init(balance: balance)
            return
        }
        guard let map = cbor.map, let balance = map["balance"]?.unsigned else { throw .corrupt("of an account") }
        self.init(balance: balance)
        frozenBy = map["frozenBy"]?.text
        if let cap = map["limit"]?.unsigned, let day = map["day"]?.unsigned, let spent = map["spent"]?.unsigned {
            limit = DailyLimit(cap: cap, day: day, spent: spent)
        }
    }

    public var cbor: Value {
        if frozenBy == nil, limit == nil { return .unsigned(balance) }
        return [
            "balance": .unsigned(balance), "frozenBy": frozenBy.map { .text($0) } ?? .null,
            "limit": .optional(limit?.cap), "day": .optional(limit?.day), "spent": .optional(limit?.spent),
        ]
    }
}

/// The most that leaves an account in a day (UTC, ledger time).
public struct DailyLimit: Sendable, Hashable {
    /// Minor units.
    public var cap: UInt64
    /// Days since 1970 that ``spent`` counts for.
    public var day: UInt64
    public var spent: UInt64

    public func left(at time: UInt64) -> UInt64 {
        let gone = day == time / WalletContract.day ? spent : 0
        return gone < cap ? cap - gone : 0
    }

    mutating func spend(_ amount: UInt64, at time: UInt64) throws(ContractError) {
        let left = left(at: time)
        guard amount <= left else { throw WalletContract.Refusal.overLimit(left) }
        spent = cap - left + amount
        day = time / WalletContract.day
    }
}

/// What a payment with a name moved; `wallet/payments/<payer>/<payment>`.
public struct Payment: StateValue, Hashable {
    public let payee: String
    /// Minor units.
    public let amount: UInt64
    public let currency: String
    public let transaction: Hash32

    init(payee: String, amount: UInt64, currency: String, transaction: Hash32) {
        self.payee = payee
        self.amount = amount
        self.currency = currency
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let payee = map["payee"]?.text, let amount = map["amount"]?.unsigned,
            let currency = map["currency"]?.text, let transaction = map["transaction"]?.hash32
        else { throw .corrupt("of a payment") }
        self.init(payee: payee, amount: amount, currency: currency, transaction: transaction)
    }

    public var cbor: Value {
        [
            "payee": .text(payee), "amount": .unsigned(amount), "currency": .text(currency),
            "transaction": .hash(transaction),
        ]
    }
}
