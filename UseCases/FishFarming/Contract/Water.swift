import ContractKit

/// What a gateway reports of a pond (steps 2 and 4 of table 7), and what a farmer chose for a night (step 6).
extension FishFarmingContract {
    /// Longest time that one report covers, ms.
    static let longestReport: UInt64 = 6 * 3_600_000
    /// How long the outcome of a choice is followed, ms.
    static let outcomeTime: UInt64 = 12 * 3_600_000

    struct WaterReport {
        let from: UInt64
        let to: UInt64
        let low: UInt64
        let mean: UInt64
        let high: UInt64
        let samples: UInt64
        let fit: UInt64

        /// At least half of the readings are fit for contracts.
        var isValid: Bool { fit > 0 && fit * 2 >= samples }

        init(_ arguments: inout Arguments) throws(ContractError) {
            from = try arguments.unsigned("from", in: 1...UInt64(1) << 50)
            to = try arguments.unsigned("to", in: 1...UInt64(1) << 50)
            low = try arguments.unsigned("low", in: 0...5000)
            mean = try arguments.unsigned("mean", in: 0...5000)
            high = try arguments.unsigned("high", in: 0...5000)
            samples = try arguments.unsigned("samples", in: 1...1_000_000)
            fit = try arguments.unsigned("fit", in: 0...1_000_000)
            guard from < to, to - from <= FishFarmingContract.longestReport, low <= mean, mean <= high, fit <= samples
            else { throw .invalid("from", "before to by at most six hours, with low, mean and high in order") }
        }
    }

    /// Oxygen of a stretch of time, aggregated by the gateway from signed readings that are on the ledger too.
    func reportWater(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        let report = try WaterReport(&arguments)
        try arguments.finish()
        var pond = try context.require(Self.ponds, id, "the pond")
        guard pond.gateway == context.sender.id else { throw .notAuthorised("the pond's gateway is \(pond.gateway)") }
        var farm = try farm(of: pond.owner, collecting: .water, context)
        let latest = try context.time.adding(Self.day)
        guard report.from >= pond.lastAt, report.to <= latest else { throw Refusal.sequence }
        let length = report.to - report.from
        if farm.firstAt == 0 || report.from < farm.firstAt { farm.firstAt = report.from }
        farm.covered = try farm.covered.adding(length)
        if report.isValid {
            farm.fit = try farm.fit.adding(length)
            if report.mean < pond.alarm { farm.low = try farm.low.adding(length) }
        }
        farm.byDevice = try farm.byDevice.adding(1)
        try follow(&pond, report, context)
        for key in pond.covers { try judge(key, &pond, report, context) }
        pond.lastAt = report.to
        if report.isValid { pond.oxygen = report.mean }
        context.set(Self.ponds, id, pond)
        context.set(Self.farms, pond.owner, farm)
    }

    /// The outcome of the farmer's choice.
    private func follow(
        _ pond: inout PondRecord, _ report: WaterReport, _ context: ContractContext
    ) throws(ContractError) {
        guard let key = pond.choice, var choice = try context.get(Self.choices, key) else { return }
        let ends = try choice.chosenAt.adding(Self.outcomeTime)
        guard report.from <= ends else {
            pond.choice = nil
            return
        }
        guard report.isValid, report.to >= choice.chosenAt else { return }
        choice.lowest = min(choice.lowest ?? report.low, report.low)
        context.set(Self.choices, key, choice)
    }

    /// The index of a cover. A stretch without fit reports counts neither as a loss nor as none: it is added up apart.
    private func judge(
        _ key: String, _ pond: inout PondRecord, _ report: WaterReport, _ context: ContractContext
    ) throws(ContractError) {
        var cover = try context.require(Self.covers, key, "the cover")
        guard cover.stage == .live, context.time < cover.until else { return }
        let length = report.to - report.from
        if pond.lastAt > 0, report.from > pond.lastAt, cover.lowTime > 0 {
            cover.gapTime = try cover.gapTime.adding(report.from - pond.lastAt)
        }
        if !report.isValid {
            cover.gapTime = try cover.gapTime.adding(length)
        } else if report.high < CoverRecord.trigger {
            cover.lowTime = try cover.lowTime.adding(length)
        } else {
            cover.lowTime = 0
            cover.gapTime = 0
        }
        if cover.lowTime >= CoverRecord.minutes * 60_000 {
            if let exclusion = try exclusion(of: key, cover, context) {
                cover.exclusion = exclusion.words
                cover.stage = .excluded
                try context.emit(
                    "indexExcluded", subject: key,
                    [("exclusion", .text(exclusion.kind.rawValue)), ("words", .text(exclusion.words))])
            } else {
                let hazardEnds = try pond.switchedOffAt.adding(Self.day)
                let isHazard = pond.switchedOffAt > 0 && context.time <= hazardEnds
                try payIndex(key, &cover, isReduced: isHazard, context)
            }
        }
        context.set(Self.covers, key, cover)
    }

    /// Pays what the index promises, or the part that is left of it.
    func payIndex(
        _ key: String, _ cover: inout CoverRecord, isReduced: Bool, _ context: ContractContext
    ) throws(ContractError) {
        let amount = isReduced ? cover.indexSum / 1000 * CoverRecord.hazardShare : cover.indexSum
        try WalletContract.settle(Self.hold(cover.insurer, key, "index"), paying: amount, in: context)
        cover.paid = amount
        cover.stage = .paid
        try context.emit(
            "indexPaid", subject: key,
            [("amount", .unsigned(amount)), ("pond", .text(cover.pond)), ("reduced", .bool(isReduced))])
    }

    /// One record of an incident, complete: cause, reading, command, answer, recovery, end.
    func reportIncident(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        let incident = try Self.identifier(&arguments, "incident")
        let record = try IncidentRecord(&arguments)
        try arguments.finish()
        var pond = try context.require(Self.ponds, id, "the pond")
        guard pond.gateway == context.sender.id else { throw .notAuthorised("the pond's gateway is \(pond.gateway)") }
        var farm = try farm(of: pond.owner, collecting: .operations, context)
        let key = "\(id)/\(incident)"
        guard try context.get(Self.incidents, key) == nil else { throw .exists("the incident \(incident)") }
        guard record.startedAt <= record.endedAt else { throw Refusal.sequence }
        farm.incidents = try farm.incidents.adding(1)
        if !record.hasWorked { farm.failed = try farm.failed.adding(1) }
        farm.byDevice = try farm.byDevice.adding(1)
        if record.isByHand && record.lowest < pond.alarm {
            pond.switchedOffAt = context.time
            context.set(Self.ponds, id, pond)
        }
        context.set(Self.incidents, key, record)
        context.set(Self.farms, pond.owner, farm)
        if !record.hasWorked {
            try context.emit("remedyFailed", subject: "pond:\(id)", [("incident", .text(incident))])
        }
    }

    func choose(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        let choice = try Self.identifier(&arguments, "id")
        let record = ChoiceRecord(
            suggestion: try arguments.text("suggestion", maximum: 300),
            expected: try arguments.unsigned("expected", in: 0...5000),
            band: try arguments.unsigned("band", in: 0...5000),
            choice: try arguments.text("choice", maximum: 60), chosenAt: context.time)
        try arguments.finish()
        var pond = try context.require(Self.ponds, id, "the pond")
        guard pond.owner == context.sender.id else { throw .notAuthorised("the pond belongs to \(pond.owner)") }
        let key = "\(id)/\(choice)"
        guard try context.get(Self.choices, key) == nil else { throw .exists("the choice \(choice)") }
        pond.choice = key
        context.set(Self.ponds, id, pond)
        context.set(Self.choices, key, record)
    }
}
