import APIKit
import ContractKit
import Ledger

/// What an operation would do if it were signed now. Nothing of it is kept.
public struct Rehearsal: Sendable {
    public let refusal: ContractError?
    public let events: [TransactionResult.Event]
    /// Keys of the state that would change, in order.
    public let changes: [String]
}

extension Platform {
    /// Runs an operation on what this node holds, in the name of whoever is signed in, before anything is signed.
    ///
    /// The ledger may have moved on by the time a signed statement arrives, so a rehearsal promises nothing; and it does not
    /// ask for the second person whom an organisation's rules may want.
    ///
    /// - Throws: `Problem` where the ledger has no such contract.
    public func rehearse(_ operation: Ledger.Operation, as session: Session) throws -> Rehearsal {
        guard let contract = node.contracts.first(where: { $0.name == operation.contract }) else {
            throw Problem.badRequest("there is no contract \(operation.contract) on this ledger")
        }
        let member = try state.get(MembershipContract.participants, session.participant)?.member ?? ""
        let working = WorkingState(over: state)
        let context = ContractContext(
            contract: contract.name, state: working, height: node.finalHeight + 1, time: now,
            sender: .init(
                id: session.participant, signer: session.signer, member: member, roles: session.roles),
            transaction: .zero, parameters: node.genesis.parameters[.text(contract.name)]?.map ?? ValueMap())
        do {
            try contract.execute(operation, in: context)
        } catch {
            return Rehearsal(refusal: error, events: [], changes: [])
        }
        return Rehearsal(
            refusal: nil, events: context.events,
            changes: working.changes().map { String(decoding: $0.key, as: UTF8.self) }.sorted())
    }

    /// How a participant signs terms on this ledger; see ``UseCase/signing(_:by:on:)``.
    public func signing(_ terms: SignedTerms, by session: Session) throws -> Ledger.Operation {
        try useCase.signing(terms, by: session, on: self)
            ?? Ledger.Operation(
                TermsContract.contractName, "sign",
                [
                    ("issuer", .text(terms.issuer)), ("name", .text(terms.name)), ("version", .text(terms.version)),
                    ("hash", .hash(terms.hash)),
                ])
    }
}

/// Terms as somebody signs them: which, and the SHA-256 of the text that was read.
public struct SignedTerms: Sendable, Hashable {
    public let issuer: String
    public let name: String
    public let version: String
    public let hash: Hash32

    public init(issuer: String, name: String, version: String, hash: Hash32) {
        self.issuer = issuer
        self.name = name
        self.version = version
        self.hash = hash
    }
}
