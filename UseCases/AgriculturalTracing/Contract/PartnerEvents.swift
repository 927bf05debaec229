import ContractKit

/// EPCIS events of partners' systems (TR 6.1.11).
extension TracingContract {
    /// An event becomes a record, once. Its anchor is the event hash of CBV 2.0 §8.9, which the partner's own system computes as well:
    /// SHA-256 of the canonical text. That the text is the document's is for readers to check; both are here.
    func captureEvent(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.partner)
        let hash = try arguments.hash("hash")
        _ = try arguments.text("type", maximum: 200)
        _ = try arguments.text("event", maximum: 200)
        _ = try arguments.unsigned("eventTime")
        let canonical = try arguments.bytes("canonical", maximum: Self.maximumCanonicalSize)
        _ = try arguments.bytes("document", maximum: Self.maximumEventSize)
        try arguments.finish()
        guard Hash32.sha256(canonical) == hash else { throw .invalid("hash", "the SHA-256 of canonical") }
        guard try context.get(Self.partnerEvents, hash.hex) == nil else { throw .exists("this event") }
        context.set(Self.partnerEvents, hash.hex, context.sender.id)
    }
}
