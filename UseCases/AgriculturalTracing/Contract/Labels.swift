import ContractKit

/// A label that cannot be read any more (TR table 2, tags): the box gets another code, and the old one is void for ever. It is stated by a scan of
/// the new label on the box, so that the box stays what it was.
extension TracingContract {
    func replaceLabel(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let old = try Self.code(&arguments)
        let new = try ProductCode(path: try arguments.text("replacement")).path
        _ = try arguments.text("reason", maximum: 100)
        try arguments.finish()
        let box = try Self.liveBox(old, context)
        try Self.requireHolder(box, old, context)
        guard box.stage == .affixed || box.stage == .received || box.stage == .onSale else {
            throw wrongStage(box, old, "labelled anew")
        }
        guard try ProductCode(path: old).gtin == ProductCode(path: new).gtin else {
            throw .invalid("replacement", "a code of the same product")
        }
        guard try context.get(Self.codes, new) == nil else {
            throw ContractError(124, "the code \(new) was used before and can never be used again")
        }
        try Self.requireLoose(box, old)
        var used = try context.require(Self.codes, old, "the code")
        used.replacedBy = new
        context.set(Self.codes, old, used)
        context.remove(Self.boxes, old)
        context.cancel(old, at: box.expiresAt)
        var fresh = UsedCode(commissionedAt: context.height, harvestLot: box.harvestLot, soldOutAt: nil)
        fresh.replaces = old
        context.set(Self.codes, new, fresh)
        context.set(Self.boxes, new, box)
        context.schedule(new, at: box.expiresAt)
        try context.emit("labelReplaced", subject: old, [("replacement", .text(new)), ("holder", .text(box.holder))])
    }
}
