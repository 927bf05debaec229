import ContractKit

extension TracingContract {
    public var invariants: [Invariant] {
        [
            Invariant("every live box has a code that is used, neither sold out nor replaced", Self.liveCodes),
            Invariant("units left are between one and the units packed", Self.units),
            Invariant("what was sold and what is left is no more than was packed", Self.sold),
            Invariant("a box stands on a pallet that holds it", Self.loads),
            Invariant("the boxes of a lot and what went into mixes do not outweigh it", Self.mass),
        ]
    }

    /// Enough for any test and for a season of one co-operative; a longer list is checked in pages by the auditor.
    private static let scanLimit = 1_000_000

    @Sendable private static func liveCodes(_ state: any StateReader) throws(ContractError) -> [String] {
        var found: [String] = []
        for (code, _) in try state.scan(boxes, limit: scanLimit) {
            guard let used = try state.get(codes, code) else {
                found.append("\(code) is live but was never commissioned")
                continue
            }
            if used.soldOutAt != nil { found.append("\(code) is live and sold out") }
            if used.replacedBy != nil { found.append("\(code) is live and replaced") }
        }
        return found
    }

    @Sendable private static func units(_ state: any StateReader) throws(ContractError) -> [String] {
        try state.scan(boxes, limit: scanLimit).filter { $0.value.unitsLeft < 1 || $0.value.unitsLeft > $0.value.units }
            .map { "\($0.key) has \($0.value.unitsLeft) of \($0.value.units) units" }
    }

    @Sendable private static func sold(_ state: any StateReader) throws(ContractError) -> [String] {
        try state.scan(boxes, limit: scanLimit).filter { $0.value.unitsLeft + $0.value.sold > $0.value.units }
            .map { "\($0.key): \($0.value.unitsLeft) left and \($0.value.sold) sold of \($0.value.units)" }
    }

    @Sendable private static func loads(_ state: any StateReader) throws(ContractError) -> [String] {
        var found: [String] = []
        var loaded: [String: String] = [:]
        for (sscc, pallet) in try state.scan(pallets, limit: scanLimit) {
            for code in pallet.boxes {
                if loaded.updateValue(sscc, forKey: code) != nil {
                    found.append("\(code) is on two pallets or twice on one")
                }
            }
        }
        for (code, box) in try state.scan(boxes, limit: scanLimit) where box.pallet != loaded.removeValue(forKey: code)
        {
            found.append("\(code) and the pallet \(box.pallet ?? "none") disagree")
        }
        return found + loaded.keys.sorted().map { "\($0) is on a pallet and not live" }
    }

    @Sendable private static func mass(_ state: any StateReader) throws(ContractError) -> [String] {
        try state.scan(harvestLots, limit: scanLimit).filter {
            $0.value.packedGrams + $0.value.usedGrams > $0.value.grams
        }
        .map { "\($0.key): \($0.value.packedGrams) g packed and \($0.value.usedGrams) g mixed of \($0.value.grams) g" }
    }
}
