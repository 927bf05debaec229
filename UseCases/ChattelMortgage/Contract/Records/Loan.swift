import ContractKit

/// A bank's rules, which every decision of it follows; `chattel/policies/<bank>`.
public struct BankPolicy: StateValue, Hashable {
    /// Taken off the market value, thousandths.
    public var haircut: UInt64
    /// Lent of what is left, thousandths.
    public var ratio: UInt64
    /// A loan above this part of the market value is called, thousandths.
    public var marginRatio: UInt64
    /// What the borrower then has to put it right, ms.
    public var cure: UInt64
    /// The most that one borrower gets, minor units.
    public var concentration: UInt64
    /// Goods that it lends on.
    public var kinds: [String]

    public init(
        haircut: UInt64, ratio: UInt64, marginRatio: UInt64, cure: UInt64, concentration: UInt64, kinds: [String]
    ) {
        self.haircut = haircut
        self.ratio = ratio
        self.marginRatio = marginRatio
        self.cure = cure
        self.concentration = concentration
        self.kinds = kinds
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a bank's rules")
        self.init(
            haircut: try fields.number("haircut"), ratio: try fields.number("ratio"),
            marginRatio: try fields.number("marginRatio"), cure: try fields.number("cure"),
            concentration: try fields.number("concentration"), kinds: try fields.texts("kinds"))
    }

    public var cbor: Value {
        [
            "haircut": .unsigned(haircut), "ratio": .unsigned(ratio), "marginRatio": .unsigned(marginRatio),
            "cure": .unsigned(cure), "concentration": .unsigned(concentration), "kinds": .texts(kinds),
        ]
    }

    /// What the goods carry: value less haircut, times ratio; rounded down.
    public func lendable(on value: UInt64) throws(ContractError) -> UInt64 {
        let afterHaircut = try value.multiplied(by: 1000 - min(haircut, 1000)) / 1000
        return try afterHaircut.multiplied(by: ratio) / 1000
    }

    /// The most that is lent: what the goods carry, and what the borrower may still get.
    public func limit(on value: UInt64, exposure: UInt64) throws(ContractError) -> UInt64 {
        min(try lendable(on: value), exposure < concentration ? concentration - exposure : 0)
    }

    /// Whether a loan is above what its goods may be worth.
    public func isShort(_ outstanding: UInt64, value: UInt64) throws(ContractError) -> Bool {
        try outstanding.multiplied(by: 1000) > value.multiplied(by: marginRatio)
    }
}

/// Money lent on receipts; `chattel/loans/<application>`.
public struct Loan: StateValue, Hashable {
    public enum Stage: String, Sendable {
        case open, called, defaulted, enforced, closed
    }

    public var bank: String
    public var enterprise: String
    public var receipts: [String]
    /// Minor units.
    public var amount: UInt64
    public var outstanding: UInt64
    public var currency: String
    public var maturity: UInt64
    /// The bank's rules as they were when it decided.
    public var policy: BankPolicy
    public var stage = Stage.open
    public var cureUntil: UInt64?
    /// A swap that waits for the bank: `<out>/<in>`.
    public var swap: String?
    /// The notice of it in the registry.
    public var notice: String?

    init(
        bank: String, enterprise: String, receipts: [String], amount: UInt64, outstanding: UInt64, currency: String,
        maturity: UInt64, policy: BankPolicy
    ) {
        self.bank = bank
        self.enterprise = enterprise
        self.receipts = receipts
        self.amount = amount
        self.outstanding = outstanding
        self.currency = currency
        self.maturity = maturity
        self.policy = policy
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a loan")
        guard let policy = cbor.map?["policy"], let stage = Stage(rawValue: try fields.text("stage")) else {
            throw .corrupt("of a loan")
        }
        self.init(
            bank: try fields.text("bank"), enterprise: try fields.text("enterprise"),
            receipts: try fields.texts("receipts"), amount: try fields.number("amount"),
            outstanding: try fields.number("outstanding"), currency: try fields.text("currency"),
            maturity: try fields.number("maturity"), policy: try BankPolicy(cbor: policy))
        self.stage = stage
        cureUntil = fields.optionalNumber("cureUntil")
        swap = fields.optionalText("swap")
        notice = fields.optionalText("notice")
    }

    public var cbor: Value {
        [
            "bank": .text(bank), "enterprise": .text(enterprise), "receipts": .texts(receipts),
            "amount": .unsigned(amount), "outstanding": .unsigned(outstanding), "currency": .text(currency),
            "maturity": .unsigned(maturity), "policy": policy.cbor, "stage": .text(stage.rawValue),
            "cureUntil": .optional(cureUntil), "swap": .optional(swap), "notice": .optional(notice),
        ]
    }
}

/// A market price; `chattel/prices/<kind>`.
public struct Price: StateValue, Hashable {
    /// Minor units for a tonne.
    public var perTonne: UInt64
    public var currency: String
    public var source: String
    /// When the source fixed it, ms since 1970.
    public var at: UInt64

    public init(perTonne: UInt64, currency: String, source: String, at: UInt64) {
        self.perTonne = perTonne
        self.currency = currency
        self.source = source
        self.at = at
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a price")
        self.init(
            perTonne: try fields.number("perTonne"), currency: try fields.text("currency"),
            source: try fields.text("source"), at: try fields.number("at"))
    }

    public var cbor: Value {
        [
            "perTonne": .unsigned(perTonne), "currency": .text(currency), "source": .text(source),
            "at": .unsigned(at),
        ]
    }

    /// Value of a weight in minor units, rounded down.
    public func value(of grams: UInt64) throws(ContractError) -> UInt64 {
        try grams.multiplied(by: perTonne) / 1_000_000
    }
}
