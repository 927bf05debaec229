import ContractKit

/// Certificates and brands (TR 6.1.11): who says so, for what, until when. EPCIS 2.0 names them in `certificationInfo`.
extension TracingContract {
    /// A certification body, a registrar or a laboratory here, certifies a participant.
    func certify(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        guard
            context.sender.roles.contains(MembershipContract.registrar)
                || context.sender.roles.contains(Role.laboratory)
        else { throw .notAuthorised("certificates come from a registrar or a laboratory") }
        let id = try Self.identifier(&arguments, "certificate")
        let record = Certificate(
            by: context.sender.id, holder: try arguments.text("holder", maximum: 100),
            scheme: try arguments.text("scheme", maximum: 100), scope: try arguments.text("scope", maximum: 200),
            from: try arguments.unsigned("from"), until: try arguments.unsigned("until"))
        _ = try arguments.optionalHash("document")
        try arguments.finish()
        guard record.from < record.until else { throw .invalid("until", "later than from") }
        guard record.holder != context.sender.id else { throw .notAuthorised("nobody certifies itself") }
        try context.requireEntry(MembershipContract.participants, record.holder, "the holder")
        guard try context.get(Self.certificates, id) == nil else { throw .exists("the certificate \(id)") }
        context.set(Self.certificates, id, record)
    }

    /// Whoever gave a certificate takes it back; what was packed before keeps it.
    func withdrawCertificate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("certificate")
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        var record = try context.require(Self.certificates, id, "the certificate")
        guard record.by == context.sender.id else { throw .notAuthorised("\(id) was given by \(record.by)") }
        guard record.withdrawnAt == nil else { throw ContractError(142, "\(id) is withdrawn already") }
        record.withdrawnAt = context.time
        context.set(Self.certificates, id, record)
        try context.emit(
            "certificateWithdrawn", subject: record.holder, [("certificate", .text(id)), ("reason", .text(reason))])
    }

    /// A producer's brand and what it says of the product, by GTIN; stating it again replaces it.
    func stateBrand(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let gtin = try arguments.text("gtin", maximum: 14)
        let record = Brand(
            owner: context.sender.id, name: try arguments.text("brand", maximum: 100),
            statement: try arguments.text("statement", maximum: 400))
        try arguments.finish()
        guard gtin.utf8.count == 14, CheckDigit.isValid(gtin) else {
            throw ContractError(110, "a GTIN has 14 digits, the last of them the check digit (AI 01)")
        }
        if let other = try context.get(Self.brands, gtin), other.owner != context.sender.id {
            throw .notAuthorised("\(gtin) is \(other.owner)'s product")
        }
        context.set(Self.brands, gtin, record)
    }
}

/// What a certification body says of a participant; key: the certificate's number.
public struct Certificate: StateValue, Hashable {
    public var by: String
    public var holder: String
    /// For example "GLOBALG.A.P. IFA v6".
    public var scheme: String
    public var scope: String
    /// ms since 1970; valid from this instant and before `until`.
    public var from: UInt64
    public var until: UInt64
    public var withdrawnAt: UInt64?

    init(by: String, holder: String, scheme: String, scope: String, from: UInt64, until: UInt64) {
        self.by = by
        self.holder = holder
        self.scheme = scheme
        self.scope = scope
        self.from = from
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a certificate")
        self.init(
            by: try fields.text("by"), holder: try fields.text("holder"), scheme: try fields.text("scheme"),
            scope: try fields.text("scope"), from: try fields.number("from"), until: try fields.number("until"))
        withdrawnAt = fields.optionalNumber("withdrawnAt")
    }

    public var cbor: Value {
        [
            "by": .text(by), "holder": .text(holder), "scheme": .text(scheme), "scope": .text(scope),
            "from": .unsigned(from), "until": .unsigned(until), "withdrawnAt": .optional(withdrawnAt),
        ]
    }

    /// Whether it held at a time, ms since 1970.
    public func holds(at time: UInt64) -> Bool {
        from <= time && time < until && withdrawnAt.map { time < $0 } ?? true
    }
}

/// A brand; key: the product's GTIN.
public struct Brand: StateValue, Hashable {
    public var owner: String
    public var name: String
    public var statement: String

    init(owner: String, name: String, statement: String) {
        self.owner = owner
        self.name = name
        self.statement = statement
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a brand")
        self.init(
            owner: try fields.text("owner"), name: try fields.text("name"), statement: try fields.text("statement"))
    }

    public var cbor: Value { ["owner": .text(owner), "name": .text(name), "statement": .text(statement)] }
}
