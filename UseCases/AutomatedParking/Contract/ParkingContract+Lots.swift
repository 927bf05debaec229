import ContractKit

/// What the operator of a lot sets: capacity, lanes, tariffs, permits.
extension ParkingContract {
    func lot(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let id = try Self.identifier(try arguments.text("lot", maximum: 40), "lot")
        let name = try arguments.text("name", maximum: 80)
        let currency = try arguments.text("currency", maximum: 3)
        let capacity = try arguments.unsigned("capacity", in: 1...100_000)
        let longest = try arguments.optionalUnsigned("longest")
        try arguments.finish()
        try context.requireRole(Role.lotOperator)
        guard (ParkingRules.shortest...rules.longest).contains(longest ?? rules.longest) else {
            throw .invalid("longest", "\(ParkingRules.shortest) to \(rules.longest) ms")
        }
        var lot = Lot(
            operatorID: context.sender.id, name: name, currency: currency, capacity: capacity, longest: longest)
        if let known = try context.get(Self.lots, id) {
            try requireOperator(known, context)
            guard known.currency == currency else { throw .invalid("currency", "what it was: \(known.currency)") }
            (lot.occupied, lot.tariffs, lot.sessions, lot.reviews) =
                (known.occupied, known.tariffs, known.sessions, known.reviews)
        }
        context.set(Self.lots, id, lot)
        try context.emit("lot", subject: id, [("capacity", .unsigned(capacity))])
    }

    /// Authorises a camera for a lane, with the barrier that stands there.
    func lane(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let lotID = try arguments.text("lot", maximum: 40)
        let device = try arguments.text("device", maximum: 120)
        let name = try arguments.text("name", maximum: 60)
        guard let direction = Lane.Direction(rawValue: try arguments.text("direction", maximum: 5)) else {
            throw .invalid("direction", "entry or exit")
        }
        let barrier = try arguments.optionalText("barrier", maximum: 120)
        guard let kind = Lane.Kind(rawValue: try arguments.optionalText("kind", maximum: 10) ?? "camera") else {
            throw .invalid("kind", "camera, reader or loop")
        }
        try arguments.finish()
        let lot = try context.require(Self.lots, lotID, "the lot")
        try requireOperator(lot, context)
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.owner == context.sender.id, record.revokedAt == nil else {
            throw .notAuthorised("\(device) is \(record.owner)'s, or was revoked")
        }
        if let barrier {
            let other = try context.require(MembershipContract.devices, barrier, "the barrier")
            guard other.owner == context.sender.id, other.gateway == record.gateway else {
                throw .notAuthorised("the barrier is \(other.owner)'s, or behind another gateway")
            }
        }
        context.set(
            Self.lanes, device,
            Lane(
                kind: kind, lot: lotID, name: name, direction: direction, barrier: barrier, gateway: record.gateway))
        try context.emit("lane", subject: device, [("lot", .text(lotID))])
    }

    func endLane(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 120)
        try arguments.finish()
        let lane = try context.require(Self.lanes, device, "the lane of")
        try requireOperator(try requireLot(lane.lot, context), context)
        context.remove(Self.lanes, device)
        try context.emit("laneEnded", subject: device)
    }

    /// Publishes a tariff ahead. It holds for cars that enter from then on; cars that are in keep theirs.
    func tariff(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let id = try arguments.text("lot", maximum: 40)
        let content = try arguments.bytes("tariff", maximum: 16 * 1024)
        let from = try arguments.unsigned("from", in: 0...1 << 50)
        try arguments.finish()
        var lot = try context.require(Self.lots, id, "the lot")
        try requireOperator(lot, context)
        guard let value = try? Value.decode(content) else { throw .invalid("tariff", "a tariff in CBOR") }
        let tariff = try Tariff(cbor: value)
        if let flaw = tariff.flaw { throw .invalid("tariff", flaw) }
        let last = try context.get(Self.tariffs, "\(id)/\(lot.tariffs)")?.from
        // The first one of a lot holds at once: nobody is in.
        let earliest = try lot.tariffs == 0 ? 0 : context.time.adding(rules.notice)
        guard from >= earliest, from >= last ?? 0 else { throw Refusal.notice(rules.notice) }
        lot.tariffs += 1
        context.set(Self.lots, id, lot)
        context.set(Self.tariffs, "\(id)/\(lot.tariffs)", PublishedTariff(tariff: tariff, from: from))
        try context.emit("tariff", subject: id, [("version", .unsigned(lot.tariffs)), ("from", .unsigned(from))])
    }

    func permit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("lot", maximum: 40)
        let plate = try arguments.hash("plate")
        guard let kind = Permit.Kind(rawValue: try arguments.text("kind", maximum: 12)) else {
            throw .invalid("kind", "season, validation, badge or staff")
        }
        let permit = Permit(
            kind: kind, share: try arguments.unsigned("share", in: 0...10_000),
            free: try arguments.unsigned("free", in: 0...Bill.maximumStay), until: try arguments.unsigned("until"))
        try arguments.finish()
        try requireOperator(try context.require(Self.lots, id, "the lot"), context)
        context.set(Self.permits, "\(id)/\(plate.hex)", permit)
        try context.emit("permit", subject: id, [("kind", .text(kind.rawValue))])
    }
}
