import ContractKit

/// Insurance of a pond's fish against lack of oxygen; `fish/covers/<farmer>/<id>`.
///
/// The index is the oxygen that the gateway reports: below ``trigger`` for ``minutes`` pays ``indexSum`` by contract.
/// The rest of the sum stays set aside for a loss that an audit shows and the index does not.
public struct CoverRecord: StateValue, Hashable {
    public enum Stage: String, Sendable { case asked, quoted, live, refused, excluded, paid, ended }

    /// Hundredths of mg/L.
    public static let trigger: UInt64 = 200
    public static let minutes: UInt64 = 60
    /// Per mille of the sum that the index pays; an audit may pay the rest.
    public static let indexShare: UInt64 = 600
    /// Per mille that is left where somebody had switched aeration off by hand in an alarm.
    public static let hazardShare: UInt64 = 500

    public var insurer: String
    public var model: String
    public var pond: String
    public var batch: String
    public var sum: UInt64
    public var features: Features
    public var grade: DataGrade
    public var stage: Stage
    public var score: UInt64 = 0
    public var reasons: [String] = []
    /// Minor units: basic premium, and what the lost points add.
    public var basic: UInt64 = 0
    public var loading: UInt64 = 0
    public var until: UInt64 = 0
    /// Time below the trigger without a fit report above it between, and time without fit reports meanwhile, ms.
    public var lowTime: UInt64 = 0
    public var gapTime: UInt64 = 0
    public var paid: UInt64 = 0
    /// What an audit paid.
    public var auditPaid: UInt64 = 0
    /// Ledger time at which it came into force, ms.
    public var boundAt: UInt64 = 0
    /// The exclusion by which the index was decided, in words; and whether a person of the insurer decided otherwise.
    public var exclusion: String?
    public var isOverruled = false

    public var indexSum: UInt64 { sum / 1000 * Self.indexShare }

    init(insurer: String, model: String, pond: String, batch: String, sum: UInt64, features: Features, grade: DataGrade)
    {
        self.grade = grade
        self.insurer = insurer
        self.model = model
        self.pond = pond
        self.batch = batch
        self.sum = sum
        self.features = features
        stage = .asked
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a cover")
        self.init(
            insurer: try fields.text("insurer"), model: try fields.text("model"), pond: try fields.text("pond"),
            batch: try fields.text("batch"), sum: try fields.number("sum"),
            features: try Features(cbor: fields.value("features")), grade: try DataGrade(cbor: fields.value("grade")))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of a cover") }
        self.stage = stage
        score = try fields.number("score")
        reasons = try fields.texts("reasons")
        basic = try fields.number("basic")
        loading = try fields.number("loading")
        until = try fields.number("until")
        lowTime = try fields.number("lowTime")
        gapTime = try fields.number("gapTime")
        paid = try fields.number("paid")
        auditPaid = try fields.number("auditPaid")
        boundAt = try fields.number("boundAt")
        exclusion = fields.optionalText("exclusion")
        isOverruled = try fields.flag("isOverruled")
    }

    public var cbor: Value {
        [
            "insurer": .text(insurer), "model": .text(model), "pond": .text(pond), "batch": .text(batch),
            "sum": .unsigned(sum), "features": features.cbor, "grade": grade.cbor, "stage": .text(stage.rawValue),
            "score": .unsigned(score), "reasons": .texts(reasons), "basic": .unsigned(basic),
            "loading": .unsigned(loading), "until": .unsigned(until), "lowTime": .unsigned(lowTime),
            "gapTime": .unsigned(gapTime), "paid": .unsigned(paid), "auditPaid": .unsigned(auditPaid),
            "boundAt": .unsigned(boundAt), "exclusion": .optional(exclusion), "isOverruled": .bool(isOverruled),
        ]
    }
}

/// What a farmer lets an institution see; `fish/shares/<farmer>/<institution>`.
public struct ShareRecord: StateValue, Hashable {
    public var classes: [String]
    /// Ledger time, ms.
    public var until: UInt64
    public var endedAt: UInt64?

    init(classes: [String], until: UInt64) {
        self.classes = classes
        self.until = until
    }

    public func isLive(at time: UInt64) -> Bool { endedAt == nil && time < until }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a consent")
        classes = try fields.texts("classes")
        until = try fields.number("until")
        endedAt = fields.optionalNumber("endedAt")
    }

    public var cbor: Value {
        ["classes": .texts(classes), "until": .unsigned(until), "endedAt": .optional(endedAt)]
    }
}

/// What was suggested for a night, what the farmer chose, and what came of it; `fish/choices/<pond>/<id>`.
public struct ChoiceRecord: StateValue, Hashable {
    public var suggestion: String
    /// Oxygen expected at dawn and half the width of its band, hundredths of mg/L.
    public var expected: UInt64
    public var band: UInt64
    public var choice: String
    public var chosenAt: UInt64
    /// Lowest oxygen of the twelve hours after, hundredths of mg/L; nil before the first report.
    public var lowest: UInt64?

    init(suggestion: String, expected: UInt64, band: UInt64, choice: String, chosenAt: UInt64) {
        self.suggestion = suggestion
        self.expected = expected
        self.band = band
        self.choice = choice
        self.chosenAt = chosenAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a choice")
        self.init(
            suggestion: try fields.text("suggestion"), expected: try fields.number("expected"),
            band: try fields.number("band"), choice: try fields.text("choice"),
            chosenAt: try fields.number("chosenAt"))
        lowest = fields.optionalNumber("lowest")
    }

    public var cbor: Value {
        [
            "suggestion": .text(suggestion), "expected": .unsigned(expected), "band": .unsigned(band),
            "choice": .text(choice), "chosenAt": .unsigned(chosenAt), "lowest": .optional(lowest),
        ]
    }
}

/// What happened in a pond and what its gateway did; `fish/incidents/<pond>/<id>`, written once, when it is over.
public struct IncidentRecord: StateValue, Hashable {
    public var cause: String
    /// Oxygen at the start and the lowest, hundredths of mg/L.
    public var reading: UInt64
    public var lowest: UInt64
    public var command: String
    public var answer: String
    /// Gateway's clock, ms: reading seen, command answered, oxygen back, end.
    public var startedAt: UInt64
    public var answeredAt: UInt64?
    public var recoveredAt: UInt64?
    public var endedAt: UInt64
    public var hasWorked: Bool
    public var isByHand: Bool

    init(_ arguments: inout Arguments) throws(ContractError) {
        cause = try arguments.text("cause", maximum: 60)
        reading = try arguments.unsigned("reading", in: 0...5000)
        lowest = try arguments.unsigned("lowest", in: 0...5000)
        command = try arguments.text("command", maximum: 200)
        answer = try arguments.text("answer", maximum: 200)
        startedAt = try arguments.unsigned("startedAt")
        answeredAt = try arguments.optionalUnsigned("answeredAt")
        recoveredAt = try arguments.optionalUnsigned("recoveredAt")
        endedAt = try arguments.unsigned("endedAt")
        hasWorked = try arguments.bool("hasWorked")
        isByHand = try arguments.bool("isByHand")
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map else { throw .corrupt("of an incident") }
        var arguments = Arguments(map)
        try self.init(&arguments)
    }

    public var cbor: Value {
        [
            "cause": .text(cause), "reading": .unsigned(reading), "lowest": .unsigned(lowest),
            "command": .text(command), "answer": .text(answer), "startedAt": .unsigned(startedAt),
            "answeredAt": .optional(answeredAt), "recoveredAt": .optional(recoveredAt),
            "endedAt": .unsigned(endedAt), "hasWorked": .bool(hasWorked), "isByHand": .bool(isByHand),
        ]
    }
}
