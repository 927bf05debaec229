import ContractKit

/// What a person decides: doubtful passages, unseen exits, disputes. Each decision has a name and a reason.
extension ParkingContract {
    func open(
        _ review: Review, _ id: String, _ lot: inout Lot, _ context: ContractContext
    ) throws(ContractError) {
        lot.reviews += 1
        let key = Self.session(id, lot.reviews)
        context.set(Self.reviews, key, review)
        try context.emit(
            "review", subject: "review:\(key)",
            [
                ("kind", .text(review.kind.rawValue)), ("session", .optional(review.session)),
                ("seenBy", .optional(review.passage?.device)), ("seenAt", .optional(review.passage?.time)),
                ("image", review.passage.map { .hash($0.image) } ?? .null),
            ])
    }

    /// E4: the driver says that a charge is wrong.
    func dispute(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("session", maximum: 60)
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        var session = try context.require(Self.sessions, key, "the session")
        guard session.driver == context.sender.id || session.payer == context.sender.id else {
            throw .notAuthorised("the stay is another driver's")
        }
        guard [.paid, .claimed].contains(session.stage), session.reason != Self.disputed else {
            throw Refusal.noReason
        }
        session.reason = Self.disputed
        context.set(Self.sessions, key, session)
        let id = Self.lotName(key)
        var lot = try context.require(Self.lots, id, "the lot")
        let review = Review(
            kind: .dispute, passage: session.exit, candidates: [session.entry.plate], session: key,
            openedBy: context.sender.id, reason: reason, opened: context.time)
        try open(review, id, &lot, context)
        context.set(Self.lots, id, lot)
    }

    static let disputed = "disputed"

    /// - Parameter arguments: `plate` says whose passage it was, `refund` what goes back; without both the case is dismissed.
    func decide(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let key = try arguments.text("review", maximum: 60)
        let plate = try arguments.optionalHash("plate")
        let refund = try arguments.optionalUnsigned("refund")
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        var review = try context.require(Self.reviews, key, "the case")
        let id = Self.lotName(key)
        var lot = try context.require(Self.lots, id, "the lot")
        try requireOperator(lot, context)
        guard review.decision == nil else { throw Refusal.decided }
        switch review.kind {
        case .weak, .similar, .unread:
            if let plate, let passage = review.passage { try accept(passage, as: plate, id, &lot, rules, context) }
        case .noExit where plate != nil:
            if let session = review.session { try confirm(session, reason, rules, context) }
        case .noExit, .twoPlaces:
            if let session = review.session { try end(session, reason, &lot, context) }
        case .dispute:
            if let session = review.session { try answer(session, refund ?? 0, lot, rules, context) }
        case .ownership:
            if let plate, let record = try context.get(Self.plates, plate.hex), review.candidates.contains(plate) {
                removePlate(plate, record, context)
            }
        case .noEntry: break
        }
        review.decision = reason
        review.decidedBy = context.sender.signer
        context.set(Self.reviews, key, review)
        context.set(Self.lots, id, lot)
        try context.emit("decided", subject: "review:\(key)", [("by", .text(context.sender.signer))])
    }

    /// A person looked at the pictures and says whose car it was.
    private func accept(
        _ passage: Passage, as plate: Hash32, _ id: String, _ lot: inout Lot, _ rules: ParkingRules,
        _ context: ContractContext
    ) throws(ContractError) {
        let record = try context.get(Self.plates, plate.hex)
        guard record != nil || plate == passage.plate else { throw Refusal.noPlate }
        let seen = Passage(
            device: passage.device, time: passage.time, confidence: passage.confidence, image: passage.image,
            plate: plate, shape: record?.shape ?? passage.shape, reads: passage.reads)
        let lane = try context.require(Self.lanes, passage.device, "the lane of")
        switch lane.direction {
        case .entry: try enter(seen, id, &lot, rules, context)
        case .exit: try leave(seen, id, &lot, rules, context)
        }
    }

    /// The car left after its stay was too long, and a person says that it was this one: billed, up to the limit.
    private func confirm(
        _ key: String, _ reason: String, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        guard var session = try context.get(Self.sessions, key), session.stage == .held else { return }
        guard session.exit != nil else { throw Refusal.noExit }
        session.reason = reason
        try bill(&session, key, Self.lotName(key), rules, context)
        context.set(Self.sessions, key, session)
    }

    /// Ends a stay without charge: there is no exit to bill it by.
    private func end(
        _ key: String, _ reason: String, _ lot: inout Lot, _ context: ContractContext
    ) throws(ContractError) {
        guard var session = try context.get(Self.sessions, key), session.stage == .held else { return }
        session.stage = .closed
        session.reason = reason
        context.set(Self.sessions, key, session)
        let plate = session.entry.plate.hex
        guard try context.get(Self.present, plate) == key else { return }
        context.remove(Self.present, plate)
        context.cancel("late \(key)", at: session.limit)
        // The case may have been opened at another lot than the one where the car was.
        let place = Self.lotName(key)
        if try context.get(Self.lots, place)?.name == lot.name {
            lot.occupied -= min(lot.occupied, 1)
        } else {
            var left = try context.require(Self.lots, place, "the lot")
            left.occupied -= min(left.occupied, 1)
            context.set(Self.lots, place, left)
        }
    }

    /// A refund is a payment of its own, linked to the stay.
    private func answer(
        _ key: String, _ refund: UInt64, _ lot: Lot, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        var session = try context.require(Self.sessions, key, "the session")
        session.reason = refund > 0 ? "refunded after a dispute" : "the dispute was rejected"
        if session.stage == .claimed, refund > 0 {
            session.stage = .closed
        } else if refund > 0 {
            guard session.refunded.addingReportingOverflow(refund).partialValue <= session.paid, refund <= session.paid
            else { throw Refusal.overPaid }
            guard refund <= rules.refund || context.isApproved else { throw Refusal.secondPerson }
            // What was paid in cash is given back in cash; the ledger records both.
            if let payer = session.payer {
                try WalletContract.move(refund, lot.currency, from: lot.operatorID, to: payer, in: context)
            }
            session.refunded += refund
            session.stage = .refunded
        }
        context.set(Self.sessions, key, session)
        try context.emit("refunded", subject: "session:\(key)", [("amount", .unsigned(refund))])
    }
}
