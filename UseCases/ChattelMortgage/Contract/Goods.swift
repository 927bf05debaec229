import ContractKit

/// Lots: declared by their owner, inspected, handed from site to site.
extension ChattelContract {
    /// What nobody took over after a day is a gap in custody, ms.
    static let custodyGap: UInt64 = 24 * 3600 * 1000

    func declare(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.enterprise)
        let id = try Self.identifier(&arguments, "lot")
        let site = try arguments.text("site", maximum: 60)
        let bay = try Self.identifier(&arguments, "bay")
        let kind = try Self.identifier(&arguments, "kind")
        let `class` = try arguments.text("class", maximum: 60)
        let specification = try arguments.text("specification", maximum: 200)
        let grams = try arguments.unsigned("grams", in: 1...Self.maximumGrams)
        let count = try arguments.unsigned("count", in: 1...1_000_000)
        let least = try arguments.unsigned("densityLeast", in: 1...30_000)
        let most = try arguments.unsigned("densityMost", in: 1...30_000)
        let tags = try arguments.texts("tags", maximum: Self.maximumItems)
        let isSealed = try arguments.bool("sealed")
        try arguments.finish()
        guard least <= most else { throw .invalid("densityMost", "at least densityLeast") }
        try context.requireEntry(Self.sites, site, "the site")
        if let known = try context.get(Self.lots, id) {
            // A declaration may be corrected until there is a receipt for it.
            guard known.owner == context.sender.id else { throw .exists("the lot \(id)") }
            guard known.receipts.isEmpty else { throw Refusal.hasReceipt }
            try forget(known, id, context)
        }
        var lot = Lot(
            owner: context.sender.id, site: site, bay: bay, kind: kind, class: `class`, specification: specification,
            grams: grams, count: count, density: least...most, tags: tags, isSealed: isSealed,
            custody: ["\(site)/\(context.time)"])
        for tag in tags {
            let key = Fingerprint.hash(of: tag).hex
            let exact = Hash32.sha256(Bytes(tag.utf8))
            if let known = try context.get(Self.fingerprints, key) {
                lot.flag = known.exact.map { $0 == exact ? "exact" : "similar" } ?? "elsewhere"
            } else {
                context.set(Self.fingerprints, key, FingerprintRecord(lot: id, bank: nil, exact: exact))
            }
        }
        context.set(Self.lots, id, lot)
        context.set(Self.lotsAt, "\(site)/\(id)", bay)
        if let flag = lot.flag { try context.emit("duplicateMark", subject: "lot:\(id)", [("hit", .text(flag))]) }
    }

    private func forget(_ lot: Lot, _ id: String, _ context: ContractContext) throws(ContractError) {
        context.remove(Self.lotsAt, "\(lot.site)/\(id)")
        for tag in lot.tags {
            let key = Fingerprint.hash(of: tag).hex
            if try context.get(Self.fingerprints, key)?.lot == id { context.remove(Self.fingerprints, key) }
        }
    }

    func inspect(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.inspector)
        let id = try arguments.text("lot", maximum: 60)
        let grade = try arguments.text("grade", maximum: 60)
        _ = try arguments.hash("certificate")
        try arguments.finish()
        var lot = try context.require(Self.lots, id, "the lot")
        lot.grade = grade
        lot.inspectedBy = context.sender.id
        context.set(Self.lots, id, lot)
        try context.emit("inspected", subject: "lot:\(id)", [("grade", .text(grade))])
    }

    /// A bank wants the goods counted again, unannounced.
    func requestCount(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let number = try arguments.text("receipt", maximum: 60)
        let until = try arguments.unsigned("until")
        try arguments.finish()
        let receipt = try context.require(Self.receipts, number, "the receipt")
        guard receipt.title.holder == context.sender.id else { throw .notAuthorised("the holder asks for a count") }
        guard until > context.time else { throw .invalid("until", "a time to come") }
        var lot = try context.require(Self.lots, receipt.lot, "the lot")
        lot.countDue = until
        context.set(Self.lots, receipt.lot, lot)
        context.schedule("count \(receipt.lot)", at: until)
        try context.emit("countRequested", subject: "lot:\(receipt.lot)", [("until", .unsigned(until))])
    }

    // MARK: Custody

    /// Who has the goods gives them out of its hands.
    func handOver(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("lot", maximum: 60)
        let to = try arguments.text("to", maximum: 60)
        try arguments.finish()
        var lot = try context.require(Self.lots, id, "the lot")
        let site = try context.require(Self.sites, lot.site, "the site")
        guard site.monitor == context.sender.id else { throw .notAuthorised("the goods are with \(site.monitor)") }
        try context.requireEntry(Self.sites, to, "the site")
        guard lot.handedTo == nil, to != lot.site else { throw Refusal.stage("the goods are on their way") }
        lot.handedTo = to
        context.set(Self.lots, id, lot)
        context.schedule("gap \(id)", at: try context.time.adding(Self.custodyGap))
        try context.emit("handedOver", subject: "lot:\(id)", [("from", .text(lot.site)), ("to", .text(to))])
    }

    /// Who takes the goods signs for them; custody has no break.
    func takeOver(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("lot", maximum: 60)
        let bay = try Self.identifier(&arguments, "bay")
        try arguments.finish()
        var lot = try context.require(Self.lots, id, "the lot")
        guard let to = lot.handedTo else { throw Refusal.stage("nobody has handed the goods over") }
        let site = try context.require(Self.sites, to, "the site")
        guard site.monitor == context.sender.id else { throw .notAuthorised("the goods are for \(site.monitor)") }
        guard lot.custody.count < Self.maximumItems else { throw Refusal.stage("the lot has been moved too often") }
        context.remove(Self.lotsAt, "\(lot.site)/\(id)")
        let from = lot.site
        lot.site = to
        lot.bay = bay
        lot.handedTo = nil
        lot.custody.append("\(to)/\(context.time)")
        context.set(Self.lots, id, lot)
        context.set(Self.lotsAt, "\(to)/\(id)", bay)
        for number in lot.receipts {
            var receipt = try context.require(Self.receipts, number, "the receipt")
            receipt.site = to
            context.set(Self.receipts, number, receipt)
        }
        try context.emit("takenOver", subject: "lot:\(id)", [("from", .text(from)), ("to", .text(to))])
    }

    /// A day has passed since a lot was handed over, and nobody has signed for it.
    func custodyGap(_ id: String, _ context: ContractContext) throws(ContractError) {
        guard let lot = try context.get(Self.lots, id), lot.handedTo != nil else { return }
        try raise("custodyGap", lot: id, value: Self.custodyGap, limit: 0, at: context.time, context)
    }

    /// The time for a re-count has passed, and no gateway has measured the goods.
    func countOverdue(_ id: String, _ context: ContractContext) throws(ContractError) {
        guard let lot = try context.get(Self.lots, id), let due = lot.countDue, due <= context.time else { return }
        try raise("countOverdue", lot: id, value: context.time - due, limit: 0, at: context.time, context)
    }

    /// A bank has goods pledged on paper or on another ledger, and says only the hashes of their marks.
    func registerOutside(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.bank)
        let items = try arguments.array("marks", maximum: Self.maximumItems)
        try arguments.finish()
        for item in items {
            guard let hash = item.hash32 else { throw .invalid("marks", "hashes of 32 bytes") }
            guard try context.get(Self.fingerprints, hash.hex) == nil else { throw Refusal.duplicate }
            context.set(
                Self.fingerprints, hash.hex, FingerprintRecord(lot: nil, bank: context.sender.id, exact: nil))
        }
    }
}
