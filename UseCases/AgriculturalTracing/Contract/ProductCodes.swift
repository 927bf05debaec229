import ContractKit

/// The life of a product code (TR 6.1.12 1): commissioned, affixed, in transit, on sale, sold out or expired; never used twice.
extension TracingContract {
    /// Ties a new code to a box of a harvest lot.
    func commission(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        let name = try arguments.text("lot")
        let grams = try arguments.unsigned("grams", in: 1...1_000_000_000)
        let units = try arguments.unsigned("units", in: 1...1_000_000)
        let expiry = try arguments.text("expiry", maximum: 6)
        let offset = try arguments.int("utcOffsetMinutes", in: -840...840)
        try arguments.finish()
        var lot = try context.require(Self.harvestLots, name, "the harvest lot")
        guard lot.owner == context.sender.id else { throw .notAuthorised("the lot \(name) belongs to \(lot.owner)") }
        guard try context.get(Self.codes, code) == nil else {
            throw ContractError(124, "the code \(code) was used before and can never be used again")
        }
        let packed = try lot.packedGrams.adding(grams)
        guard try packed.adding(lot.usedGrams) <= lot.grams else {
            throw ContractError(
                125, "the boxes would weigh \(packed) g, the harvest lot \(name) weighs \(lot.grams) g")
        }
        let end = try ExpiryDate(yymmdd: expiry, currentYear: ExpiryDate.year(at: context.time)).end(utcOffset: offset)
        guard end > 0, UInt64(end) > context.time else {
            throw ContractError(126, "the expiry date \(expiry) has passed; a box is packed in date")
        }
        lot.packedGrams = packed
        lot.boxes = try lot.boxes.adding(1)
        context.set(Self.harvestLots, name, lot)
        context.set(
            Self.codes, code, UsedCode(commissionedAt: context.height, harvestLot: name, soldOutAt: nil))
        context.set(
            Self.boxes, code,
            Box(
                harvestLot: name, holder: context.sender.id, stage: .commissioned, grams: grams, units: units,
                unitsLeft: units, expiry: expiry, expiresAt: UInt64(end), leg: nil))
        context.schedule(code, at: UInt64(end))
    }

    /// The second scan: the tag with the code is on the box. A code that was only printed never becomes sellable.
    func affix(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        try arguments.finish()
        var box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        guard box.stage == .commissioned else { throw wrongStage(box, code, "affixed") }
        box.stage = .affixed
        context.set(Self.boxes, code, box)
    }

    /// A carrier takes boxes over.
    func dispatch(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.carrier)
        let name = try Self.identifier(&arguments, "leg")
        let from = try arguments.text("from")
        let to = try arguments.text("to")
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        let limit = try arguments.int("maximumTemperature", in: -10_000...10_000)
        let departedAt = try arguments.unsigned("departedAt")
        try arguments.finish()
        guard try context.get(Self.legs, name) == nil else { throw .exists("the leg \(name)") }
        guard !codes.isEmpty else { throw .invalid("boxes", "at least one product code") }
        try context.requireEntry(MembershipContract.participants, to, "the receiver")
        guard to != context.sender.id, to != from else {
            throw ContractError(134, "a transport goes from its holder to somebody else, who is not the carrier")
        }
        var paths: [String] = []
        for code in codes {
            let path = try ProductCode(path: code).path
            var box = try Self.liveBox(path, context)
            try Self.requireTradable(box, path, context)
            guard box.holder == from else { throw .notAuthorised("\(path) is held by \(box.holder), not by \(from)") }
            guard box.stage == .affixed || box.stage == .received else { throw wrongStage(box, path, "shipped") }
            box.stage = .inTransit
            box.holder = context.sender.id
            box.leg = name
            context.set(Self.boxes, path, box)
            paths.append(path)
        }
        context.set(
            Self.legs, name,
            Leg(
                carrier: context.sender.id, from: from, to: to, maximumTemperature: limit, boxes: paths,
                departedAt: departedAt, deliveredAt: nil))
    }

    /// The carrier states how the transport went. Minutes over the limit are a breach that names who had custody.
    func deliver(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("leg")
        let deliveredAt = try arguments.unsigned("deliveredAt")
        let highest = try arguments.int("highestTemperature", in: -10_000...10_000)
        let minutesOver = try arguments.unsigned("minutesOver", in: 0...1_000_000)
        try arguments.finish()
        var leg = try context.require(Self.legs, name, "the leg")
        guard leg.carrier == context.sender.id else { throw .notAuthorised("\(name) is \(leg.carrier)'s transport") }
        guard leg.deliveredAt == nil else { throw ContractError(127, "\(name) is delivered already") }
        leg.deliveredAt = deliveredAt
        leg.highest = highest
        context.set(Self.legs, name, leg)
        if minutesOver > 0 || highest > leg.maximumTemperature {
            try context.emit(
                "coldChainBreach", subject: "leg:\(name)",
                [
                    ("carrier", .text(leg.carrier)), ("limit", Value(leg.maximumTemperature)),
                    ("highest", Value(highest)), ("minutesOver", .unsigned(minutesOver)),
                ])
        }
    }

    /// The receiver signs for what arrived; what was sent and did not arrive is named.
    func receive(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("leg")
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        try arguments.finish()
        var leg = try context.require(Self.legs, name, "the leg")
        guard leg.to == context.sender.id else { throw .notAuthorised("\(name) goes to \(leg.to)") }
        guard leg.deliveredAt != nil else { throw ContractError(128, "\(name) is not delivered yet") }
        guard !leg.received else { throw ContractError(127, "\(name) is received already") }
        leg.received = true
        context.set(Self.legs, name, leg)
        var arrived: [String] = []
        for code in codes {
            let path = try ProductCode(path: code).path
            guard leg.boxes.contains(path), !arrived.contains(path) else {
                throw ContractError(129, "\(path) was not sent with \(name), or is named twice")
            }
            var box = try Self.liveBox(path, context)
            guard box.leg == name else { throw ContractError(129, "\(path) is on another transport") }
            box.holder = context.sender.id
            box.leg = nil
            if box.stage == .inTransit { box.stage = .received }
            context.set(Self.boxes, path, box)
            arrived.append(path)
        }
        for path in leg.boxes where !arrived.contains(path) {
            try context.emit(
                "missingOnArrival", subject: path, [("leg", .text(name)), ("carrier", .text(leg.carrier))])
        }
    }

    func offer(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.seller)
        let code = try Self.code(&arguments)
        try arguments.finish()
        var box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        try Self.requireTradable(box, code, context)
        try Self.requireLoose(box, code)
        guard box.stage == .received else { throw wrongStage(box, code, "offered for sale") }
        box.stage = .onSale
        context.set(Self.boxes, code, box)
    }

    /// Sells units of a box; with the last one the code leaves the live state for ever.
    func sell(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        let units = try arguments.unsigned("units", in: 1...1_000_000)
        try arguments.finish()
        let box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        try Self.requireTradable(box, code, context)
        guard box.stage == .onSale else { throw wrongStage(box, code, "sold") }
        try take(units, from: box, code, context, asSold: units)
    }

    /// Units that a buyer brings back, fit for sale. A code that is sold out stays so: what comes back then is waste.
    func takeBack(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.seller)
        let code = try Self.code(&arguments)
        let units = try arguments.unsigned("units", in: 1...1_000_000)
        _ = try arguments.text("reason", maximum: 100)
        try arguments.finish()
        var box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        try Self.requireTradable(box, code, context)
        guard box.stage == .onSale else { throw wrongStage(box, code, "taken back") }
        guard units <= box.sold else {
            throw ContractError(139, "\(box.sold) units of \(code) were sold, not \(units)")
        }
        box.sold -= units
        box.unitsLeft = try box.unitsLeft.adding(units)
        context.set(Self.boxes, code, box)
    }

    /// Units that are thrown away or lost.
    func waste(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        let units = try arguments.unsigned("units", in: 1...1_000_000)
        _ = try arguments.text("reason", maximum: 100)
        try arguments.finish()
        let box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        try Self.requireLoose(box, code)
        try take(units, from: box, code, context)
    }

    private func take(
        _ units: UInt64, from box: Box, _ code: String, _ context: ContractContext, asSold sold: UInt64 = 0
    ) throws(ContractError) {
        var box = box
        guard units <= box.unitsLeft else {
            throw ContractError(132, "\(code) has \(box.unitsLeft) units left, not \(units)")
        }
        box.unitsLeft -= units
        box.sold = try box.sold.adding(sold)
        guard box.unitsLeft == 0 else { return context.set(Self.boxes, code, box) }
        context.remove(Self.boxes, code)
        context.cancel(code, at: box.expiresAt)
        var used = try context.require(Self.codes, code, "the code")
        used.soldOutAt = context.height
        context.set(Self.codes, code, used)
        try context.emit("soldOut", subject: code, [("holder", .text(box.holder))])
    }

    func wrongStage(_ box: Box, _ code: String, _ act: String) -> ContractError {
        ContractError(133, "\(code) is \(box.stage.rawValue) and cannot be \(act) now")
    }
}
