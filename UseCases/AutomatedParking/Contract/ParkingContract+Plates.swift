import ContractKit

/// Registration: a plate, a wallet, a mandate; one active owner for each plate.
extension ParkingContract {
    /// Step 1, signed by the driver's wallet.
    func register(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let plate = try arguments.hash("plate")
        let record = Plate(
            owner: context.sender.id, country: try arguments.text("country", maximum: 3),
            shape: try arguments.hash("shape"),
            mandate: try Self.identifier(try arguments.text("mandate", maximum: 64), "mandate"),
            proof: try arguments.hash("proof"), stage: .pending)
        try arguments.finish()
        try context.requireRole(Role.driver)
        if let known = try context.get(Self.plates, plate.hex), known.owner != context.sender.id {
            throw Refusal.plateTaken
        }
        let sameShape = try context.state.scan(
            Self.shapes, prefix: "\(record.shape.hex)/", limit: Self.maximumCandidates)
        guard sameShape.count < Self.maximumCandidates else { throw .invalid("shape", "of at most 20 plates") }
        if let known = try context.get(Self.plates, plate.hex) {
            context.remove(Self.shapes, "\(known.shape.hex)/\(plate.hex)")
        }
        context.set(Self.plates, plate.hex, record)
        context.set(Self.shapes, "\(record.shape.hex)/\(plate.hex)", 1)
        try context.emit("registered", subject: "plate:\(plate.hex)", [("owner", .text(context.sender.id))])
    }

    /// The registration paper was seen, by somebody who may.
    func check(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let plate = try arguments.hash("plate")
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        var record = try context.require(Self.plates, plate.hex, "the plate")
        record.stage = .active
        record.checkedBy = context.sender.signer
        context.set(Self.plates, plate.hex, record)
        try context.emit("checked", subject: "plate:\(plate.hex)", [("owner", .text(record.owner))])
    }

    /// A second account says that a plate is its own: a person decides.
    func contest(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let plate = try arguments.hash("plate")
        let id = try arguments.text("lot", maximum: 40)
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        try context.requireRole(Role.driver)
        try context.requireEntry(Self.plates, plate.hex, "the plate")
        var lot = try context.require(Self.lots, id, "the lot")
        let review = Review(
            kind: .ownership, passage: nil, candidates: [plate], session: nil, openedBy: context.sender.id,
            reason: reason, opened: context.time)
        try open(review, id, &lot, context)
        context.set(Self.lots, id, lot)
    }

    /// The car was sold, or the driver wants no more of it.
    func endPlate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let plate = try arguments.hash("plate")
        try arguments.finish()
        let record = try context.require(Self.plates, plate.hex, "the plate")
        guard record.owner == context.sender.id else { throw .notAuthorised("the plate is another account's") }
        guard try context.get(Self.present, plate.hex) == nil else { throw Refusal.parked }
        removePlate(plate, record, context)
        try context.emit("plateEnded", subject: "plate:\(plate.hex)")
    }

    func removePlate(_ plate: Hash32, _ record: Plate, _ context: ContractContext) {
        context.remove(Self.plates, plate.hex)
        context.remove(Self.shapes, "\(record.shape.hex)/\(plate.hex)")
    }
}
