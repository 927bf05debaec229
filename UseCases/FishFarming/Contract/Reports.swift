import ContractKit

/// What a farmer stated, beside what another source says; `fish/reports/<batch>/<number>`.
///
/// A contradiction is for the farmer alone at first, who may correct the report; then it is for those who see the batch.
public struct ReportRecord: StateValue, Hashable {
    public enum Kind: String, Sendable { case fry, feed, deaths }
    public enum Verdict: String, Sendable { case confirmed, plausible, contradicted }

    /// How long a farmer has to correct a contradicted report before others see it, ms.
    public static let patience: UInt64 = 3 * 86_400_000
    /// Grams of feed in a day that a kilogram of fish can take: small fish eat much, so this is generous.
    static let largestRation: UInt64 = 80

    public let kind: Kind
    /// Fish, or grams of feed; what the other source says, nil for none.
    public var stated: UInt64
    public var found: UInt64?
    public var verdict: Verdict
    /// Ledger time, ms: of the report, and from when on others see it.
    public let at: UInt64
    public var shownAt: UInt64
    /// What the farmer had stated before the correction.
    public var before: UInt64?

    init(_ kind: Kind, stated: UInt64, found: UInt64? = nil, verdict: Verdict, at: UInt64) throws(ContractError) {
        self.kind = kind
        self.stated = stated
        self.found = found
        self.verdict = verdict
        self.at = at
        shownAt = verdict == .contradicted ? try at.adding(Self.patience) : at
    }

    /// Confirmed within the first difference, plausible within the second, per mille of what the other source says.
    static func judge(
        _ stated: UInt64, _ found: UInt64, _ near: UInt64, _ far: UInt64
    ) throws(ContractError) -> Verdict {
        let apart = try (stated > found ? stated - found : found - stated).multiplied(by: 1000)
        let share = apart / max(1, found)
        return share <= near ? .confirmed : share <= far ? .plausible : .contradicted
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a report")
        guard let kind = Kind(rawValue: try fields.text("kind")),
            let verdict = Verdict(rawValue: try fields.text("verdict"))
        else { throw .corrupt("of a report") }
        self.kind = kind
        self.verdict = verdict
        stated = try fields.number("stated")
        found = fields.optionalNumber("found")
        at = try fields.number("at")
        shownAt = try fields.number("shownAt")
        before = fields.optionalNumber("before")
    }

    public var cbor: Value {
        [
            "kind": .text(kind.rawValue), "stated": .unsigned(stated), "found": .optional(found),
            "verdict": .text(verdict.rawValue), "at": .unsigned(at), "shownAt": .unsigned(shownAt),
            "before": .optional(before),
        ]
    }
}

/// Reports of farmers are compared with what the platform knows (TR 6.2.10).
extension FishFarmingContract {
    public static func report(_ batch: String, _ number: UInt64) -> String {
        let digits = String(number)
        return "\(batch)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    /// Adds a report to a batch; the caller stores the batch.
    func add(
        _ report: ReportRecord, to id: String, _ batch: inout BatchRecord, _ context: ContractContext
    ) throws(ContractError) {
        context.set(Self.reports, Self.report(id, batch.reports), report)
        batch.reports = try batch.reports.adding(1)
        if report.verdict == .contradicted {
            try context.emit(
                "contradicted", subject: batch.owner, [("batch", .text(id)), ("kind", .text(report.kind.rawValue))])
        }
    }

    /// Fry that the farmer stated first, against what the supplier delivered.
    func compareFry(_ id: String, _ batch: BatchRecord, delivered: UInt64, _ context: ContractContext)
        throws(ContractError)
    {
        let key = Self.report(id, 0)
        guard var report = try context.get(Self.reports, key) else { return }
        report = try ReportRecord(
            .fry, stated: report.stated, found: delivered,
            verdict: ReportRecord.judge(report.stated, delivered, 20, 100), at: context.time)
        context.set(Self.reports, key, report)
        if report.verdict == .contradicted {
            try context.emit("contradicted", subject: batch.owner, [("batch", .text(id)), ("kind", "fry")])
        }
    }

    /// Feed by word, against what the pond's feeder counted since the last word; without a feeder's count against what such
    /// fish can eat in a day.
    func compareFeed(
        _ grams: UInt64, _ id: String, _ batch: inout BatchRecord, _ context: ContractContext
    ) throws(ContractError) {
        let counted = batch.counted - batch.countedBefore
        let verdict: ReportRecord.Verdict
        var found: UInt64?
        if counted > 0 {
            found = counted
            verdict = try ReportRecord.judge(grams, counted, 100, 300)
            batch.countedBefore = batch.counted
        } else {
            verdict = try Self.ration(grams, batch)
        }
        try add(
            ReportRecord(.feed, stated: grams, found: found, verdict: verdict, at: context.time), to: id, &batch,
            context)
    }

    /// Whether such fish can eat so much in a day; what was never weighed may.
    private static func ration(_ grams: UInt64, _ batch: BatchRecord) throws(ContractError) -> ReportRecord.Verdict {
        guard batch.meanGrams > 0 else { return .plausible }
        let biomass = try (batch.count - batch.dead).multiplied(by: batch.meanGrams)
        return try grams <= biomass.multiplied(by: ReportRecord.largestRation) / 1000 ? .plausible : .contradicted
    }

    /// Deaths that were told, against the fish that the harvest's weight shows.
    func compareDeaths(
        harvested grams: UInt64, _ id: String, _ batch: inout BatchRecord, _ context: ContractContext
    ) throws(ContractError) {
        guard batch.meanGrams > 0 else { return }
        let caught = min(batch.count, grams / batch.meanGrams)
        // Compared are the living, who are many: a few deaths more or less are no contradiction.
        let verdict = try ReportRecord.judge(batch.count - batch.dead, caught, 50, 150)
        try add(
            ReportRecord(
                .deaths, stated: batch.dead, found: batch.count - caught, verdict: verdict, at: context.time),
            to: id, &batch, context)
    }

    /// The farmer corrects a contradicted report before others see it; what it added up to follows.
    func correct(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, batch) = try ownBatch(&arguments, context)
        let key = Self.report(id, try arguments.unsigned("report", in: 0...999_999))
        let value = try arguments.unsigned("value", in: 1...100_000_000)
        try arguments.finish()
        var report = try context.require(Self.reports, key, "the report")
        guard report.verdict == .contradicted, report.before == nil, context.time < report.shownAt else {
            throw Refusal.stage
        }
        var farm = try farm(of: batch.owner, collecting: report.kind == .feed ? .feed : .fry, context)
        func replaced(_ sum: UInt64) throws(ContractError) -> UInt64 {
            try (sum - min(sum, report.stated)).adding(value)
        }
        switch report.kind {
        case .feed:
            batch.feed = try replaced(batch.feed)
            farm.feedStated = try replaced(farm.feedStated)
        case .fry:
            guard batch.dead <= value else { throw Refusal.fish }
            batch.count = value
            farm.stocked = try replaced(farm.stocked)
            farm.stockedConfirmed = try replaced(farm.stockedConfirmed)
        case .deaths:
            guard value <= batch.count else { throw Refusal.fish }
            batch.dead = value
            farm.dead = try replaced(farm.dead)
        }
        report.before = report.stated
        report.stated = value
        if let found = report.found {
            report.verdict =
                switch report.kind {
                case .fry: try ReportRecord.judge(value, found, 20, 100)
                case .feed: try ReportRecord.judge(value, found, 100, 300)
                case .deaths:
                    try ReportRecord.judge(batch.count - value, batch.count - min(batch.count, found), 50, 150)
                }
        } else {
            report.verdict = report.kind == .feed ? try Self.ration(value, batch) : .plausible
        }
        report.shownAt = context.time
        context.set(Self.reports, key, report)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
        try context.emit(
            "corrected", subject: batch.owner, [("batch", .text(id)), ("verdict", .text(report.verdict.rawValue))])
    }
}
