import Ledger

/// Who takes part: participants, the people who act for them, devices, and their keys.
///
/// Participants and devices:
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `enrolParticipant` | a registrar | the id or key is taken |
/// | `attestParticipant` | a registrar | another registrar vouches |
/// | `revokeParticipant` | the registrar who attested; for a person, an administrator of the organisation | it is revoked already |
/// | `enrolPerson` | an administrator of the organisation | a role is not the organisation's |
/// | `enrolDevice` | a registrar | owner or gateway unknown; key taken; generation not the next; another owner |
/// | `revokeDevice` | the owner or the registrar who attested | it is revoked already |
/// | `transferDevice`, `acceptDevice` | the owner, then the new owner | it is revoked; it was not offered |
///
/// Keys:
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `addKey`, `rotateKey` | the signer | the key is taken; ten keys are valid |
/// | `revokeKey` | the signer | not theirs, or their last |
/// | `recoverKey` | two administrators of the organisation, one after the other | they do not name the same key |
///
/// Members, see `MembershipContract+Members.swift`:
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `proposeUpgrade` | a member | the height is past, or a later version is decided on |
/// | `proposeMember`, `proposeRemoval` | a member | there is a proposal about it already; the id was a member's |
/// | `voteOnMember` | another member | it has voted |
/// | `leaveMembers`, `moveMember` | a member, for itself | it is the last one |
/// | `rotateMember` | a member, for itself | the key is taken, or did not sign |
///
/// Second persons:
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `requireApproval` | an administrator | it would leave the list without a second person's approval |
/// | `approve`, `decline` | another signer of the organisation | it is the same person; a week has passed |
public struct MembershipContract: Contract {
    public static let registrar = "registrar"
    public static let gateway = "gateway"
    /// May enrol and revoke the people of an organisation. The organisation's own key may, too.
    public static let administrator = "administrator"
    /// May approve what a colleague asked for; an administrator may, too.
    public static let approver = "approver"

    public static let participants = StateMap<ParticipantRecord>("membership", "participants")
    public static let devices = StateMap<DeviceRecord>("membership", "devices")
    public static let keys = StateMap<KeyRecord>("membership", "keys")
    public static let members = StateMap<MemberRecord>("membership", "members")
    public static let upgrades = StateMap<Upgrade>("membership", "upgrades")
    public static let proposals = StateMap<MemberProposal>("membership", "proposals")
    /// Valid keys by their owner: `<owner>/<kid hex>`, with the height of activation.
    public static let ownerKeys = StateMap<UInt64>("membership", "ownerkeys")
    /// Who is offered a device, by its URN.
    public static let transfers = StateMap<String>("membership", "transfers")
    /// Keys that one administrator proposed for a participant who lost theirs.
    static let recoveries = StateMap<Recovery>("membership", "recoveries")
    /// Operations that wait for a second person, by transaction.
    public static let waiting = StateMap<WaitingOperation>("membership", "waiting")

    /// How long a proposal of one person waits for the second, ms.
    public static let proposalAge: UInt64 = 7 * 24 * 3600 * 1000
    /// Valid keys of one participant or device.
    static let maximumKeys = 10
    static let keyBytes = 200

    public let name = "membership"
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "enrolParticipant": try enrolParticipant(&arguments, context)
        case "attestParticipant": try attestParticipant(&arguments, context)
        case "revokeParticipant": try revokeParticipant(&arguments, context)
        case "enrolPerson": try enrolPerson(&arguments, context)
        case "enrolDevice": try enrolDevice(&arguments, context)
        case "revokeDevice": try revokeDevice(&arguments, context)
        case "transferDevice": try transferDevice(&arguments, context)
        case "acceptDevice": try acceptDevice(&arguments, context)
        case "addKey": try addKey(&arguments, context)
        case "rotateKey": try rotateKey(&arguments, context)
        case "revokeKey": try revokeKey(&arguments, context)
        case "recoverKey": try recoverKey(&arguments, context)
        case "proposeMember": try proposeMember(&arguments, context)
        case "proposeRemoval": try proposeRemoval(&arguments, context)
        case "proposeUpgrade": try proposeUpgrade(&arguments, context)
        case "voteOnMember": try voteOnMember(&arguments, context)
        case "leaveMembers": try leaveMembers(&arguments, context)
        case "rotateMember": try rotateMember(&arguments, context)
        case "moveMember": try moveMember(&arguments, context)
        case "requireApproval": try requireApproval(&arguments, context)
        case "approve": try approve(&arguments, context)
        case "decline": try decline(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// Enrols the members and participants that genesis names; each vouches for itself.
    public static func apply(_ genesis: Genesis, to state: WorkingState) {
        func enrol(_ id: String, _ record: ParticipantRecord, _ verifyingKey: VerifyingKey) {
            let key = KeyRecord(owner: id, kind: .participant, coseKey: verifyingKey.coseKey, from: 0, until: nil)
            state.set(participants.key(id), record.cbor.encoded())
            state.set(keys.key(verifyingKey.kid.hex), key.cbor.encoded())
            state.set(ownerKeys.key("\(id)/\(verifyingKey.kid.hex)"), UInt64(0).cbor.encoded())
        }
        for member in genesis.members.members {
            let name = genesis.memberNames.first { $0.id == member.id }?.name ?? member.id
            let record = MemberRecord(name: name, coseKey: member.key.coseKey, address: nil, from: 0)
            state.set(members.key(member.id), record.cbor.encoded())
            let participant = ParticipantRecord(
                member: member.id, name: name, roles: [memberRole], attestedBy: "genesis", validUntil: nil,
                revokedAt: nil)
            enrol(Self.participant(of: member.id), participant, member.key)
        }
        for person in genesis.participants {
            let record = ParticipantRecord(
                member: person.member, name: person.name, roles: person.roles, attestedBy: "genesis", validUntil: nil,
                revokedAt: nil)
            enrol(person.id, record, person.key)
        }
        state.keep()
    }

    /// Ids are printable ASCII without a slash or space, so that they can stand in keys, topics and addresses.
    static func identifier(_ id: String, _ argument: String) throws(ContractError) -> String {
        let allowed = id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard allowed else { throw .invalid(argument, "printable ASCII without spaces and slashes") }
        return id
    }

    public var invariants: [Invariant] { [oneOwnerForEachKey, validKeysAreListed] }
}
