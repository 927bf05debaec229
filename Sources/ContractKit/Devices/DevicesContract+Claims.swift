import Ledger

/// Claims: a code, made by the owner, by which one device comes in.
extension DevicesContract {
    func claim(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.level(try arguments.text("id", maximum: 40), "id")
        let gateway = try arguments.text("gateway")
        let profile = try arguments.text("profile", maximum: 100)
        let device = try arguments.optionalText("device", maximum: 120)
        let verifier = try arguments.bytes("verifier", maximum: 64)
        let salt = try arguments.bytes("salt", maximum: 16)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        guard verifier.count == 64, salt.count >= 8 else {
            throw .invalid("verifier", "the SHA-512 of the code and a salt of 8 to 16 bytes")
        }
        guard until > context.time, until - context.time <= Self.claimAge else {
            throw ContractError(106, "a claim ends within \(Self.claimAge / 86_400_000) days from now")
        }
        try context.requireEntry(MembershipContract.participants, gateway, "the gateway")
        guard try context.get(Self.claims, id) == nil else { throw .exists("the claim \(id)") }
        if let device, let known = try context.get(MembershipContract.devices, device),
            known.owner != context.sender.id
        {
            throw .notAuthorised("\(device) belongs to \(known.owner)")
        }
        context.set(
            Self.claims, id,
            ClaimRecord(
                owner: context.sender.id, gateway: gateway, profile: profile, device: device, verifier: verifier,
                salt: salt, until: until))
        try context.emit("claimMade", subject: id, [("gateway", .text(gateway))])
    }

    func withdrawClaim(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id", maximum: 40)
        try arguments.finish()
        var claim = try context.require(Self.claims, id, "the claim")
        guard claim.owner == context.sender.id else { throw .notAuthorised("the claim is \(claim.owner)'s") }
        guard claim.use == nil, !claim.isWithdrawn else { throw ContractError(107, "the claim is spent") }
        claim.isWithdrawn = true
        context.set(Self.claims, id, claim)
        try context.emit("claimWithdrawn", subject: id)
    }

    /// The gateway saw the code and the device's keys. A registrar still has to enrol the device.
    func claimed(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.gateway)
        let id = try arguments.text("id", maximum: 40)
        let device = try MembershipContract.identifier(try arguments.text("device", maximum: 120), "device")
        let generation = try arguments.unsigned("generation", in: 1...1_000_000)
        let key = try arguments.bytes("key", maximum: 200)
        let certificate = try arguments.hash("certificate")
        try arguments.finish()
        var claim = try context.require(Self.claims, id, "the claim")
        guard claim.gateway == context.sender.id else {
            throw .notAuthorised("the claim is for the gateway \(claim.gateway)")
        }
        guard claim.isOpen(at: context.time) else {
            throw ContractError(107, "the claim is spent, withdrawn, or has ended; the owner makes another")
        }
        guard claim.device ?? device == device, device.hasPrefix("urn:dev:") else {
            throw ContractError(108, "the claim is for \(claim.device ?? "a device URN of RFC 9039")")
        }
        if let known = try context.get(MembershipContract.devices, device) {
            guard known.owner == claim.owner else { throw .notAuthorised("\(device) belongs to \(known.owner)") }
        }
        claim.use = .init(
            device: device, generation: generation, key: key, certificate: certificate, time: context.time)
        context.set(Self.claims, id, claim)
        try context.emit(
            "deviceClaimed", subject: device, [("claim", .text(id)), ("owner", .text(claim.owner))])
    }
}
