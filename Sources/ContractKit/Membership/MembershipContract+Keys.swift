import Ledger

/// Keys: a participant's own matter, but for one who lost them all.
extension MembershipContract {
    /// The key of a member is the one that it signs blocks with.
    private func requireNoMember(_ context: ContractContext) throws(ContractError) {
        guard !context.sender.roles.contains(Self.memberRole) else {
            throw .notAuthorised(
                "\(context.sender.id) has the key that signs its blocks, and no other; `rotateMember` replaces it")
        }
    }

    func addKey(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try requireNoMember(context)
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        try register(key, owner: context.sender.signer, kind: .participant, context)
    }

    /// A new key in place of an old one, in one step.
    func rotateKey(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let old = try arguments.hash("kid")
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        try requireNoMember(context)
        try requireOwnKey(old, context)
        try retire(old, context)
        try register(key, owner: context.sender.signer, kind: .participant, context, replaces: true)
    }

    func revokeKey(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let kid = try arguments.hash("kid")
        try arguments.finish()
        try requireOwnKey(kid, context)
        guard try validKeys(of: context.sender.signer, context).count > 1 else {
            throw ContractError(102, "this is the last key; add another one first")
        }
        try retire(kid, context)
    }

    private func requireOwnKey(_ kid: Hash32, _ context: ContractContext) throws(ContractError) {
        let record = try context.require(Self.keys, kid.hex, "the key")
        guard record.owner == context.sender.signer else { throw .notAuthorised("the key belongs to another") }
        guard record.until == nil else { throw ContractError(100, "the key is revoked already") }
    }

    /// Two administrators name the same new key for a colleague, or for their organisation itself; it replaces all others.
    func recoverKey(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id")
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        let participant = try context.require(Self.participants, id, "the participant")
        guard id == context.sender.id || participant.organisation == context.sender.id,
            context.sender.signer != id
        else { throw .notAuthorised("a key is recovered by administrators of the same organisation") }
        guard !participant.roles.contains(Self.memberRole) else {
            throw .notAuthorised("\(id) has the key that signs its blocks; a member that lost it is admitted anew")
        }
        try requireAdministrator(context)
        guard (try? VerifyingKey(coseKey: key)) != nil else {
            throw .invalid("key", "a COSE key, Ed25519 or P-256, public members only")
        }
        let known = try context.get(Self.recoveries, id)
        guard let known, known.expires >= context.time else {
            let proposal = Recovery(
                key: key, proposedBy: context.sender.signer, expires: try context.time.adding(Self.proposalAge))
            context.set(Self.recoveries, id, proposal)
            try context.emit("recoveryProposed", subject: id, [("by", .text(context.sender.signer))])
            return
        }
        guard known.proposedBy != context.sender.signer else {
            throw ContractError(104, "\(known.proposedBy) proposed this; a second administrator has to")
        }
        guard known.key == key else {
            throw ContractError(105, "\(known.proposedBy) proposed another key; agree on one")
        }
        for kid in try validKeys(of: id, context) { try retire(kid, context) }
        context.remove(Self.recoveries, id)
        try register(key, owner: id, kind: .participant, context, replaces: true)
        try context.emit(
            "keyRecovered", subject: id,
            [("first", .text(known.proposedBy)), ("second", .text(context.sender.signer))])
    }

    // MARK: The register

    private func validKeys(of owner: String, _ context: ContractContext) throws(ContractError) -> [Hash32] {
        try context.state.scan(Self.ownerKeys, prefix: "\(owner)/", limit: Self.maximumKeys)
            .compactMap { Hash32(hex: String($0.key.dropFirst(owner.utf8.count + 1))) }
    }

    /// - Parameter replaces: whether another key ends with this: the new one is then valid from the next block on, where
    ///   the old one no longer is, so that at any height only one of the two is.
    @discardableResult
    func register(
        _ coseKey: Bytes, owner: String, kind: KeyRecord.Kind, _ context: ContractContext, replaces: Bool = false
    ) throws(ContractError) -> Hash32 {
        guard let key = try? VerifyingKey(coseKey: coseKey) else {
            throw .invalid("key", "a COSE key, Ed25519 or P-256, public members only")
        }
        // A key names one owner for ever, also after it is retired.
        guard try context.get(Self.keys, key.kid.hex) == nil else { throw .exists("the key \(key.kid.hex)") }
        guard try validKeys(of: owner, context).count < Self.maximumKeys else {
            throw ContractError(106, "\(owner) has \(Self.maximumKeys) valid keys; revoke one first")
        }
        let from = replaces ? try context.height.adding(1) : context.height
        context.set(
            Self.keys, key.kid.hex, KeyRecord(owner: owner, kind: kind, coseKey: coseKey, from: from, until: nil))
        context.set(Self.ownerKeys, "\(owner)/\(key.kid.hex)", from)
        return key.kid
    }

    /// The key stays valid in the block that retires it, so that order inside a block does not matter to verifiers.
    func retire(_ kid: Hash32, _ context: ContractContext) throws(ContractError) {
        var record = try context.require(Self.keys, kid.hex, "the key")
        guard record.until == nil else { return }
        record.until = try context.height.adding(1)
        context.set(Self.keys, kid.hex, record)
        context.remove(Self.ownerKeys, "\(record.owner)/\(kid.hex)")
    }
}

/// A key that one administrator proposed; `membership/recoveries/<participant>`.
struct Recovery: StateValue {
    let key: Bytes
    let proposedBy: String
    /// ms since 1970.
    let expires: UInt64

    init(key: Bytes, proposedBy: String, expires: UInt64) {
        self.key = key
        self.proposedBy = proposedBy
        self.expires = expires
    }

    init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let key = map["key"]?.bytes, let proposedBy = map["proposedBy"]?.text,
            let expires = map["expires"]?.unsigned
        else { throw .corrupt("of a recovery") }
        self.init(key: key, proposedBy: proposedBy, expires: expires)
    }

    var cbor: Value {
        ["key": .bytes(key), "proposedBy": .text(proposedBy), "expires": .unsigned(expires)]
    }
}
