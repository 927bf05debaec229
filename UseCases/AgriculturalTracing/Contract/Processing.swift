import ContractKit

/// Processing (TR 6.1.11): lots go into a mix and lots come out of it, many to many; EPCIS calls it transformation. What comes out knows all
/// that went in, however often it was mixed, so that a recall reaches it and its origin is told.
extension TracingContract {
    /// Most lots behind one.
    static let maximumLineage = 64
    /// Most lots that one transformation takes or makes.
    static let maximumMixed = 16

    func transform(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let taken = try Self.amounts(&arguments, "inputs")
        let made = try Self.amounts(&arguments, "outputs")
        let product = try arguments.text("product", maximum: 100)
        let performedAt = try arguments.unsigned("performedAt")
        try arguments.finish()
        guard Self.isPast(performedAt, context) else {
            throw ContractError(130, "a transformation is recorded after it is done")
        }
        var lineage: Set<String> = []
        var used: UInt64 = 0
        for (name, grams) in taken {
            var lot = try context.require(Self.harvestLots, name, "the lot")
            guard lot.owner == context.sender.id else {
                throw .notAuthorised("the lot \(name) belongs to \(lot.owner)")
            }
            if let stop = try Self.stop(of: lot, name, context) { throw stop }
            lot.usedGrams = try lot.usedGrams.adding(grams)
            let gone = try lot.packedGrams.adding(lot.usedGrams)
            guard gone <= lot.grams else {
                throw ContractError(125, "\(gone) g would be taken of the lot \(name), which weighs \(lot.grams) g")
            }
            context.set(Self.harvestLots, name, lot)
            used = try used.adding(grams)
            lineage.formUnion(lot.lineage)
            lineage.insert(name)
        }
        guard lineage.count <= Self.maximumLineage else {
            throw ContractError(
                141, "a mix has at most \(Self.maximumLineage) lots behind it, this has \(lineage.count)")
        }
        var weight: UInt64 = 0
        for (name, grams) in made {
            guard try context.get(Self.harvestLots, name) == nil else { throw .exists("the lot \(name)") }
            weight = try weight.adding(grams)
            var lot = HarvestLot(
                owner: context.sender.id, plot: nil, seedLot: nil, harvestedAt: performedAt, grams: grams)
            lot.product = product
            lot.lineage = lineage.sorted()
            context.set(Self.harvestLots, name, lot)
        }
        guard weight <= used else {
            throw ContractError(125, "\(weight) g would come out of \(used) g")
        }
    }

    /// Lots with their grams, `[{lot, grams}, …]`, each lot once.
    private static func amounts(
        _ arguments: inout Arguments, _ name: String
    ) throws(ContractError) -> [(lot: String, grams: UInt64)] {
        let items = try arguments.array(name, maximum: maximumMixed)
        var amounts: [(lot: String, grams: UInt64)] = []
        for item in items {
            guard let map = item.map else { throw .invalid(name, "a list of maps with lot and grams") }
            var entry = Arguments(map)
            let lot = try identifier(&entry, "lot")
            let grams = try entry.unsigned("grams", in: 1...1_000_000_000_000)
            try entry.finish()
            amounts.append((lot, grams))
        }
        guard !amounts.isEmpty, Set(amounts.map(\.lot)).count == amounts.count else {
            throw .invalid(name, "at least one lot, each once")
        }
        return amounts
    }

    /// Why nothing of a lot may be traded: a recall or a failed test, its own or of a lot that went into it.
    static func stop(
        of lot: HarvestLot, _ code: String, _ context: ContractContext
    ) throws(ContractError) -> ContractError? {
        if let reason = lot.recall { return ContractError(122, "\(code) is recalled: \(reason)") }
        if let report = lot.failedTest { return ContractError(123, "\(code) is on hold: test \(report) failed") }
        for name in lot.lineage {
            let ancestor = try context.require(harvestLots, name, "the lot")
            if let reason = ancestor.recall {
                return ContractError(122, "\(code) is recalled with the lot \(name) in it: \(reason)")
            }
            if let report = ancestor.failedTest {
                return ContractError(123, "\(code) is on hold: test \(report) of the lot \(name) in it failed")
            }
        }
        return nil
    }
}
