import ContractKit

/// What a testing agency is qualified for (TR 6.1.10, table 2): a record of its own, checked at the time of the test.
extension TracingContract {
    /// Most analytes of one scope.
    static let maximumScope = 200

    /// A registrar, an accreditation body in the field's words, states number, scope and validity; stating it again replaces it.
    func accredit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.registrar)
        let agency = try arguments.text("agency", maximum: 100)
        let record = Accreditation(
            by: context.sender.id, number: try arguments.text("number", maximum: 60),
            scope: try arguments.texts("scope", maximum: Self.maximumScope), from: try arguments.unsigned("from"),
            until: try arguments.unsigned("until"))
        try arguments.finish()
        let participant = try context.require(MembershipContract.participants, agency, "the agency")
        guard participant.roles.contains(Role.laboratory) else {
            throw .invalid("agency", "a participant with the role \(Role.laboratory)")
        }
        guard record.from < record.until, !record.scope.isEmpty else {
            throw .invalid("until", "later than from, and the scope names at least one analyte")
        }
        context.set(Self.accreditations, agency, record)
    }

    /// Whether an agency is accredited for an analyte now.
    func isCovered(_ agency: String, _ analyte: String, _ context: ContractContext) throws(ContractError) -> Bool {
        guard let record = try context.get(Self.accreditations, agency) else { return false }
        return record.from <= context.time && context.time < record.until && record.scope.contains(analyte)
    }
}
