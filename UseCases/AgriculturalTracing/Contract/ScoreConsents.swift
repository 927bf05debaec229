import ContractKit

/// Whom a supplier lets read its score (TR 6.1.11): the score is made from what the ledger holds, and shown to nobody without this.
extension TracingContract {
    /// The sender lets somebody read its score until a time; a time that has passed ends it.
    func shareScore(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let reader = try arguments.text("reader", maximum: 100)
        let until = try arguments.unsigned("until")
        _ = try arguments.text("purpose", maximum: 200)
        try arguments.finish()
        try context.requireEntry(MembershipContract.participants, reader, "the reader")
        context.set(Self.scoreReaders, "\(context.sender.id)/\(reader)", until)
    }
}
