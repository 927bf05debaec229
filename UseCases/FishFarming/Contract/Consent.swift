import ContractKit

/// The contract with the service company, and what may be collected and shown, class by class (TR 6.2.2.2, 6.2.4).
extension FishFarmingContract {
    func signAgreement(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let provider = try arguments.text("provider", maximum: 100)
        let version = try arguments.text("version", maximum: 20)
        let document = try arguments.hash("document")
        try arguments.finish()
        try context.requireEntry(MembershipContract.participants, provider, "the service company")
        try TermsContract.sign(Self.serviceTerms, of: provider, version: version, hash: document, in: context)
        var farm =
            try context.get(Self.farms, context.sender.id)
            ?? FarmRecord(provider: provider, version: version, document: document, signedAt: context.time)
        farm.provider = provider
        farm.version = version
        farm.document = document
        farm.signedAt = context.time
        context.set(Self.farms, context.sender.id, farm)
    }

    /// Lets a class of data be collected, or ends it. Those who lend to or insure the farm are told of a gap.
    func allow(
        _ arguments: inout Arguments, _ isAllowed: Bool, _ context: ContractContext
    ) throws(ContractError) {
        let kinds = try Self.classes(&arguments)
        try arguments.finish()
        var farm = try ownFarm(context)
        farm.classes = DataClass.allCases.map(\.rawValue).filter {
            kinds.contains($0) ? isAllowed : farm.classes.contains($0)
        }
        context.set(Self.farms, context.sender.id, farm)
        guard !isAllowed else { return }
        for institution in try institutions(of: context.sender.id, context) {
            try context.emit(
                "dataGap", subject: context.sender.id,
                [("institution", .text(institution)), ("classes", .texts(kinds))])
        }
    }

    /// Institutions with a loan or cover of a farmer that is open or in force, each once, in order.
    private func institutions(of farmer: String, _ context: ContractContext) throws(ContractError) -> [String] {
        var found: [String] = []
        for (_, loan) in try context.state.scan(Self.loans, prefix: "\(farmer)/", limit: 1000)
        where [.asked, .offered, .live].contains(loan.stage) && !found.contains(loan.institution) {
            found.append(loan.institution)
        }
        for (_, cover) in try context.state.scan(Self.covers, prefix: "\(farmer)/", limit: 1000)
        where [.asked, .quoted, .live].contains(cover.stage) && !found.contains(cover.insurer) {
            found.append(cover.insurer)
        }
        return found
    }

    func share(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let institution = try arguments.text("institution", maximum: 100)
        let kinds = try Self.classes(&arguments)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        _ = try ownFarm(context)
        guard until > context.time else { throw .invalid("until", "a time to come") }
        let record = try context.require(MembershipContract.participants, institution, "the institution")
        guard record.roles.contains(Role.bank) || record.roles.contains(Role.insurer) else {
            throw .invalid("institution", "a bank or an insurer")
        }
        guard
            try TermsContract.isSigned(
                Self.financeTerms, of: institution, by: context.sender.id, in: context.state)
        else { throw Refusal.unsigned(institution) }
        context.set(
            Self.shares, "\(context.sender.id)/\(institution)",
            ShareRecord(
                classes: DataClass.allCases.map(\.rawValue).filter { kinds.contains($0) }, until: until))
    }

    func endShare(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let institution = try arguments.text("institution", maximum: 100)
        try arguments.finish()
        let key = "\(context.sender.id)/\(institution)"
        var record = try context.require(Self.shares, key, "the consent")
        guard record.endedAt == nil else { throw Refusal.stage }
        record.endedAt = context.time
        context.set(Self.shares, key, record)
        try context.emit(
            "dataGap", subject: context.sender.id,
            [("institution", .text(institution)), ("classes", .texts(record.classes))])
    }

    private static func classes(_ arguments: inout Arguments) throws(ContractError) -> [String] {
        let kinds = try arguments.texts("classes", maximum: DataClass.allCases.count)
        guard !kinds.isEmpty, kinds.allSatisfy({ DataClass(rawValue: $0) != nil }) else {
            throw .invalid("classes", "some of \(DataClass.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kinds
    }
}
