import ContractKit

/// What a bank is told of the goods of an application, as the ledger had them at one height.
public struct StatusReport: Sendable, Hashable {
    public var height: UInt64
    public var at: UInt64
    public var grams: UInt64
    /// Minor units at the price then.
    public var value: UInt64
    /// The lowest of the goods' evidence grades.
    public var evidenceGrade: String
    public var openAlarms: UInt64
    /// Alarms that the goods ever had.
    public var incidents: UInt64
    /// Whether all receipts were free.
    public var isFree: Bool
    public var transaction: Hash32

    var cbor: Value {
        [
            "height": .unsigned(height), "at": .unsigned(at), "grams": .unsigned(grams), "value": .unsigned(value),
            "evidenceGrade": .text(evidenceGrade), "openAlarms": .unsigned(openAlarms),
            "incidents": .unsigned(incidents), "free": .bool(isFree), "transaction": .hash(transaction),
        ]
    }

    init(
        height: UInt64, at: UInt64, grams: UInt64, value: UInt64, evidenceGrade: String, openAlarms: UInt64,
        incidents: UInt64, isFree: Bool, transaction: Hash32
    ) {
        self.height = height
        self.at = at
        self.grams = grams
        self.value = value
        self.evidenceGrade = evidenceGrade
        self.openAlarms = openAlarms
        self.incidents = incidents
        self.isFree = isFree
        self.transaction = transaction
    }

    init(_ cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a status report")
        self.init(
            height: try fields.number("height"), at: try fields.number("at"), grams: try fields.number("grams"),
            value: try fields.number("value"), evidenceGrade: try fields.text("evidenceGrade"),
            openAlarms: try fields.number("openAlarms"), incidents: try fields.number("incidents"),
            isFree: try fields.flag("free"), transaction: try fields.hash("transaction"))
    }
}

/// An enterprise's application for a loan on receipts; `chattel/applications/<id>`.
public struct LoanApplication: StateValue, Hashable {
    public enum Stage: String, Sendable {
        case draft, submitted, withdrawn, approved, refused
    }

    public var enterprise: String
    public var bank: String
    public var receipts: [String]
    /// Minor units.
    public var amount: UInt64
    public var currency: String
    public var days: UInt64
    public var purpose: String
    /// Numbers of the orders that the loan is for, and what they are worth together, minor units.
    public var orders: [String]
    public var ordersValue: UInt64
    /// SHA-256 of the documents: basic information of the enterprise, orders, invoices.
    public var documents: Hash32
    public var preparedBy: String
    public var stage = Stage.draft
    /// Until when the enterprise lets its status be told, and whom the bank lets tell it until when; ms.
    public var consentUntil: UInt64?
    public var monitor: String?
    public var authorisedUntil: UInt64?
    public var report: StatusReport?
    public var reason: String?

    init(
        enterprise: String, bank: String, receipts: [String], amount: UInt64, currency: String, days: UInt64,
        purpose: String, orders: [String], ordersValue: UInt64, documents: Hash32, preparedBy: String
    ) {
        self.enterprise = enterprise
        self.bank = bank
        self.receipts = receipts
        self.amount = amount
        self.currency = currency
        self.days = days
        self.purpose = purpose
        self.orders = orders
        self.ordersValue = ordersValue
        self.documents = documents
        self.preparedBy = preparedBy
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an application")
        self.init(
            enterprise: try fields.text("enterprise"), bank: try fields.text("bank"),
            receipts: try fields.texts("receipts"), amount: try fields.number("amount"),
            currency: try fields.text("currency"), days: try fields.number("days"),
            purpose: try fields.text("purpose"), orders: try fields.texts("orders"),
            ordersValue: try fields.number("ordersValue"), documents: try fields.hash("documents"),
            preparedBy: try fields.text("preparedBy"))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of an application") }
        self.stage = stage
        consentUntil = fields.optionalNumber("consentUntil")
        monitor = fields.optionalText("monitor")
        authorisedUntil = fields.optionalNumber("authorisedUntil")
        if let report = cbor.map?["report"], !report.isNull { self.report = try StatusReport(report) }
        reason = fields.optionalText("reason")
    }

    public var cbor: Value {
        [
            "enterprise": .text(enterprise), "bank": .text(bank), "receipts": .texts(receipts),
            "amount": .unsigned(amount), "currency": .text(currency), "days": .unsigned(days),
            "purpose": .text(purpose), "orders": .texts(orders), "ordersValue": .unsigned(ordersValue),
            "documents": .hash(documents), "preparedBy": .text(preparedBy), "stage": .text(stage.rawValue),
            "consentUntil": .optional(consentUntil), "monitor": .optional(monitor),
            "authorisedUntil": .optional(authorisedUntil), "report": report?.cbor ?? .null,
            "reason": .optional(reason),
        ]
    }
}
