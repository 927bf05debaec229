import ContractKit

/// Arrivals and departures, from authorised devices by way of their gateway.
extension ParkingContract {
    /// Step 3: opens a session, or a case where the plate is not certain.
    func arrive(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let (passage, lane) = try take(&arguments, .entry, rules, context)
        var lot = try context.require(Self.lots, lane.lot, "the lot")
        if let review = try doubt(of: passage, rules, context) {
            try open(review, lane.lot, &lot, context)
        } else {
            try enter(passage, lane.lot, &lot, rules, context)
        }
        context.set(Self.lots, lane.lot, lot)
    }

    /// Step 6: closes the session and makes the bill, or a case.
    func depart(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let (passage, lane) = try take(&arguments, .exit, rules, context)
        var lot = try context.require(Self.lots, lane.lot, "the lot")
        if let review = try doubt(of: passage, rules, context) {
            try open(review, lane.lot, &lot, context)
        } else {
            try leave(passage, lane.lot, &lot, rules, context)
        }
        context.set(Self.lots, lane.lot, lot)
    }

    private func take(
        _ arguments: inout Arguments, _ direction: Lane.Direction, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) -> (Passage, Lane) {
        let passage = Passage(
            device: try arguments.text("device", maximum: 120), time: try arguments.unsigned("time", in: 1...1 << 50),
            confidence: try arguments.unsigned("confidence", in: 0...1000), image: try arguments.hash("image"),
            plate: try arguments.hash("plate"), shape: try arguments.hash("shape"),
            reads: try arguments.unsigned("reads", in: 1...10))
        let tag = try arguments.optionalHash("tag")
        try arguments.finish()
        let lane = try authorised(passage, rules, context)
        guard lane.direction == direction else { throw Refusal.direction(lane.direction) }
        switch lane.kind {
        case .camera: break
        case .reader:
            guard let tag, try context.get(Self.tags, tag.hex) == passage.plate.hex else { throw Refusal.noTag }
        case .loop: throw Refusal.notAuthorised
        }
        return (passage, lane)
    }

    /// The lane of a device that may report, at a time that can be, with evidence that was not shown before.
    func authorised(
        _ passage: Passage, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) -> Lane {
        let lane = try lane(of: passage.device, context)
        // A minute for clocks that run fast.
        guard passage.time <= context.time + 60_000, passage.time + rules.lateness >= context.time else {
            throw Refusal.time
        }
        guard try context.get(Self.images, passage.image.hex) == nil else { throw Refusal.imageSeen }
        context.set(Self.images, passage.image.hex, context.time)
        return lane
    }

    func lane(of name: String, _ context: ContractContext) throws(ContractError) -> Lane {
        try context.requireRole(MembershipContract.gateway)
        guard let lane = try context.get(Self.lanes, name), lane.gateway == context.sender.id,
            let device = try context.get(MembershipContract.devices, name), device.revokedAt == nil
        else { throw Refusal.notAuthorised }
        return lane
    }

    /// A reason why a person has to look: similar is not equal, and nobody is charged by a guess.
    private func doubt(
        of passage: Passage, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) -> Review? {
        let alike = try context.state.scan(
            Self.shapes, prefix: "\(passage.shape.hex)/", limit: Self.maximumCandidates
        ).compactMap { Hash32(hex: String($0.key.suffix(64))) }
        func review(_ kind: Review.Kind, _ reason: String) -> Review {
            Review(
                kind: kind, passage: passage, candidates: alike, session: nil, openedBy: context.sender.id,
                reason: reason, opened: context.time)
        }
        let least = passage.reads > 1 ? rules.agreeing : rules.sure
        guard passage.confidence >= least else { return review(.weak, "the plate could not be read for certain") }
        if alike.contains(where: { $0 != passage.plate }) {
            return review(.similar, "a registered plate looks like this one")
        }
        return nil
    }

    // MARK: Entry

    func enter(
        _ passage: Passage, _ id: String, _ lot: inout Lot, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        guard let (version, _) = try Self.tariff(of: id, count: lot.tariffs, at: passage.time, in: context.state)
        else { throw Refusal.noTariff }
        if let other = try context.get(Self.present, passage.plate.hex) {
            try resolve(other, before: passage, id, &lot, rules, context)
        }
        let record = try context.get(Self.plates, passage.plate.hex)
        let driver = record?.stage == .active ? record?.owner : nil
        lot.sessions += 1
        let key = Self.session(id, lot.sessions)
        let isCloned = try context.get(Self.present, passage.plate.hex) != nil
        let limit = try passage.time.adding(lot.longest ?? rules.longest)
        var session = ParkingSession(entry: passage, driver: driver, tariff: version, limit: limit, stage: .open)
        if isCloned {
            session.stage = .held
            session.reason = "this plate is in two places at once"
            let review = Review(
                kind: .twoPlaces, passage: passage, candidates: [passage.plate], session: key,
                openedBy: context.sender.id, reason: session.reason ?? "", opened: context.time)
            try open(review, id, &lot, context)
        } else {
            context.set(Self.present, passage.plate.hex, key)
            lot.occupied += 1
            context.schedule("late \(key)", at: limit)
        }
        context.set(Self.sessions, key, session)
        if let driver { context.set(Self.stays, "\(driver)/\(key)", passage.time) }
        try context.emit(
            "opened", subject: "session:\(key)",
            [("driver", .optional(driver)), ("tariff", .unsigned(version))])
    }

    /// A car arrives that is in a lot already: it left unseen, or there are two of it.
    private func resolve(
        _ other: String, before passage: Passage, _ id: String, _ lot: inout Lot, _ rules: ParkingRules,
        _ context: ContractContext
    ) throws(ContractError) {
        var session = try context.require(Self.sessions, other, "the session")
        let place = Self.lotName(other)
        let soonest = try session.entry.time.adding(rules.travel)
        let isClone = place != id && passage.time < soonest
        session.stage = .held
        session.reason =
            isClone ? "this plate is in two places at once" : "came again without having been seen to leave"
        context.set(Self.sessions, other, session)
        let review = Review(
            kind: isClone ? .twoPlaces : .noExit, passage: passage, candidates: [passage.plate], session: other,
            openedBy: context.sender.id, reason: session.reason ?? "", opened: context.time)
        try open(review, id, &lot, context)
        // Two places at once: the first stays where it is, so that the second is held as well.
        if isClone { return }
        context.remove(Self.present, passage.plate.hex)
        context.cancel("late \(other)", at: session.limit)
        if place == id {
            lot.occupied -= min(lot.occupied, 1)
        } else {
            var left = try context.require(Self.lots, place, "the lot")
            left.occupied -= min(left.occupied, 1)
            context.set(Self.lots, place, left)
        }
    }

    // MARK: Exit

    func leave(
        _ passage: Passage, _ id: String, _ lot: inout Lot, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        guard let key = try context.get(Self.present, passage.plate.hex), Self.lotName(key) == id else {
            let review = Review(
                kind: .noEntry, passage: passage, candidates: [passage.plate], session: nil,
                openedBy: context.sender.id, reason: "left without having been seen to enter", opened: context.time)
            return try open(review, id, &lot, context)
        }
        var session = try context.require(Self.sessions, key, "the session")
        guard passage.time >= session.entry.time else { throw Refusal.time }
        context.remove(Self.present, passage.plate.hex)
        context.cancel("late \(key)", at: session.limit)
        lot.occupied -= min(lot.occupied, 1)
        session.exit = passage
        // Of two cars with one plate neither is charged before a person has looked.
        if session.stage == .open { try bill(&session, key, id, rules, context) }
        context.set(Self.sessions, key, session)
        try context.emit(
            "left", subject: "session:\(key)",
            [
                ("stage", .text(session.stage.rawValue)), ("total", .unsigned(session.bill?.total ?? 0)),
                ("driver", .optional(session.driver)),
            ])
    }

    /// Step 7: from entry, exit and the tariff that held at the entry.
    func bill(
        _ session: inout ParkingSession, _ key: String, _ id: String, _ rules: ParkingRules,
        _ context: ContractContext
    ) throws(ContractError) {
        guard let exit = session.exit else { return }
        let published = try context.require(Self.tariffs, "\(id)/\(session.tariff)", "the tariff")
        var discounts: [Bill.Discount] = []
        if let permit = try context.get(Self.permits, "\(id)/\(session.entry.plate.hex)"),
            permit.until > session.entry.time
        {
            discounts = [permit.discount]
        }
        let bill = try Bill.compute(
            published.tariff, entry: session.entry.time / 1000, exit: min(exit.time, session.limit) / 1000,
            discounts: discounts)
        session.bill = bill
        if bill.total == 0 {
            session.stage = .closed
            session.reason = "nothing to pay"
        } else if session.driver != nil {
            session.stage = .billed
            context.set(Self.billed, key, exit.time)
        } else {
            session.stage = .claimed
            session.reason = "no account answers for this plate"
            context.set(Self.claims, "\(session.entry.plate.hex)/\(key)", bill.total)
            session.due = try context.time.adding(rules.claim)
        }
    }

    /// No exit was seen for too long: nothing is billed without one.
    func late(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard var session = try context.get(Self.sessions, key), session.stage == .open else { return }
        let id = Self.lotName(key)
        var lot = try context.require(Self.lots, id, "the lot")
        session.stage = .held
        session.reason = "no exit was seen"
        context.set(Self.sessions, key, session)
        let review = Review(
            kind: .noExit, passage: session.entry, candidates: [session.entry.plate], session: key,
            openedBy: id, reason: "no exit was seen", opened: context.time)
        try open(review, id, &lot, context)
        context.set(Self.lots, id, lot)
    }

    // MARK: Barriers

    /// Step 11: what the gateway told a barrier, and what the device answered.
    func barrier(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let image = try arguments.hash("image")
        let device = try arguments.text("device", maximum: 120)
        let word = try arguments.text("word", maximum: 16)
        let reason = try arguments.text("reason", maximum: 100)
        let elapsed = try arguments.unsigned("milliseconds", in: 0...600_000)
        try arguments.finish()
        try context.requireRole(MembershipContract.gateway)
        let record = try context.require(MembershipContract.devices, device, "the barrier")
        guard record.gateway == context.sender.id else { throw Refusal.notAuthorised }
        guard try context.get(Self.openings, image.hex) == nil else { throw Refusal.repeated }
        context.set(Self.openings, image.hex, "\(word) after \(elapsed) ms: \(reason)")
        try context.emit("barrier", subject: device, [("word", .text(word)), ("milliseconds", .unsigned(elapsed))])
    }
}
