import ContractKit

/// An application for a loan with its documents, its decision and the inputs of it; `fish/loans/<farmer>/<id>`.
public struct ApplicationRecord: StateValue, Hashable {
    public enum Stage: String, Sendable { case asked, offered, refused, live, repaid, lapsed }

    public var institution: String
    /// Key of the model in ``FishFarmingContract/models``.
    public var model: String
    public var batch: String
    public var order: String
    public var payee: String
    public var asked: UInt64
    public var appliedAt: UInt64
    /// The inputs as they were when the farmer applied, and the height of the block before.
    public var features: Features
    public var basis: UInt64
    /// Streams of readings that stood behind them, with the position up to which the ledger had them: the data's heads.
    public var heads: [Head]
    public var grade: DataGrade
    public var stage: Stage
    public var score: UInt64 = 0
    public var reasons: [String] = []
    /// Minor units; what is offered and paid out, and what is still owed with interest.
    public var amount: UInt64 = 0
    public var owed: UInt64 = 0
    public var decidedAt: UInt64?

    init(
        institution: String, model: String, batch: String, order: String, payee: String, asked: UInt64,
        appliedAt: UInt64, features: Features, basis: UInt64, heads: [Head], grade: DataGrade
    ) {
        self.heads = heads
        self.grade = grade
        self.institution = institution
        self.model = model
        self.batch = batch
        self.order = order
        self.payee = payee
        self.asked = asked
        self.appliedAt = appliedAt
        self.features = features
        self.basis = basis
        stage = .asked
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an application")
        self.init(
            institution: try fields.text("institution"), model: try fields.text("model"),
            batch: try fields.text("batch"), order: try fields.text("order"), payee: try fields.text("payee"),
            asked: try fields.number("asked"), appliedAt: try fields.number("appliedAt"),
            features: try Features(cbor: fields.value("features")), basis: try fields.number("basis"),
            heads: try Head.list(fields.items("heads")), grade: try DataGrade(cbor: fields.value("grade")))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of an application") }
        self.stage = stage
        score = try fields.number("score")
        reasons = try fields.texts("reasons")
        amount = try fields.number("amount")
        owed = try fields.number("owed")
        decidedAt = fields.optionalNumber("decidedAt")
    }

    public var cbor: Value {
        [
            "institution": .text(institution), "model": .text(model), "batch": .text(batch), "order": .text(order),
            "payee": .text(payee), "asked": .unsigned(asked), "appliedAt": .unsigned(appliedAt),
            "features": features.cbor, "basis": .unsigned(basis), "stage": .text(stage.rawValue),
            "score": .unsigned(score), "reasons": .texts(reasons), "amount": .unsigned(amount),
            "owed": .unsigned(owed), "decidedAt": .optional(decidedAt),
            "heads": .array(heads.map(\.cbor)), "grade": grade.cbor,
        ]
    }
}

/// How far a stream of readings had come.
public struct Head: Sendable, Hashable {
    /// `<gateway>/<owner>.<channel>`.
    public let stream: String
    public let next: UInt64

    static func list(_ items: [Value]) throws(ContractError) -> [Head] {
        var heads: [Head] = []
        for item in items {
            guard let parts = item.array, parts.count == 2, let stream = parts[0].text, let next = parts[1].unsigned
            else { throw .corrupt("of a head") }
            heads.append(Head(stream: stream, next: next))
        }
        return heads
    }

    var cbor: Value { .array([.text(stream), .unsigned(next)]) }
}

/// A purchase order for feed or fry; `fish/orders/<order>`.
public struct OrderRecord: StateValue, Hashable {
    public var owner: String
    public var seller: String
    public var amount: UInt64
    public var goods: String
    public var document: Hash32
    public var isConfirmed = false
    /// The application that it serves; nil while free.
    public var usedBy: String?
    /// SHA-256 of the entrusted payment agreement: whatever is lent on this order goes to its seller.
    public var payment: Hash32?

    init(owner: String, seller: String, amount: UInt64, goods: String, document: Hash32) {
        self.owner = owner
        self.seller = seller
        self.amount = amount
        self.goods = goods
        self.document = document
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an order")
        guard let document = fields.value("document").hash32 else { throw .corrupt("of an order") }
        self.init(
            owner: try fields.text("owner"), seller: try fields.text("seller"), amount: try fields.number("amount"),
            goods: try fields.text("goods"), document: document)
        isConfirmed = try fields.flag("isConfirmed")
        usedBy = fields.optionalText("usedBy")
        payment = fields.value("payment").hash32
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "seller": .text(seller), "amount": .unsigned(amount), "goods": .text(goods),
            "document": .hash(document), "isConfirmed": .bool(isConfirmed), "usedBy": .optional(usedBy),
            "payment": payment.map { .hash($0) } ?? .null,
        ]
    }
}
