import ContractKit

/// An electronic warehouse receipt; `chattel/receipts/<number>`. Its ``title`` has one holder at any height.
public struct WarehouseReceipt: StateValue, Hashable {
    /// What a receipt says beside its goods (7 CFR 869.300); a blank that the rule allows is marked.
    public struct Terms: Sendable, Hashable {
        public static let blank = "NOT STATED"

        public var licence: String
        public var place: String
        public var depositor: String
        public var deliveryTerm: String
        public var grade: String
        public var charges: String
        public var insurance: String
        public var isNegotiable: Bool
    }

    public var lot: String
    public var site: String
    public var kind: String
    public var grams: UInt64
    public var count: UInt64
    public var title: Title
    public var terms: Terms
    public var issuedAt: UInt64
    /// The measurement that it was issued on.
    public var evidence: Hash32
    /// The loan that it secures.
    public var loan: String?
    /// Grams that the holder lets go.
    public var releasable: UInt64 = 0
    public var isBlocked = false
    public var parents: [String] = []
    /// What took its place, by a split or a merger.
    public var children: [String] = []

    init(
        lot: String, site: String, kind: String, grams: UInt64, count: UInt64, title: Title, terms: Terms,
        issuedAt: UInt64, evidence: Hash32
    ) {
        self.lot = lot
        self.site = site
        self.kind = kind
        self.grams = grams
        self.count = count
        self.title = title
        self.terms = terms
        self.issuedAt = issuedAt
        self.evidence = evidence
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a receipt")
        self.init(
            lot: try fields.text("lot"), site: try fields.text("site"), kind: try fields.text("kind"),
            grams: try fields.number("grams"), count: try fields.number("count"), title: try Title(fields),
            terms: Terms(
                licence: try fields.text("licence"), place: try fields.text("place"),
                depositor: try fields.text("depositor"), deliveryTerm: try fields.text("deliveryTerm"),
                grade: try fields.text("grade"), charges: try fields.text("charges"),
                insurance: try fields.text("insurance"), isNegotiable: try fields.flag("negotiable")),
            issuedAt: try fields.number("issuedAt"), evidence: try fields.hash("evidence"))
        loan = fields.optionalText("loan")
        releasable = try fields.number("releasable")
        isBlocked = try fields.flag("blocked")
        parents = try fields.texts("parents")
        children = try fields.texts("children")
    }

    public var cbor: Value {
        let entries: [(Value, Value)] = [
            ("lot", .text(lot)), ("site", .text(site)), ("kind", .text(kind)), ("grams", .unsigned(grams)),
            ("count", .unsigned(count)), ("licence", .text(terms.licence)), ("place", .text(terms.place)),
            ("depositor", .text(terms.depositor)), ("deliveryTerm", .text(terms.deliveryTerm)),
            ("grade", .text(terms.grade)), ("charges", .text(terms.charges)), ("insurance", .text(terms.insurance)),
            ("negotiable", .bool(terms.isNegotiable)), ("issuedAt", .unsigned(issuedAt)),
            ("evidence", .hash(evidence)), ("loan", .optional(loan)), ("releasable", .unsigned(releasable)),
            ("blocked", .bool(isBlocked)), ("parents", .texts(parents)), ("children", .texts(children)),
        ]
        return .map(ValueMap(entries + title.entries))
    }

    /// In force, held and owned by one and the same, securing nothing.
    public func isFree(of owner: String) -> Bool {
        loan == nil && !isBlocked && releasable == 0 && title.stage == .issued && title.holder == owner
            && title.beneficiary == owner
    }
}
