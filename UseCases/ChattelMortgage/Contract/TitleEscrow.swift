import ContractKit

/// Owner and holder of a receipt; the rules are ``Title``'s, and a pledge adds the bank's consent.
extension ChattelContract {
    private func titled(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (number: String, receipt: WarehouseReceipt) {
        let number = try arguments.text("receipt", maximum: 60)
        if let remark = try arguments.optionalText("remark", maximum: Arguments.maximumText),
            remark.utf8.count > Title.maximumRemark
        {
            throw Refusal.remark
        }
        return (number, try context.require(Self.receipts, number, "the receipt"))
    }

    private func party(
        _ arguments: inout Arguments, _ name: String, _ context: ContractContext
    ) throws(ContractError) -> String {
        guard let party = try arguments.optionalText(name, maximum: 100) else { throw Refusal.nobody }
        try context.requireEntry(MembershipContract.participants, party, "the participant")
        return party
    }

    private func keep(
        _ event: String, _ number: String, _ receipt: WarehouseReceipt, _ context: ContractContext
    ) throws(ContractError) {
        context.set(Self.receipts, number, receipt)
        try tell(event, number, receipt, [("holder", .text(receipt.title.holder))], context)
    }

    func nominate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        let successor = try arguments.optionalText("beneficiary", maximum: 100)
        try arguments.finish()
        if let successor { try context.requireEntry(MembershipContract.participants, successor, "the participant") }
        try receipt.title.nominate(successor, by: context.sender.id)
        try keep("nominated", number, receipt, context)
    }

    /// Under a pledge the bank is the holder: that it carries the transfer out is its consent.
    func transferBeneficiary(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        let successor = try party(&arguments, "beneficiary", context)
        try arguments.finish()
        if receipt.loan != nil, receipt.title.beneficiary == context.sender.id { throw Refusal.pledged }
        try receipt.title.transferBeneficiary(to: successor, by: context.sender.id)
        try keep("ownership", number, receipt, context)
    }

    func transferHolder(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        let successor = try party(&arguments, "holder", context)
        try arguments.finish()
        guard receipt.loan == nil else { throw Refusal.pledged }
        try receipt.title.transferHolder(to: successor, by: context.sender.id)
        try keep("control", number, receipt, context)
    }

    func transferOwners(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        let beneficiary = try party(&arguments, "beneficiary", context)
        let holder = try party(&arguments, "holder", context)
        try arguments.finish()
        guard receipt.loan == nil else { throw Refusal.pledged }
        try receipt.title.transferOwners(to: beneficiary, holder, by: context.sender.id)
        try keep("ownership", number, receipt, context)
    }

    func reject(
        _ arguments: inout Arguments, _ context: ContractContext,
        _ change: (inout Title) throws(ContractError) -> Void
    ) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        try arguments.finish()
        try change(&receipt.title)
        try keep("rejected", number, receipt, context)
    }

    func surrender(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try titled(&arguments, context)
        try arguments.finish()
        guard receipt.loan == nil else { throw Refusal.pledged }
        guard !receipt.isBlocked else { throw Refusal.blocked }
        try receipt.title.surrender(by: context.sender.id)
        try keep("surrendered", number, receipt, context)
    }

    private func issued(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> (number: String, receipt: WarehouseReceipt) {
        let (number, receipt) = try titled(&arguments, context)
        try arguments.finish()
        let site = try context.require(Self.sites, receipt.site, "the site")
        guard site.monitor == context.sender.id else {
            throw .notAuthorised("the issuer \(site.monitor) restores and cancels")
        }
        return (number, receipt)
    }

    func restore(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try issued(&arguments, context)
        try receipt.title.restore()
        try keep("restored", number, receipt, context)
    }

    /// The goods are handed out, and the receipt is gone; its lot may be declared anew.
    func cancel(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (number, receipt) = try issued(&arguments, context)
        let owner = receipt.title.beneficiary
        try receipt.title.cancel()
        context.set(Self.receipts, number, receipt)
        var lot = try context.require(Self.lots, receipt.lot, "the lot")
        lot.receipts = lot.receipts.filter { $0 != number }
        context.set(Self.lots, receipt.lot, lot)
        try context.emit("cancelled", subject: "receipt:\(number)", [("owner", .text(owner))])
    }
}
