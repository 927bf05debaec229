import APIKit
import ContractKit
import Ledger
import LedgerStore
import Replica

/// Participants as the ledger knows them now, for sessions.
struct Directory: Sendable {
    let node: LedgerNode

    private var state: StoreReader { StoreReader(store: node.serving.store) }

    /// nil for nobody, and where nobody vouches for the participant, or for the organisation they act for.
    func identity(of signer: String) -> Identity? {
        guard let record = try? state.get(MembershipContract.participants, signer), isVouchedFor(record) else {
            return nil
        }
        guard let organisation = record.organisation else {
            return Identity(
                participant: signer, signer: signer, name: record.name, organisation: node.memberName(record.member),
                roles: record.roles)
        }
        guard let whole = try? state.get(MembershipContract.participants, organisation), isVouchedFor(whole) else {
            return nil
        }
        return Identity(
            participant: organisation, signer: signer, name: record.name, organisation: whole.name,
            roles: record.roles)
    }

    /// The participant whose valid key a kid names.
    func key(_ kid: Hash32, of participant: String) throws -> VerifyingKey? {
        guard let record = try state.get(MembershipContract.keys, kid.hex), record.owner == participant,
            record.kind == .participant, record.isValid(at: node.finalHeight + 1)
        else { return nil }
        return try VerifyingKey(coseKey: record.coseKey)
    }

    private func isVouchedFor(_ record: ParticipantRecord) -> Bool {
        record.isVouchedFor(at: node.ledgerTime)
    }
}
