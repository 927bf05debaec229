import ContractKit

/// Boxes that travel together under one Serial Shipping Container Code (AI 00); EPCIS calls it aggregation. A box keeps its own history, whatever
/// it stands on.
extension TracingContract {
    /// Puts boxes on a pallet, an empty one or one that was begun.
    func aggregate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let sscc = try Self.sscc(&arguments)
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        try arguments.finish()
        guard !codes.isEmpty else { throw .invalid("boxes", "at least one product code") }
        var pallet = try context.get(Self.pallets, sscc) ?? Pallet(packer: context.sender.id, boxes: [])
        guard pallet.packer == context.sender.id else {
            throw .notAuthorised("the pallet \(sscc) is \(pallet.packer)'s")
        }
        for code in codes {
            let path = try ProductCode(path: code).path
            var box = try Self.liveBox(path, context)
            try Self.requireHolder(box, path, context)
            guard box.stage == .affixed || box.stage == .received else {
                throw wrongStage(box, path, "put on a pallet")
            }
            try Self.requireLoose(box, path)
            box.pallet = sscc
            context.set(Self.boxes, path, box)
            pallet.boxes.append(path)
        }
        guard pallet.boxes.count <= Self.maximumBoxesPerLeg else {
            throw .invalid("boxes", "at most \(Self.maximumBoxesPerLeg) on a pallet")
        }
        context.set(Self.pallets, sscc, pallet)
    }

    /// Takes boxes off a pallet, all of them where none is named; an empty pallet is no pallet any more.
    func disaggregate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let sscc = try Self.sscc(&arguments)
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        try arguments.finish()
        var pallet = try context.require(Self.pallets, sscc, "the pallet")
        for code in codes.isEmpty ? pallet.boxes : codes {
            let path = try ProductCode(path: code).path
            guard let place = pallet.boxes.firstIndex(of: path) else {
                throw ContractError(135, "\(path) is not on the pallet \(sscc)")
            }
            var box = try Self.liveBox(path, context)
            try Self.requireHolder(box, path, context)
            box.pallet = nil
            context.set(Self.boxes, path, box)
            pallet.boxes.remove(at: place)
        }
        if pallet.boxes.isEmpty { context.remove(Self.pallets, sscc) } else { context.set(Self.pallets, sscc, pallet) }
    }

    /// A box on a pallet is neither sold nor thrown away: it is taken off first.
    static func requireLoose(_ box: Box, _ code: String) throws(ContractError) {
        if let pallet = box.pallet {
            throw ContractError(136, "\(code) stands on the pallet \(pallet); take it off first")
        }
    }

    private static func sscc(_ arguments: inout Arguments) throws(ContractError) -> String {
        let sscc = try arguments.text("sscc", maximum: 18)
        guard sscc.utf8.count == 18, CheckDigit.isValid(sscc) else {
            throw .invalid("sscc", "an SSCC of 18 digits with its check digit (AI 00)")
        }
        return sscc
    }
}
