import Ledger

/// Organisations, vouched for by registrars, and the people who act for them.
extension MembershipContract {
    func enrolParticipant(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Self.registrar)
        let id = try Self.identifier(try arguments.text("id", maximum: 100), "id")
        let record = ParticipantRecord(
            member: try arguments.text("member", maximum: 100), name: try arguments.text("name", maximum: 200),
            roles: try arguments.texts("roles", maximum: 20), attestedBy: context.sender.id,
            validUntil: try arguments.optionalUnsigned("validUntil"), revokedAt: nil)
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        guard !record.roles.contains(Self.registrar), !record.roles.contains(Self.memberRole) else {
            throw .notAuthorised("registrars are named in genesis or by the members, not by another registrar")
        }
        try add(id, record, key, context)
    }

    /// Vouches again, or until another day: also for a participant whose registrar has withdrawn.
    func attestParticipant(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Self.registrar)
        let id = try arguments.text("id")
        let validUntil = try arguments.optionalUnsigned("validUntil")
        try arguments.finish()
        var record = try context.require(Self.participants, id, "the participant")
        guard record.organisation == nil else {
            throw .notAuthorised("\(id) acts for \(record.organisation ?? ""), which vouches for its people itself")
        }
        guard record.attestedBy == context.sender.id || !record.isVouchedFor(at: context.time) else {
            throw .notAuthorised("\(record.attestedBy) vouches for \(id); it can be renewed by nobody else")
        }
        guard !record.roles.contains(Self.registrar) else {
            throw .notAuthorised("a registrar cannot vouch for a registrar")
        }
        record.attestedBy = context.sender.id
        record.validUntil = validUntil
        record.revokedAt = nil
        context.set(Self.participants, id, record)
        try context.emit("participantAttested", subject: id, [("by", .text(context.sender.id))])
    }

    func revokeParticipant(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id")
        let reason = try arguments.optionalText("reason", maximum: 140)
        try arguments.finish()
        var record = try context.require(Self.participants, id, "the participant")
        guard record.attestedBy == context.sender.id else {
            throw .notAuthorised("only \(record.attestedBy), who vouches for \(id), can withdraw that")
        }
        if record.organisation != nil { try requireAdministrator(context) }
        guard record.revokedAt == nil else { throw ContractError(100, "\(id) is revoked already") }
        record.revokedAt = context.height
        context.set(Self.participants, id, record)
        try context.emit("participantRevoked", subject: id, reason.map { [("reason", .text($0))] } ?? [])
    }

    func enrolPerson(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try requireAdministrator(context)
        let id = try Self.identifier(try arguments.text("id", maximum: 100), "id")
        let organisation = try context.require(Self.participants, context.sender.id, "the organisation")
        let record = ParticipantRecord(
            member: organisation.member, name: try arguments.text("name", maximum: 200),
            roles: try arguments.texts("roles", maximum: 20), attestedBy: context.sender.id,
            validUntil: try arguments.optionalUnsigned("validUntil"), revokedAt: nil, organisation: context.sender.id)
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        guard Set(record.roles).isDisjoint(with: [Self.registrar, Self.gateway, Self.memberRole]) else {
            throw .notAuthorised("registrars and gateways are participants of their own")
        }
        let ownRoles = [Self.administrator, Self.approver]
        for role in record.roles where !organisation.roles.contains(role) && !ownRoles.contains(role) {
            throw .notAuthorised("\(context.sender.id) does not have the role \(role) and cannot give it")
        }
        try add(id, record, key, context)
    }

    private func add(
        _ id: String, _ record: ParticipantRecord, _ key: Bytes, _ context: ContractContext
    ) throws(ContractError) {
        // Who vouches for genesis' participants, and who fires timers; nobody may act in these names.
        guard id != "genesis", id != "ledger" else { throw .invalid("id", "another name than genesis and ledger") }
        guard !id.hasPrefix(Self.participant(of: "")) else {
            throw .invalid("id", "a name that does not begin as those of members")
        }
        guard !id.hasPrefix("urn:dev:") else { throw .invalid("id", "a name that is no device URN") }
        guard try context.get(Self.participants, id) == nil else { throw .exists("the participant \(id)") }
        context.set(Self.participants, id, record)
        try register(key, owner: id, kind: .participant, context)
    }

    /// Refuses a signer who acts for an organisation without being its administrator.
    func requireAdministrator(_ context: ContractContext) throws(ContractError) {
        guard context.sender.signer == context.sender.id || context.sender.roles.contains(Self.administrator) else {
            throw .notAuthorised("\(context.sender.signer) is no administrator of \(context.sender.id)")
        }
    }
}
