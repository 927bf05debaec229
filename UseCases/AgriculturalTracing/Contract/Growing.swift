import ContractKit

/// Farm, plots, seed and work on the field (TR 6.1.2.2, 6.1.12).
extension TracingContract {
    private static let day: UInt64 = 86_400_000

    /// Days of the longest waiting period that a label may state.
    static let longestWaiting: UInt64 = 365

    static let fieldWork = ["sowing", "fertilising", "watering", "cultivating", "protecting"]

    func registerFarm(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let farm = try arguments.text("farm", maximum: 13)
        var record = Farm(
            owner: context.sender.id, name: try arguments.text("name", maximum: 100),
            region: try arguments.text("region", maximum: 100))
        record.market = try arguments.optionalText("market", maximum: 2)
        record.companyPrefix = try arguments.optionalText("companyPrefix", maximum: 12)
        try arguments.finish()
        try requireTerms(of: record.market, context)
        if let prefix = record.companyPrefix, prefix.utf8.count < 6 || !farm.hasPrefix(prefix) {
            throw .invalid("companyPrefix", "the first 6 to 12 digits of the GLN")
        }
        guard farm.utf8.count == 13, CheckDigit.isValid(farm) else {
            throw .invalid("farm", "a GLN of 13 digits with its check digit (AI 414)")
        }
        guard try context.get(Self.farms, farm) == nil else { throw .exists("the farm \(farm)") }
        context.set(Self.farms, farm, record)
    }

    func registerPlot(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let plot = try Self.identifier(&arguments, "plot")
        let record = Plot(
            farm: try arguments.text("farm"), crop: try arguments.text("crop", maximum: 100),
            squareMetres: try arguments.unsigned("squareMetres", in: 1...10_000_000_000), seedLot: nil)
        try arguments.finish()
        try requireFarmOwner(record.farm, context)
        guard try context.get(Self.plots, plot) == nil else { throw .exists("the plot \(plot)") }
        context.set(Self.plots, plot, record)
    }

    func registerSeedLot(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let lot = try Self.identifier(&arguments, "seedLot")
        let record = SeedLot(
            owner: context.sender.id, supplier: try arguments.text("supplier", maximum: 100),
            variety: try arguments.text("variety", maximum: 100),
            germinationPermille: try arguments.unsigned("germinationPermille", in: 0...1000))
        _ = try arguments.optionalText("treatment", maximum: 200)
        try arguments.finish()
        guard try context.get(Self.seedLots, lot) == nil else { throw .exists("the seed lot \(lot)") }
        context.set(Self.seedLots, lot, record)
    }

    /// One piece of work on a plot; sowing ties a seed lot to it.
    func recordOperation(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("plot")
        let kind = try arguments.text("kind", maximum: 20)
        let performedAt = try arguments.unsigned("performedAt")
        let seedLot = try arguments.optionalText("seedLot")
        _ = try arguments.optionalText("product", maximum: 100)
        _ = try arguments.optionalUnsigned("quantity")
        _ = try arguments.optionalText("unit", maximum: 3)
        // Days between this work and a harvest, as the product's label demands.
        let waitingDays = try arguments.optionalUnsigned("waitingDays")
        // Of a fertiliser, grams a hectare.
        let nitrogen = try arguments.optionalUnsigned("nitrogen")
        // SHA-256 of a picture that stays off the ledger.
        _ = try arguments.optionalHash("picture")
        try arguments.finish()
        guard Self.fieldWork.contains(kind) else {
            throw .invalid("kind", "one of sowing, fertilising, watering, cultivating, protecting")
        }
        var plot = try context.require(Self.plots, name, "the plot")
        try requireFarmOwner(plot.farm, context)
        guard Self.isPast(performedAt, context) else { throw ContractError(130, "work is recorded after it is done") }
        if let waitingDays {
            guard waitingDays <= Self.longestWaiting else {
                throw .invalid("waitingDays", "at most \(Self.longestWaiting) days")
            }
            plot.waitUntil = max(plot.waitUntil, try performedAt.adding(waitingDays * Self.day))
            context.set(Self.plots, name, plot)
        }
        if let nitrogen {
            guard kind == "fertilising", nitrogen <= 10_000_000 else {
                throw .invalid("nitrogen", "left out, except for fertilising: at most 10,000,000 g a hectare")
            }
            try fertilise(&plot, name, nitrogen: nitrogen, at: performedAt, context)
            context.set(Self.plots, name, plot)
        }
        guard kind == "sowing" else {
            guard seedLot == nil else { throw .invalid("seedLot", "left out, except for sowing") }
            return
        }
        guard let seedLot else { throw .missing("seedLot") }
        try context.requireEntry(Self.seedLots, seedLot, "the seed lot")
        plot.seedLot = seedLot
        context.set(Self.plots, name, plot)
    }

    func harvest(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let lot = try Self.identifier(&arguments, "lot")
        let name = try arguments.text("plot")
        let harvestedAt = try arguments.unsigned("harvestedAt")
        let grams = try arguments.unsigned("grams", in: 1...1_000_000_000_000)
        try arguments.finish()
        let plot = try context.require(Self.plots, name, "the plot")
        try requireFarmOwner(plot.farm, context)
        guard Self.isPast(harvestedAt, context) else {
            throw ContractError(130, "a harvest is recorded after it is done")
        }
        guard try context.get(Self.harvestLots, lot) == nil else { throw .exists("the harvest lot \(lot)") }
        var record = HarvestLot(
            owner: context.sender.id, plot: name, seedLot: plot.seedLot, harvestedAt: harvestedAt, grams: grams)
        if !Self.isPlausible(grams: grams, on: plot) {
            try context.emit(
                "implausibleYield", subject: "lot:\(lot)",
                [("grams", .unsigned(grams)), ("squareMetres", .unsigned(plot.squareMetres))])
        }
        if harvestedAt < plot.waitUntil {
            // A warning, not a refusal: what was cut is cut, and whoever buys it reads when it should have been.
            record.waitUntil = plot.waitUntil
            try context.emit("waitingPeriod", subject: "lot:\(lot)", [("until", .unsigned(plot.waitUntil))])
        }
        context.set(Self.harvestLots, lot, record)
    }

    /// A laboratory's report on a lot. A value over its limit puts every box of the lot on hold at once.
    func reportTest(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.laboratory)
        let report = try Self.identifier(&arguments, "report")
        let name = try arguments.text("lot")
        _ = try arguments.text("sample", maximum: 60)
        let analyte = try arguments.text("analyte", maximum: 100)
        let value = try arguments.unsigned("value")
        let limit = try arguments.unsigned("limit")
        _ = try arguments.unsigned("decimals", in: 0...9)
        _ = try arguments.text("unit", maximum: 10)
        _ = try arguments.text("method", maximum: 100)
        let document = try arguments.hash("document")
        try arguments.finish()
        var lot = try context.require(Self.harvestLots, name, "the harvest lot")
        guard try context.get(Self.reports, report) == nil else { throw .exists("the report \(report)") }
        // Bad news counts from anybody who may report; good news from an agency that is accredited for it.
        let isCovered = try isCovered(context.sender.id, analyte, context)
        context.set(Self.reports, report, TestReport(lot: name, isCovered: isCovered))
        if value > limit {
            lot.failedTest = report
            try context.emit("lotOnHold", subject: "lot:\(name)", [("report", .text(report))])
        } else if isCovered {
            lot.passedTests = try lot.passedTests.adding(1)
        } else {
            try context.emit(
                "notCovered", subject: "lot:\(name)", [("report", .text(report)), ("analyte", .text(analyte))])
        }
        context.set(Self.harvestLots, name, lot)
        try expect(document, of: "lot:\(name)", "Test report \(report)", context)
    }

    /// One action that marks every box of a lot, wherever it is.
    func recall(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("lot")
        let reason = try arguments.text("reason", maximum: 200)
        try arguments.finish()
        var lot = try context.require(Self.harvestLots, name, "the harvest lot")
        guard lot.owner == context.sender.id || context.sender.roles.contains(Role.laboratory) else {
            throw .notAuthorised("a lot is recalled by its grower or by a laboratory")
        }
        guard lot.recall == nil else { throw ContractError(131, "the lot \(name) is recalled already") }
        lot.recall = reason
        context.set(Self.harvestLots, name, lot)
        try context.emit(
            "recalled", subject: "lot:\(name)", [("reason", .text(reason)), ("boxes", .unsigned(lot.boxes))])
    }

    /// A holder of boxes of a recalled lot states that these, all it has, are off the shelf.
    func confirmRecall(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("lot")
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        try arguments.finish()
        let lot = try context.require(Self.harvestLots, name, "the harvest lot")
        guard lot.recall != nil else { throw ContractError(137, "the lot \(name) is not recalled") }
        guard !codes.isEmpty, Set(codes).count == codes.count else {
            throw .invalid("boxes", "at least one product code, each once")
        }
        for code in codes {
            let box = try Self.liveBox(try ProductCode(path: code).path, context)
            try Self.requireHolder(box, code, context)
            let own = try context.require(Self.harvestLots, box.harvestLot, "the lot")
            guard box.harvestLot == name || own.lineage.contains(name) else {
                throw ContractError(138, "\(code) is not of the lot \(name)")
            }
        }
        context.set(
            Self.recallAnswers, "\(name)/\(context.sender.id)",
            RecallAnswer(boxes: UInt64(codes.count), confirmedAt: context.time))
        try context.emit(
            "recallConfirmed", subject: "lot:\(name)",
            [("holder", .text(context.sender.id)), ("boxes", .unsigned(UInt64(codes.count)))])
    }

    func requireFarmOwner(_ farm: String, _ context: ContractContext) throws(ContractError) {
        let record = try context.require(Self.farms, farm, "the farm")
        guard record.owner == context.sender.id else {
            throw .notAuthorised("the farm \(farm) belongs to \(record.owner)")
        }
    }

    /// How far the clock of who records may be ahead of ledger time, ms: that is a median of the members' clocks, the latest a moment old.
    private static let clockTolerance: UInt64 = 60_000

    static func isPast(_ time: UInt64, _ context: ContractContext) -> Bool {
        time <= context.time || time - context.time <= clockTolerance
    }
}
