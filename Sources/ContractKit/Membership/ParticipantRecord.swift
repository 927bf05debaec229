import Ledger

/// A person or organisation enrolled on the ledger; `membership/participants/<id>`.
public struct ParticipantRecord: StateValue, Hashable {
    public var member: String
    /// Name of the organisation, or what a person does in it; never a person's name.
    public var name: String
    public var roles: [String]
    /// The registrar who vouches; for a person, the organisation.
    public var attestedBy: String
    /// ms since 1970; nil without end.
    public var validUntil: UInt64?
    /// Height of the revocation.
    public var revokedAt: UInt64?
    /// The participant for whom a person acts; nil for those who act for themselves.
    public var organisation: String?
    /// Operations (`contract.operation`) that need a second person of the organisation.
    public var approvals: [String]

    public init(
        member: String, name: String, roles: [String], attestedBy: String, validUntil: UInt64?, revokedAt: UInt64?,
        organisation: String? = nil, approvals: [String] = []
    ) {
        self.member = member
        self.name = name
        self.roles = roles
        self.attestedBy = attestedBy
        self.validUntil = validUntil
        self.revokedAt = revokedAt
        self.organisation = organisation
        self.approvals = approvals
    }

    /// Whether somebody vouches for the participant at a ledger time, ms since 1970.
    public func isVouchedFor(at time: UInt64) -> Bool { revokedAt == nil && validUntil.map { time <= $0 } ?? true }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let member = map["member"]?.text, let name = map["name"]?.text,
            let roles = map["roles"]?.array, let attestedBy = map["attestedBy"]?.text
        else { throw .corrupt("of a participant") }
        self.init(
            member: member, name: name, roles: roles.compactMap(\.text), attestedBy: attestedBy,
            validUntil: map["validUntil"]?.unsigned, revokedAt: map["revokedAt"]?.unsigned,
            organisation: map["organisation"]?.text, approvals: map["approvals"]?.array?.compactMap(\.text) ?? [])
    }

    public var cbor: Value {
        [
            "member": .text(member), "name": .text(name), "roles": .array(roles.map { .text($0) }),
            "attestedBy": .text(attestedBy), "validUntil": .optional(validUntil), "revokedAt": .optional(revokedAt),
            "organisation": organisation.map { .text($0) } ?? .null,
            "approvals": .array(approvals.map { .text($0) }),
        ]
    }
}
