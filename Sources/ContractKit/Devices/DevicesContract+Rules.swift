import Ledger

/// Edge rules as data, and what they led to.
extension DevicesContract {
    /// Rules act on the devices of the owner who recorded them, so that no owner can command another's.
    func setRules(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let gateway = try MembershipContract.identifier(try arguments.text("gateway"), "gateway")
        let hash = try arguments.hash("hash")
        let rules = try arguments.bytes("rules", maximum: Self.maximumRules)
        try arguments.finish()
        let place = try context.require(MembershipContract.participants, gateway, "the gateway")
        guard place.roles.contains(MembershipContract.gateway) else {
            throw ContractError(104, "\(gateway) is no gateway")
        }
        guard Hash32.sha256(rules) == hash else {
            throw ContractError(105, "the hash is not the SHA-256 of the rules; compute it over the same bytes")
        }
        let key = "\(gateway)/\(context.sender.id)"
        let version = try (try context.get(Self.rules, key)?.version ?? 0).adding(1)
        context.set(
            Self.rules, key, RulesRecord(version: version, hash: hash, rules: rules, time: context.time))
        try context.emit("rulesChanged", subject: gateway, [("version", .unsigned(version)), ("hash", .hash(hash))])
    }

    func event(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.gateway)
        let device = try arguments.text("device", maximum: 120)
        let name = try Self.level(try arguments.text("name", maximum: 64), "name")
        let at = try arguments.unsigned("at")
        let details = try arguments.bytes("details", maximum: Self.maximumArguments)
        try arguments.finish()
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.gateway == context.sender.id else {
            throw .notAuthorised("\(device) reports through \(record.gateway)")
        }
        context.set(
            Self.lastEvents, "\(device)/\(name)",
            DeviceEventRecord(at: at, details: details, transaction: context.transaction))
        try context.emit(
            "deviceEvent", subject: device,
            [("name", .text(name)), ("at", .unsigned(at)), ("details", .bytes(details))])
    }
}
