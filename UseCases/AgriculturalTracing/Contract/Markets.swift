import ContractKit

/// The rules of a market (TR 6.1.4): what a grower signs before it begins, how long records are kept, what a label says.
extension TracingContract {
    /// A registrar states or replaces the rules of a market. From then on a farm begins by signing them.
    func setMarket(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.registrar)
        let market = try arguments.text("market", maximum: 2)
        let record = Market(
            issuer: try arguments.text("issuer", maximum: 100), terms: try arguments.text("terms", maximum: 40),
            language: try arguments.text("language", maximum: 8),
            retentionDays: try arguments.unsigned("retentionDays", in: 1...36_500),
            labelFields: try arguments.texts("labelFields", maximum: 10))
        try arguments.finish()
        guard market.utf8.count == 2, market.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw .invalid("market", "an ISO 3166-1 alpha-2 code")
        }
        guard let stranger = record.labelFields.first(where: { !Market.knownFields.contains($0) }) else {
            try context.requireEntry(TermsContract.latest, "\(record.issuer)/\(record.terms)", "the terms")
            context.set(Self.markets, market, record)
            return context.set(Self.markets, Market.any, record)
        }
        throw .invalid("labelFields", "of \(Market.knownFields.joined(separator: ", ")), not \(stranger)")
    }

    /// Nobody begins before the terms of its market bear its signature.
    func requireTerms(of name: String?, _ context: ContractContext) throws(ContractError) {
        guard let name else {
            guard try context.get(Self.markets, Market.any) == nil else { throw .missing("market") }
            return
        }
        let market = try context.require(Self.markets, name, "the market")
        let terms = "\(market.issuer)/\(market.terms)"
        let latest = try context.require(TermsContract.latest, terms, "the terms")
        guard try context.get(TermsContract.signatures, "\(context.sender.id)/\(terms)")?.version == latest else {
            throw ContractError(
                143,
                "\(context.sender.id) has not signed \(market.issuer)/\(market.terms); sign it on the page of terms first"
            )
        }
    }
}

/// What holds in a market; key: its ISO 3166-1 alpha-2 code.
public struct Market: StateValue, Hashable {
    /// The entry that says that there is a market at all, and which rules came last.
    static let any = "*"
    /// What a label can say besides its code.
    public static let knownFields = ["product", "origin", "useBy", "weight", "lot", "packer"]

    /// Whose terms are signed, and their name in the contract `terms`.
    public var issuer: String
    public var terms: String
    /// BCP 47.
    public var language: String
    public var retentionDays: UInt64
    public var labelFields: [String]

    init(issuer: String, terms: String, language: String, retentionDays: UInt64, labelFields: [String]) {
        self.issuer = issuer
        self.terms = terms
        self.language = language
        self.retentionDays = retentionDays
        self.labelFields = labelFields
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a market")
        self.init(
            issuer: try fields.text("issuer"), terms: try fields.text("terms"), language: try fields.text("language"),
            retentionDays: try fields.number("retentionDays"), labelFields: try fields.texts("labelFields"))
    }

    public var cbor: Value {
        [
            "issuer": .text(issuer), "terms": .text(terms), "language": .text(language),
            "retentionDays": .unsigned(retentionDays), "labelFields": .texts(labelFields),
        ]
    }
}
