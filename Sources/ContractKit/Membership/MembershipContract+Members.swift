import Ledger

/// Members: organisations that sign blocks. They are admitted and put out by the votes of a quorum of the others.
///
/// A member takes part in this with the key of its node, in the name `member-<id>`. A change is in force from the next block on, whose
/// signers the header of the block that made it names.
extension MembershipContract {
    /// What a member may do beside signing blocks; nobody else has this role.
    public static let memberRole = "member"
    private static let prefix = "member-"
    /// Proposals that wait for votes at once.
    static let maximumProposals = 50
    static let addressLength = 200

    /// The participant in whose name a member votes.
    public static func participant(of member: String) -> String { prefix + member }

    func proposeMember(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let proposer = try voter(context)
        let id = try Self.identifier(try arguments.text("id", maximum: 100), "id")
        let record = MemberRecord(
            name: try arguments.text("name", maximum: 200), coseKey: try arguments.bytes("key", maximum: Self.keyBytes),
            address: try Self.address(try arguments.optionalText("address", maximum: Self.addressLength)), from: 0)
        try arguments.finish()
        guard try context.get(Self.members, id) == nil else {
            throw ContractError(100, "\(id) is or was a member; choose another id")
        }
        guard let key = try? VerifyingKey(coseKey: record.coseKey), key.algorithm == .edDSA else {
            throw .invalid("key", "an Ed25519 COSE key, public members only")
        }
        guard try context.get(Self.keys, key.kid.hex) == nil else { throw .exists("the key \(key.kid.hex)") }
        guard try memberIDs(context).count < MemberSet.maximum else {
            throw ContractError(109, "a ledger has at most \(MemberSet.maximum) members")
        }
        try propose(.admit, id, record: record, by: proposer, context)
    }

    func proposeRemoval(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let proposer = try voter(context)
        let id = try arguments.text("id")
        try arguments.finish()
        guard try memberIDs(context).contains(id) else { throw .notFound("the member \(id)") }
        try propose(.remove, id, by: proposer, context)
    }

    /// Another version of a contract, from a height on that leaves time to install a program that has it.
    func proposeUpgrade(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let proposer = try voter(context)
        let upgrade = Upgrade(
            contract: try Self.identifier(try arguments.text("contract", maximum: 100), "contract"),
            version: try arguments.unsigned("version"), height: try arguments.unsigned("height"))
        try arguments.finish()
        try requireUpcoming(upgrade, context)
        try propose(.upgrade, upgrade.contract, upgrade: upgrade, by: proposer, context)
    }

    /// Approves or refuses; the vote that makes a quorum brings the change about, the one that makes it impossible ends the proposal.
    func voteOnMember(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let voter = try voter(context)
        let id = try arguments.hash("proposal")
        let approves = try arguments.bool("approve")
        try arguments.finish()
        var proposal = try context.require(Self.proposals, id.hex, "the proposal")
        guard proposal.expires >= context.time else {
            context.remove(Self.proposals, id.hex)
            return try context.emit("proposalExpired", subject: proposal.subject, [("proposal", .hash(id))])
        }
        guard !proposal.approvals.contains(voter), !proposal.refusals.contains(voter) else {
            throw ContractError(104, "\(voter) has voted on this already")
        }
        if approves { proposal.approvals.append(voter) } else { proposal.refusals.append(voter) }
        try context.emit(
            "memberVote", subject: proposal.subject,
            [("proposal", .hash(id)), ("by", .text(voter)), ("approve", .bool(approves))])
        try decide(proposal, id, context)
    }

    /// A member goes of its own accord.
    func leaveMembers(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let member = try voter(context)
        try arguments.finish()
        try remove(member, context)
    }

    /// Where the other members reach its node from now on.
    func moveMember(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let member = try voter(context)
        let address = try Self.address(try arguments.text("address", maximum: Self.addressLength))
        try arguments.finish()
        var record = try context.require(Self.members, member, "the member")
        record.address = address
        context.set(Self.members, member, record)
        try context.emit("memberMoved", subject: member)
    }

    /// Another key in the place of the one with which its node signs: from the next block on. The new key signs that it is the member's, so
    /// that nobody names one that it does not have.
    func rotateMember(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let member = try voter(context)
        let coseKey = try arguments.bytes("key", maximum: Self.keyBytes)
        let proof = try arguments.bytes("proof", maximum: 64)
        try arguments.finish()
        guard let key = try? VerifyingKey(coseKey: coseKey), key.algorithm == .edDSA else {
            throw .invalid("key", "an Ed25519 COSE key, public members only")
        }
        var record = try context.require(Self.members, member, "the member")
        guard let old = try? VerifyingKey(coseKey: record.coseKey) else { throw .corrupt("of member \(member)") }
        guard key.isValid(proof, for: Self.possession(of: member, after: old.kid)) else {
            throw .invalid("proof", "a signature of the new key over member and old key")
        }
        record.coseKey = coseKey
        context.set(Self.members, member, record)
        try retire(old.kid, context)
        try register(
            coseKey, owner: Self.participant(of: member), kind: .participant, context, replaces: true)
        try context.emit(
            "memberKeyRotated", subject: member,
            [("kid", .hash(key.kid)), ("from", .unsigned(try context.height.adding(1)))])
    }

    /// What the new key of a member signs, with the thumbprint of the key that it replaces.
    public static func possession(of member: String, after old: Hash32) -> Bytes {
        CBOR.array(["cairn-rotation/1", .text(member), .hash(old)]).encoded()
    }

    // MARK: Who signs

    /// The members that sign the next block, by the state after this one.
    public static func memberSet(in state: some StateReader) throws(ContractError) -> MemberSet {
        var found: [MemberSet.Member] = []
        for (id, record) in try records(in: state) where record.until == nil {
            guard let key = try? VerifyingKey(coseKey: record.coseKey) else { throw .corrupt("of member \(id)") }
            found.append(.init(id: id, key: key))
        }
        do { return try MemberSet(found) } catch { throw .corrupt("of the members: \(error.message)") }
    }

    /// All that are or were members, by id.
    public static func records(
        in state: some StateReader
    ) throws(ContractError) -> [(id: String, record: MemberRecord)] {
        var found: [(id: String, record: MemberRecord)] = []
        for (key, value) in try state.scan(members, prefix: "", limit: maximumRecords) { found.append((key, value)) }
        return found
    }

    /// Whether a state key is of a member's record.
    public static func isMemberKey(_ key: Bytes) -> Bool { key.starts(with: memberKeys) }

    private static let memberKeys = Bytes("membership/members/".utf8)
    /// Members that a ledger can ever have had.
    static let maximumRecords = 1000

    // MARK: Votes

    private func voter(_ context: ContractContext) throws(ContractError) -> String {
        try context.requireRole(Self.memberRole)
        guard context.sender.id == Self.participant(of: context.sender.member),
            try memberIDs(context).contains(context.sender.member)
        else { throw .notAuthorised("\(context.sender.id) is no member that signs blocks") }
        return context.sender.member
    }

    private func memberIDs(_ context: ContractContext) throws(ContractError) -> [String] {
        try Self.records(in: context.state).filter { $0.record.until == nil }.map(\.id)
    }

    private func propose(
        _ change: MemberProposal.Change, _ id: String, record: MemberRecord? = nil, upgrade: Upgrade? = nil,
        by proposer: String, _ context: ContractContext
    ) throws(ContractError) {
        var open = 0
        for (key, proposal) in try context.state.scan(Self.proposals, prefix: "", limit: Self.maximumProposals) {
            if proposal.expires < context.time {
                context.remove(Self.proposals, key)
            } else {
                open += 1
                guard proposal.subject != id else {
                    throw ContractError(100, "there is a proposal about \(id) already; vote on that one")
                }
            }
        }
        guard open < Self.maximumProposals else {
            throw ContractError(106, "\(Self.maximumProposals) proposals wait for votes; decide those first")
        }
        let proposal = MemberProposal(
            change: change, subject: id, record: record, upgrade: upgrade, proposedBy: proposer,
            approvals: [proposer], expires: try context.time.adding(Self.proposalAge))
        try context.emit(
            "memberProposed", subject: id,
            [
                ("proposal", .hash(context.transaction)), ("change", .text(change.rawValue)),
                ("by", .text(proposer)),
            ])
        try decide(proposal, context.transaction, context)
    }

    private func decide(
        _ proposal: MemberProposal, _ id: Hash32, _ context: ContractContext
    ) throws(ContractError) {
        let ids = try memberIDs(context)
        let quorum = MemberSet.quorum(of: ids.count)
        // Who left meanwhile has no vote any more.
        let approvals = proposal.approvals.count { ids.contains($0) }
        let refusals = proposal.refusals.count { ids.contains($0) }
        if approvals >= quorum {
            context.remove(Self.proposals, id.hex)
            switch proposal.change {
            case .remove: try remove(proposal.subject, context)
            case .admit: try admit(proposal, context)
            case .upgrade: try upgrade(proposal, context)
            }
        } else if refusals > ids.count - quorum {
            context.remove(Self.proposals, id.hex)
            try context.emit("proposalRefused", subject: proposal.subject, [("proposal", .hash(id))])
        } else {
            context.set(Self.proposals, id.hex, proposal)
        }
    }

    private func admit(_ proposal: MemberProposal, _ context: ContractContext) throws(ContractError) {
        guard var record = proposal.record else { throw .corrupt("of a proposal") }
        record.from = try context.height.adding(1)
        guard try memberIDs(context).count < MemberSet.maximum,
            try Self.records(in: context.state).count < Self.maximumRecords
        else { throw ContractError(109, "a ledger has at most \(MemberSet.maximum) members") }
        context.set(Self.members, proposal.subject, record)
        let participant = Self.participant(of: proposal.subject)
        context.set(
            Self.participants, participant,
            ParticipantRecord(
                member: proposal.subject, name: record.name, roles: [Self.memberRole],
                attestedBy: "members", validUntil: nil, revokedAt: nil))
        try register(record.coseKey, owner: participant, kind: .participant, context)
        try context.emit("memberAdmitted", subject: proposal.subject, [("from", .unsigned(record.from))])
    }

    private func remove(_ id: String, _ context: ContractContext) throws(ContractError) {
        var record = try context.require(Self.members, id, "the member")
        guard try memberIDs(context).count > 1 else {
            throw ContractError(102, "\(id) is the last member; a ledger has at least one")
        }
        let until = try context.height.adding(1)
        record.until = until
        context.set(Self.members, id, record)
        let participant = Self.participant(of: id)
        if var named = try context.get(Self.participants, participant) {
            named.revokedAt = context.height
            context.set(Self.participants, participant, named)
        }
        try context.emit("memberLeft", subject: id, [("from", .unsigned(until))])
    }

    private func upgrade(_ proposal: MemberProposal, _ context: ContractContext) throws(ContractError) {
        guard let upgrade = proposal.upgrade else { throw .corrupt("of a proposal") }
        try requireUpcoming(upgrade, context)
        context.set(Self.upgrades, "\(upgrade.contract)/\(upgrade.version)", upgrade)
        try context.emit(
            "contractUpgraded", subject: upgrade.contract,
            [("version", .unsigned(upgrade.version)), ("height", .unsigned(upgrade.height))])
    }

    private func requireUpcoming(_ upgrade: Upgrade, _ context: ContractContext) throws(ContractError) {
        guard upgrade.height > (try context.height.adding(1)) else {
            throw .invalid("height", "a height above \(context.height + 1)")
        }
        for known in try Self.upgrades(in: context.state) where known.contract == upgrade.contract {
            guard known.version < upgrade.version, known.height < upgrade.height else {
                throw ContractError(
                    100, "version \(known.version) runs from block \(known.height) on; propose a later one")
            }
        }
    }

    /// Versions of contracts that members have decided on.
    public static func upgrades(in state: some StateReader) throws(ContractError) -> [Upgrade] {
        try state.scan(upgrades, limit: maximumRecords).map(\.value)
    }

    public static func isUpgradeKey(_ key: Bytes) -> Bool { key.starts(with: upgradeKeys) }

    private static let upgradeKeys = Bytes("membership/upgrades/".utf8)

    private static func address(_ text: String?) throws(ContractError) -> String? {
        guard let text else { return nil }
        guard text.hasPrefix("https://"), !text.hasSuffix("/"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .invalid("address", "https://, host and port, without a slash at its end") }
        return text
    }
}
