import ContractKit

/// Who helped a farmer to begin, and what was explained; `fish/assistance/<farmer>`.
public struct AssistanceRecord: StateValue, Hashable {
    /// The extension worker, a person whom a registrar enrolled by name.
    public var worker: String
    /// Whose terms were read aloud or explained, and the hash of their text.
    public var provider: String
    public var hash: Hash32
    public var language: String
    /// Ledger time, ms.
    public var at: UInt64

    init(worker: String, provider: String, hash: Hash32, language: String, at: UInt64) {
        self.worker = worker
        self.provider = provider
        self.hash = hash
        self.language = language
        self.at = at
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of assistance")
        self.init(
            worker: try fields.text("worker"), provider: try fields.text("provider"), hash: try fields.hash("hash"),
            language: try fields.text("language"), at: try fields.number("at"))
    }

    public var cbor: Value {
        [
            "worker": .text(worker), "provider": .text(provider), "hash": .hash(hash), "language": .text(language),
            "at": .unsigned(at),
        ]
    }
}

extension FishFarmingContract {
    /// An extension worker explained a company's terms to a farmer, who then signs with a key of their own or does not.
    func assist(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.extensionWorker)
        let farmer = try arguments.text("farmer", maximum: 100)
        let provider = try arguments.text("provider", maximum: 100)
        let hash = try arguments.hash("hash")
        let language = try arguments.text("language", maximum: 40)
        try arguments.finish()
        let person = try context.require(MembershipContract.participants, farmer, "the farmer")
        guard person.roles.contains(Role.farmer) else { throw .invalid("farmer", "a fish farmer") }
        guard context.sender.id != farmer else { throw .invalid("farmer", "somebody else") }
        let terms = "\(provider)/\(Self.serviceTerms)"
        let version = try context.require(TermsContract.latest, terms, "the terms")
        guard try context.get(TermsContract.texts, "\(terms)/\(version)")?.hash == hash else {
            throw Refusal.otherTerms
        }
        context.set(
            Self.assistance, farmer,
            AssistanceRecord(
                worker: context.sender.signer, provider: provider, hash: hash, language: language, at: context.time))
        try context.emit("assisted", subject: farmer, [("worker", .text(context.sender.signer))])
    }
}
