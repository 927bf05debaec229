import ContractKit

/// The registry of notices across institutions: one place to search, and an answer as of any time.
extension ChattelContract {
    static let terms: ClosedRange<UInt64> = 86_400_000...25 * 366 * 86_400_000
    /// Most events of a notice, and hits of a search.
    private static let maximumEvents = 200

    func registerNotice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.bank)
        let parties = try arguments.texts("securedParties", maximum: 10)
        let debtor = try arguments.text("debtor", maximum: 100)
        let collateral = try arguments.texts("collateral", maximum: Self.maximumItems)
        let until = try arguments.unsigned("until")
        let law = try law(&arguments, until: until, context)
        try arguments.finish()
        guard parties.contains(context.sender.id) else { throw .invalid("securedParties", "with your own id") }
        guard Set(parties.map(Fingerprint.normal)).count == parties.count else { throw Refusal.sameParty }
        guard until > context.time, Self.terms.contains(until - context.time) else {
            throw .invalid("until", "a day to 25 years from now")
        }
        _ = try notice(of: parties, debtor: debtor, collateral: collateral, until: until, under: law, context)
    }

    /// Registers a notice under the next number.
    func notice(
        of parties: [String], debtor: String, collateral: [String], until: UInt64, under law: Notice.Law? = nil,
        _ context: ContractContext
    ) throws(ContractError) -> String {
        let number = "N\(try Self.next("notice", context))"
        var notice = Notice(
            securedParties: parties, debtor: debtor, collateral: collateral,
            events: [.init(kind: .registered, at: context.time, until: until)])
        notice.law = law
        context.set(Self.notices, number, notice)
        index(notice, number, context)
        try context.emit("noticed", subject: "notice:\(number)", [("debtor", .text(debtor))])
        return number
    }

    private func index(_ notice: Notice, _ number: String, _ context: ContractContext) {
        for party in notice.securedParties { set("secured", party, number, context) }
        set("debtor", notice.debtor, number, context)
        for item in notice.collateral { set("collateral", item, number, context) }
    }

    private func set(_ field: String, _ value: String, _ number: String, _ context: ContractContext) {
        context.set(Self.noticeTerms, "\(field)/\(Fingerprint.hash(of: value).hex)/\(number)", number)
    }

    private func live(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (number: String, notice: Notice) {
        let number = try arguments.text("notice", maximum: 60)
        let notice = try context.require(Self.notices, number, "the notice")
        guard notice.securedParties.contains(context.sender.id) else {
            throw .notAuthorised("a notice is changed by its secured party")
        }
        guard notice.isInForce(at: context.time), notice.events.count < Self.maximumEvents else { throw Refusal.ended }
        return (number, notice)
    }

    func amendNotice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, notice) = try live(&arguments, context)
        let added = try arguments.texts("collateral", maximum: Self.maximumItems)
        // The notice of a decision names no law; its bank adds what the place wants.
        let law = try law(&arguments, until: notice.events.last?.until ?? 0, context)
        try arguments.finish()
        if let law { notice.law = law }
        guard notice.collateral.count + added.count <= 200 else { throw .invalid("collateral", "at most 200 in all") }
        notice.collateral += added.filter { !notice.collateral.contains($0) }
        notice.events.append(.init(kind: .amended, at: context.time, until: notice.events.last?.until ?? 0))
        context.set(Self.notices, number, notice)
        index(notice, number, context)
    }

    func renewNotice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, notice) = try live(&arguments, context)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        guard until > context.time, Self.terms.contains(until - context.time), until > notice.events.last?.until ?? 0
        else { throw .invalid("until", "later than now ends it, at most 25 years from now") }
        if let law = notice.law, let rules = try context.get(Self.jurisdictions, law.jurisdiction),
            let flaw = rules.flaw(in: law.members, term: until - context.time)
        {
            throw Refusal.law(flaw)
        }
        notice.events.append(.init(kind: .renewed, at: context.time, until: until))
        context.set(Self.notices, number, notice)
    }

    func dischargeNotice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (number, _) = try live(&arguments, context)
        try arguments.finish()
        try discharge(notice: number, context)
    }

    func discharge(notice number: String, _ context: ContractContext) throws(ContractError) {
        guard var notice = try context.get(Self.notices, number), notice.isInForce(at: context.time) else { return }
        notice.events.append(.init(kind: .discharged, at: context.time, until: context.time))
        context.set(Self.notices, number, notice)
        try context.emit("noticeDischarged", subject: "notice:\(number)", [])
    }

    /// A numbered certificate of what was registered at a time, kept for ever.
    func search(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let field = try arguments.text("field", maximum: 20)
        let value = try arguments.text("value", maximum: 100)
        let asOf = try arguments.optionalUnsigned("asOf") ?? context.time
        try arguments.finish()
        guard ["debtor", "secured", "collateral"].contains(field) else {
            throw .invalid("field", "debtor, secured or collateral")
        }
        guard asOf <= context.time else { throw .invalid("asOf", "a time that has passed") }
        var found: [String] = []
        let prefix = "\(field)/\(Fingerprint.hash(of: value).hex)/"
        for (_, number) in try context.state.scan(Self.noticeTerms, prefix: prefix, limit: Self.maximumEvents)
        where try context.get(Self.notices, number)?.isInForce(at: asOf) ?? false {
            found.append(number)
        }
        let number = "C\(try Self.next("certificate", context))"
        context.set(
            Self.certificates, number,
            SearchCertificate(field: field, value: value, asOf: asOf, at: context.time, found: found))
        try context.emit(
            "searched", subject: "certificate:\(number)", [("found", .unsigned(UInt64(found.count)))])
    }
}
