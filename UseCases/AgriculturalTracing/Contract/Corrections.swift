import ContractKit

/// What was recorded wrongly stays, and a new record says so (TR 6.1.12 1; EPCIS 2.0 §7.4.1.4, error declaration).
extension TracingContract {
    /// Declares a record of one's own to be wrong, with the reason and, where there is one, the record that holds instead.
    ///
    /// A contract sees no records, so whoever reads compares the issuer of the record with the one who declared; see BoxTrace.
    func declareError(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let record = try arguments.hash("record")
        let reason = try arguments.text("reason", maximum: 200)
        let corrective = try arguments.optionalHash("corrective")
        try arguments.finish()
        guard record != corrective else { throw .invalid("corrective", "another record than the one that is wrong") }
        let key = "\(context.sender.id)/\(record.hex)"
        guard try context.get(Self.errorDeclarations, key) == nil else {
            throw .exists("the declaration about \(record.hex)")
        }
        context.set(
            Self.errorDeclarations, key,
            ErrorDeclaration(reason: reason, corrective: corrective, declaredAt: context.time))
    }
}
