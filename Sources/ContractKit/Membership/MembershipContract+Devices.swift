import Ledger

/// The life of a device: enrolled by a registrar, given another key, handed to another owner, revoked.
extension MembershipContract {
    func enrolDevice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Self.registrar)
        let urn = try Self.identifier(try arguments.text("urn", maximum: 120), "urn")
        let owner = try arguments.text("owner")
        let gateway = try arguments.text("gateway")
        let profile = try arguments.text("profile", maximum: 100)
        let generation = try arguments.unsigned("generation", in: 1...1_000_000)
        let thing = try arguments.optionalHash("thing")
        let key = try arguments.bytes("key", maximum: Self.keyBytes)
        try arguments.finish()
        guard urn.hasPrefix("urn:dev:") else { throw .invalid("urn", "a device URN of RFC 9039, urn:dev:…") }
        try context.requireEntry(Self.participants, owner, "the owner")
        try context.requireEntry(Self.participants, gateway, "the gateway")
        let existing = try context.get(Self.devices, urn)
        guard generation == (existing?.generation ?? 0) + 1 else {
            throw ContractError(101, "the next key generation of \(urn) is \((existing?.generation ?? 0) + 1)")
        }
        if let old = existing {
            guard old.attestedBy == context.sender.id else {
                throw .notAuthorised("\(urn) was attested by \(old.attestedBy), who alone gives it another key")
            }
            guard old.owner == owner else {
                throw .notAuthorised("\(urn) belongs to \(old.owner), who can transfer it")
            }
            try retire(old.kid, context)
        }
        let kid = try register(key, owner: urn, kind: .device, context, replaces: existing != nil)
        context.set(
            Self.devices, urn,
            DeviceRecord(
                owner: owner, profile: profile, gateway: gateway, attestedBy: context.sender.id,
                generation: generation, kid: kid, thing: thing))
        try context.emit(
            "deviceEnrolled", subject: urn, [("owner", .text(owner)), ("generation", .unsigned(generation))])
    }

    func revokeDevice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let urn = try arguments.text("urn")
        let reason = try arguments.optionalText("reason", maximum: 140)
        try arguments.finish()
        var device = try context.require(Self.devices, urn, "the device")
        guard [device.owner, device.attestedBy].contains(context.sender.id) else {
            throw .notAuthorised("a device is revoked by its owner or by the registrar who attested it")
        }
        guard device.revokedAt == nil else { throw ContractError(100, "\(urn) is revoked already") }
        device.revokedAt = context.height
        try retire(device.kid, context)
        context.set(Self.devices, urn, device)
        context.remove(Self.transfers, urn)
        try context.emit("deviceRevoked", subject: urn, reason.map { [("reason", .text($0))] } ?? [])
    }

    func transferDevice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let urn = try arguments.text("urn")
        let heir = try arguments.text("to")
        try arguments.finish()
        let device = try context.require(Self.devices, urn, "the device")
        guard device.owner == context.sender.id else { throw .notAuthorised("\(urn) belongs to \(device.owner)") }
        guard device.revokedAt == nil else { throw ContractError(100, "\(urn) is revoked") }
        try context.requireEntry(Self.participants, heir, "the new owner")
        context.set(Self.transfers, urn, heir)
        try context.emit("deviceOffered", subject: urn, [("to", .text(heir))])
    }

    /// Takes a device over. Its key is retired, for the old owner may know it: a registrar enrols the next generation.
    func acceptDevice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let urn = try arguments.text("urn")
        try arguments.finish()
        var device = try context.require(Self.devices, urn, "the device")
        guard try context.get(Self.transfers, urn) == context.sender.id else {
            throw ContractError(103, "\(device.owner) has not offered \(urn) to \(context.sender.id)")
        }
        let previous = device.owner
        device.owner = context.sender.id
        try retire(device.kid, context)
        context.set(Self.devices, urn, device)
        context.remove(Self.transfers, urn)
        try context.emit(
            "deviceTransferred", subject: urn, [("from", .text(previous)), ("to", .text(device.owner))])
    }
}
