import ContractKit

/// Receipts: issued on goods that are seen, split and merged with their weight conserved.
extension ChattelContract {
    /// Longest of a receipt's statements, bytes.
    private static let maximumStatement = 200

    func issueReceipt(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let number = try Self.identifier(&arguments, "number")
        let name = try arguments.text("lot", maximum: 60)
        // Required by 7 CFR 869.300; a blank is refused.
        let deliveryTerm = try arguments.text("deliveryTerm", maximum: Self.maximumStatement)
        let isNegotiable = try arguments.bool("negotiable")
        // May be blank; the blank is marked.
        let charges = try arguments.optionalText("charges", maximum: Self.maximumStatement)
        let insurance = try arguments.optionalText("insurance", maximum: Self.maximumStatement)
        try arguments.finish()
        var lot = try context.require(Self.lots, name, "the lot")
        var site = try context.require(Self.sites, lot.site, "the site")
        guard site.monitor == context.sender.id else {
            throw .notAuthorised("receipts of \(lot.site) are issued by \(site.monitor)")
        }
        guard lot.receipts.isEmpty else { throw Refusal.hasReceipt }
        site.receipts = try site.receipts.adding(1)
        let next = "\(lot.site)-\(site.receipts)"
        guard number == next else { throw Refusal.number(next) }
        let bay = try requireSeen(lot, name, context)
        var title = Title(beneficiary: lot.owner, holder: lot.owner)
        title.stage = .issued
        let receipt = WarehouseReceipt(
            lot: name, site: lot.site, kind: lot.kind, grams: lot.grams, count: lot.count, title: title,
            terms: WarehouseReceipt.Terms(
                licence: site.licence, place: site.place, depositor: lot.owner, deliveryTerm: deliveryTerm,
                grade: lot.grade ?? WarehouseReceipt.Terms.blank, charges: charges ?? WarehouseReceipt.Terms.blank,
                insurance: insurance ?? WarehouseReceipt.Terms.blank, isNegotiable: isNegotiable),
            issuedAt: context.time, evidence: bay.transaction)
        lot.receipts = [number]
        context.set(Self.sites, lot.site, site)
        context.set(Self.lots, name, lot)
        context.set(Self.receipts, number, receipt)
        try tell("issued", number, receipt, [("lot", .text(name)), ("grams", .unsigned(lot.grams))], context)
    }

    /// No receipt without goods: scale, count and contour agree with the declaration, by devices that all report.
    private func requireSeen(
        _ lot: Lot, _ name: String, _ context: ContractContext
    ) throws(ContractError) -> BayRecord {
        guard let bay = try context.get(Self.bays, "\(lot.site)/\(lot.bay)"), bay.grams > 0,
            try bay.at.adding(Self.measurementAge) > context.time, lot.handedTo == nil
        else { throw Refusal.notSensed }
        guard bay.blind.isEmpty else { throw Refusal.blind }
        // Two lots in one bay could count the same goods twice.
        for (other, place) in try context.state.scan(Self.lotsAt, prefix: "\(lot.site)/", limit: 1000)
        where place == lot.bay && other != "\(lot.site)/\(name)" {
            let other = try context.get(Self.lots, String(other.dropFirst(lot.site.utf8.count + 1)))
            guard other?.receipts.isEmpty ?? true else { throw Refusal.hasReceipt }
        }
        let difference = max(lot.grams, bay.grams) - min(lot.grams, bay.grams)
        guard difference <= lot.grams / 1000 * Self.weightTolerance else { throw Refusal.weight(lot.grams, bay.grams) }
        guard bay.count == lot.count else { throw Refusal.count(lot.count, bay.count) }
        let density = bay.density ?? 0
        guard lot.density.contains(density) else { throw Refusal.density(density, lot.density) }
        guard !lot.isSealed || lot.inspectedBy != nil else { throw Refusal.notInspected }
        guard lot.flag == nil else { throw Refusal.duplicate }
        guard lot.openAlarms == 0 else { throw Refusal.openAlarms }
        return bay
    }

    /// The receipt that its owner holds too, and that secures nothing.
    func requireFree(
        _ number: String, of owner: String, _ context: ContractContext
    ) throws(ContractError) -> WarehouseReceipt {
        let receipt = try context.require(Self.receipts, number, "the receipt")
        guard receipt.isFree(of: owner) else { throw Refusal.notFree }
        return receipt
    }

    func split(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let number = try arguments.text("receipt", maximum: 60)
        let parts = try arguments.array("parts", maximum: 20)
        try arguments.finish()
        var receipt = try requireFree(number, of: context.sender.id, context)
        var lot = try context.require(Self.lots, receipt.lot, "the lot")
        guard parts.count >= 2 else { throw .invalid("parts", "at least two") }
        var (grams, count): (UInt64, UInt64) = (0, 0)
        lot.receipts = lot.receipts.filter { $0 != number }
        for (index, part) in parts.enumerated() {
            guard let part = part.map, let weight = part["grams"]?.unsigned, weight > 0,
                let pieces = part["count"]?.unsigned, part.count == 2
            else { throw .invalid("parts", "maps of grams and count") }
            grams = try grams.adding(weight)
            count = try count.adding(pieces)
            var child = receipt
            child.grams = weight
            child.count = pieces
            child.parents = [number]
            let name = try Self.identifier("\(number).\(index + 1)", "receipt")
            context.set(Self.receipts, name, child)
            receipt.children.append(name)
            lot.receipts.append(name)
        }
        guard grams == receipt.grams, count == receipt.count else { throw Refusal.notConserved }
        guard lot.receipts.count <= Self.maximumItems else { throw .invalid("parts", "at most 50 receipts of a lot") }
        receipt.title.end(as: .replaced)
        context.set(Self.receipts, number, receipt)
        context.set(Self.lots, receipt.lot, lot)
        try context.emit("split", subject: "receipt:\(number)", [("into", .texts(receipt.children))])
    }

    func merge(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let numbers = try arguments.texts("receipts", maximum: 20)
        try arguments.finish()
        guard numbers.count >= 2, Set(numbers).count == numbers.count else {
            throw .invalid("receipts", "at least two, each once")
        }
        var merged = try requireFree(numbers[0], of: context.sender.id, context)
        var lot = try context.require(Self.lots, merged.lot, "the lot")
        let name = try Self.identifier("\(numbers[0]).m\(context.height)", "receipt")
        for (index, number) in numbers.enumerated() {
            var receipt = try requireFree(number, of: context.sender.id, context)
            guard receipt.lot == merged.lot else { throw .invalid("receipts", "of one lot") }
            if index > 0 {
                merged.grams = try merged.grams.adding(receipt.grams)
                merged.count = try merged.count.adding(receipt.count)
            }
            receipt.children = [name]
            receipt.title.end(as: .replaced)
            context.set(Self.receipts, number, receipt)
        }
        guard try context.get(Self.receipts, name) == nil else { throw .exists("the receipt \(name)") }
        merged.parents = numbers
        merged.children = []
        context.set(Self.receipts, name, merged)
        lot.receipts = lot.receipts.filter { !numbers.contains($0) } + [name]
        context.set(Self.lots, merged.lot, lot)
        try context.emit("merged", subject: "receipt:\(name)", [("from", .texts(numbers))])
    }

    /// The holder lets goods go: their owner, or the bank as far as the rest covers the loan.
    func release(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let number = try arguments.text("receipt", maximum: 60)
        let grams = try arguments.unsigned("grams", in: 1...Self.maximumGrams)
        try arguments.finish()
        var receipt = try context.require(Self.receipts, number, "the receipt")
        guard receipt.title.stage == .issued, receipt.title.holder == context.sender.id else {
            throw .notAuthorised("goods are released by the holder of a receipt in force")
        }
        guard !receipt.isBlocked else { throw Refusal.blocked }
        let left = receipt.grams - min(receipt.releasable, receipt.grams)
        guard grams <= left else { throw Refusal.cover(left) }
        if let name = receipt.loan {
            let loan = try context.require(Self.loans, name, "the loan")
            let most = try spare(loan, of: receipt.kind, context)
            guard grams <= most else { throw Refusal.cover(min(most, left)) }
        }
        receipt.releasable = try receipt.releasable.adding(grams)
        context.set(Self.receipts, number, receipt)
        try tell("releaseApproved", number, receipt, [("grams", .unsigned(grams))], context)
    }
}
