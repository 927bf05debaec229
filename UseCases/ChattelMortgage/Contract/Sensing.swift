import ContractKit

/// What gateways report of goods, and what follows.
extension ChattelContract {
    func registerSite(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.monitor)
        let id = try Self.identifier(&arguments, "site")
        let kind = try arguments.text("kind")
        guard let kind = MonitoredSite.Kind(rawValue: kind) else { throw .invalid("kind", "hall or truck") }
        let site = MonitoredSite(
            monitor: context.sender.id, gateway: try arguments.text("gateway", maximum: 100),
            name: try arguments.text("name", maximum: 100), place: try arguments.text("place", maximum: 200),
            licence: try arguments.text("licence", maximum: 60), kind: kind)
        try arguments.finish()
        try context.requireEntry(MembershipContract.participants, site.gateway, "the gateway")
        if var known = try context.get(Self.sites, id) {
            // Another organisation takes a site over only from the one that has it; its history stays.
            guard known.monitor == context.sender.id else { throw .exists("the site \(id)") }
            known.gateway = site.gateway
            return context.set(Self.sites, id, known)
        }
        context.set(Self.sites, id, site)
    }

    private func siteOfGateway(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (id: String, site: MonitoredSite) {
        let id = try arguments.text("site", maximum: 60)
        let site = try context.require(Self.sites, id, "the site")
        guard site.gateway == context.sender.id else {
            throw .notAuthorised("measurements of \(id) come from \(site.gateway)")
        }
        return (id, site)
    }

    /// Only devices that a registrar vouched for, and that report through this gateway.
    private func requireDevices(_ devices: [String], _ context: ContractContext) throws(ContractError) {
        guard !devices.isEmpty else { throw Refusal.device }
        for urn in devices {
            guard let device = try context.get(MembershipContract.devices, urn), device.gateway == context.sender.id,
                device.revokedAt == nil
            else { throw Refusal.device }
        }
    }

    /// One statement for a change that sensors saw, however many readings show it.
    func sensed(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (site, _) = try siteOfGateway(&arguments, context)
        let bay = try Self.identifier(&arguments, "bay")
        let side: ClosedRange<UInt64> = 0...100_000
        var record = BayRecord(
            grams: try arguments.unsigned("grams", in: 0...Self.maximumGrams),
            count: try arguments.unsigned("count", in: 0...1_000_000),
            length: try arguments.unsigned("length", in: side),
            width: try arguments.unsigned("width", in: side), height: try arguments.unsigned("height", in: side),
            tags: try arguments.texts("tags", maximum: Self.maximumItems),
            devices: try arguments.texts("devices", maximum: 8), raw: try arguments.hash("raw"),
            at: try arguments.unsigned("at"), transaction: context.transaction)
        try arguments.finish()
        try requireDevices(record.devices, context)
        let key = "\(site)/\(bay)"
        let before = try context.get(Self.bays, key)
        record.blind = before?.blind ?? []
        // A measurement that was held up on the way says nothing about now.
        if let before, record.at < before.at {
            return try context.emit("late", subject: key, [("at", .unsigned(record.at))])
        }
        context.set(Self.bays, key, record)
        try context.emit(
            "change", subject: key,
            [
                ("before", .unsigned(before?.grams ?? 0)), ("after", .unsigned(record.grams)),
                ("count", .unsigned(record.count)),
            ])
        try noteIdentities(record.tags, at: key, site, context)
        for (name, place) in try context.state.scan(Self.lotsAt, prefix: "\(site)/", limit: 1000) where place == bay {
            try follow(String(name.dropFirst(site.utf8.count + 1)), before?.grams ?? 0, record, context)
        }
    }

    /// Goods in two places at once: one of them is not what it seems.
    private func noteIdentities(
        _ tags: [String], at key: String, _ site: String, _ context: ContractContext
    ) throws(ContractError) {
        var suspects: [String] = []
        for tag in tags {
            let name = Fingerprint.normal(tag)
            let seen = try context.get(Self.identities, name)
            context.set(Self.identities, name, key)
            guard let seen, let other = seen.split(separator: "/").first.map(String.init), other != site,
                try context.get(Self.bays, seen)?.tags.contains(tag) ?? false
            else { continue }
            for place in [other, site] {
                for (name, _) in try context.state.scan(Self.lotsAt, prefix: "\(place)/", limit: 1000) {
                    let lot = String(name.dropFirst(place.utf8.count + 1))
                    // Between two signatures goods leave one scale after they have reached the other.
                    guard let record = try context.get(Self.lots, lot), record.handedTo == nil,
                        record.tags.contains(tag), !suspects.contains(lot)
                    else { continue }
                    suspects.append(lot)
                }
            }
        }
        for lot in suspects {
            try raise("sameIdentityTwice", lot: lot, value: 2, limit: 1, at: context.time, context)
        }
    }

    /// What a change of weight means for the receipts of a lot.
    private func follow(
        _ name: String, _ before: UInt64, _ bay: BayRecord, _ context: ContractContext
    ) throws(ContractError) {
        guard var lot = try context.get(Self.lots, name) else { return }
        lot.countDue = nil
        context.set(Self.lots, name, lot)
        // Goods that were handed over are on their way with a signature.
        guard !lot.receipts.isEmpty, lot.handedTo == nil, before != bay.grams else { return }
        if bay.grams > before {
            let back = min(bay.grams - before, lot.missing)
            // What the scale cannot tell is not missing.
            lot.missing = lot.missing - back > bay.grams / 1000 * Self.weightTolerance ? lot.missing - back : 0
            context.set(Self.lots, name, lot)
            if lot.missing == 0 { try block(false, lot.receipts, context) }
            return
        }
        var gone = before - bay.grams
        for number in lot.receipts {
            var receipt = try context.require(Self.receipts, number, "the receipt")
            let taken = min(gone, receipt.releasable)
            guard taken > 0 else { continue }
            gone -= taken
            receipt.releasable -= taken
            receipt.grams -= min(taken, receipt.grams)
            context.set(Self.receipts, number, receipt)
            try tell("moveOut", number, receipt, [("grams", .unsigned(taken))], context)
        }
        // What the scale cannot tell is no alarm.
        guard gone > before / 1000 * Self.weightTolerance else { return }
        lot.missing = try lot.missing.adding(gone)
        context.set(Self.lots, name, lot)
        try block(true, lot.receipts, context)
        try raise("unauthorisedMoveOut", lot: name, value: gone, limit: 0, at: bay.at, context)
    }

    private func block(_ isBlocked: Bool, _ numbers: [String], _ context: ContractContext) throws(ContractError) {
        for number in numbers {
            var receipt = try context.require(Self.receipts, number, "the receipt")
            receipt.isBlocked = isBlocked
            context.set(Self.receipts, number, receipt)
        }
    }

    /// A sensor went silent, or speaks again: the evidence for what lies there is weaker, or as good as before.
    func blind(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (site, _) = try siteOfGateway(&arguments, context)
        let bay = try Self.identifier(&arguments, "bay")
        let device = try arguments.text("device", maximum: 100)
        let isBlind = try arguments.bool("blind")
        let at = try arguments.unsigned("at")
        try arguments.finish()
        try requireDevices([device], context)
        var record = try context.require(Self.bays, "\(site)/\(bay)", "the bay")
        guard record.blind.contains(device) != isBlind else { return }
        record.blind = isBlind ? record.blind + [device] : record.blind.filter { $0 != device }
        context.set(Self.bays, "\(site)/\(bay)", record)
        try context.emit(
            isBlind ? "blind" : "seeing", subject: "\(site)/\(bay)",
            [("device", .text(device)), ("evidenceGrade", .text(record.evidenceGrade))])
        guard isBlind else { return }
        for (name, place) in try context.state.scan(Self.lotsAt, prefix: "\(site)/", limit: 1000) where place == bay {
            let lot = String(name.dropFirst(site.utf8.count + 1))
            try raise("blindSpot", lot: lot, value: UInt64(record.blind.count), limit: 0, at: at, context)
        }
    }

    /// What a truck reports: it left its route, stood too long, was struck or tilted, opened its door, or fell silent.
    func transit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (site, _) = try siteOfGateway(&arguments, context)
        let kind = try arguments.text("kind", maximum: 20)
        guard ["route", "stop", "shock", "tilt", "door", "seal", "silence", "temperature"].contains(kind) else {
            throw .invalid("kind", "route, stop, shock, tilt, door, seal, silence or temperature")
        }
        let value = try arguments.unsigned("value")
        let limit = try arguments.unsigned("limit")
        let device = try arguments.text("device", maximum: 100)
        let at = try arguments.unsigned("at")
        try arguments.finish()
        try requireDevices([device], context)
        try context.emit(
            "transit", subject: site, [("kind", .text(kind)), ("value", .unsigned(value)), ("limit", .unsigned(limit))])
        for (name, _) in try context.state.scan(Self.lotsAt, prefix: "\(site)/", limit: 1000) {
            try raise(
                kind, lot: String(name.dropFirst(site.utf8.count + 1)), value: value, limit: limit, at: at, context)
        }
    }

    // MARK: Alarms

    func raise(
        _ kind: String, lot name: String, value: UInt64, limit: UInt64, at: UInt64, _ context: ContractContext
    ) throws(ContractError) {
        guard var lot = try context.get(Self.lots, name) else { return }
        lot.alarms = try lot.alarms.adding(1)
        lot.openAlarms = try lot.openAlarms.adding(1)
        context.set(Self.lots, name, lot)
        context.set(
            Self.alarms, "\(name)/\(lot.alarms)",
            Alarm(kind: kind, site: lot.site, value: value, limit: limit, at: at, transaction: context.transaction))
        var details: [(String, Value)] = [
            ("kind", .text(kind)), ("value", .unsigned(value)), ("limit", .unsigned(limit)),
            ("owner", .text(lot.owner)),
        ]
        let banks = try pledgees(of: lot, context)
        if !banks.isEmpty { details.append(("pledgees", .texts(banks))) }
        try context.emit("alarm", subject: "lot:\(name)", details)
    }

    private func pledgees(of lot: Lot, _ context: ContractContext) throws(ContractError) -> [String] {
        var banks: [String] = []
        for number in lot.receipts {
            guard let loan = try context.get(Self.receipts, number)?.loan,
                let bank = try context.get(Self.loans, loan)?.bank, !banks.contains(bank)
            else { continue }
            banks.append(bank)
        }
        return banks
    }

    func closeAlarm(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("lot", maximum: 60)
        let number = try arguments.unsigned("number")
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        var lot = try context.require(Self.lots, name, "the lot")
        let site = try context.require(Self.sites, lot.site, "the site")
        guard site.monitor == context.sender.id else { throw .notAuthorised("alarms are closed by \(site.monitor)") }
        var alarm = try context.require(Self.alarms, "\(name)/\(number)", "the alarm")
        guard alarm.closed == nil else { throw Refusal.stage("the alarm is closed") }
        alarm.closed = reason
        lot.openAlarms = lot.openAlarms > 0 ? lot.openAlarms - 1 : 0
        context.set(Self.alarms, "\(name)/\(number)", alarm)
        context.set(Self.lots, name, lot)
        try context.emit("alarmClosed", subject: "lot:\(name)", [("number", .unsigned(number))])
    }

    /// Monitoring that is pushed: to the owner, and to the bank where the receipt is pledged.
    func tell(
        _ event: String, _ number: String, _ receipt: WarehouseReceipt, _ details: [(String, Value)],
        _ context: ContractContext
    ) throws(ContractError) {
        var all = details
        all.append(("owner", .text(receipt.title.beneficiary)))
        if receipt.loan != nil { all.append(("bank", .text(receipt.title.holder))) }
        try context.emit(event, subject: "receipt:\(number)", all)
    }
}
