import ContractKit

/// A case that people work on because a farmer objects to a decision; `fish/objections/<loan or cover>/<farmer>/<id>`.
public struct ObjectionRecord: StateValue, Hashable {
    public enum Stage: String, Sendable { case open, upheld, revised }

    public var institution: String
    public var why: String
    /// Ledger time, ms: when it was opened, and until when it has to be answered.
    public var openedAt: UInt64
    public var due: UInt64
    public var stage = Stage.open
    /// Nobody had answered when it was due.
    public var isLate = false
    /// Whose key answered, why, and when.
    public var answeredBy: String?
    public var reason: String?
    public var answeredAt: UInt64?

    /// Answered so that another objection to a new decision may follow.
    public var isFinal: Bool { stage == .revised }

    init(institution: String, why: String, openedAt: UInt64, due: UInt64) {
        self.institution = institution
        self.why = why
        self.openedAt = openedAt
        self.due = due
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an objection")
        self.init(
            institution: try fields.text("institution"), why: try fields.text("why"),
            openedAt: try fields.number("openedAt"), due: try fields.number("due"))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of an objection") }
        self.stage = stage
        isLate = try fields.flag("isLate")
        answeredBy = fields.optionalText("answeredBy")
        reason = fields.optionalText("reason")
        answeredAt = fields.optionalNumber("answeredAt")
    }

    public var cbor: Value {
        [
            "institution": .text(institution), "why": .text(why), "openedAt": .unsigned(openedAt),
            "due": .unsigned(due), "stage": .text(stage.rawValue), "isLate": .bool(isLate),
            "answeredBy": .optional(answeredBy), "reason": .optional(reason), "answeredAt": .optional(answeredAt),
        ]
    }
}

/// A farmer objects; a person of the institution answers with a reason, upholds the decision or revises it, in time
/// (TR 6.2.12 2).
extension FishFarmingContract {
    /// How long an institution has to answer, ms.
    public static let answerTerm: UInt64 = 7 * day

    func object(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let isCover = try arguments.optionalText("kind", maximum: 10) == "cover"
        let about = "\(context.sender.id)/\(try arguments.text("id", maximum: 60))"
        let why = try arguments.text("why", maximum: 300)
        try arguments.finish()
        let institution =
            isCover ? try objectionable(cover: about, context) : try objectionable(loan: about, context)
        let key = "\(isCover ? "cover" : "loan")/\(about)"
        if let earlier = try context.get(Self.objections, key) {
            // One objection to one decision: what was upheld stays so, what was revised is another decision.
            guard earlier.stage == .revised else { throw .exists("an objection to \(about)") }
        }
        let due = try context.time.adding(Self.answerTerm)
        context.set(
            Self.objections, key,
            ObjectionRecord(institution: institution, why: why, openedAt: context.time, due: due))
        context.schedule("objection \(key)", at: due)
        try context.emit("objected", subject: about, [("institution", .text(institution)), ("due", .unsigned(due))])
    }

    private func objectionable(loan key: String, _ context: ContractContext) throws(ContractError) -> String {
        let loan = try context.require(Self.loans, key, "the loan")
        guard [.offered, .refused].contains(loan.stage) else { throw Refusal.stage }
        return loan.institution
    }

    private func objectionable(cover key: String, _ context: ContractContext) throws(ContractError) -> String {
        let cover = try context.require(Self.covers, key, "the cover")
        let isDeclined = try context.get(Self.claims, key)?.stage == .declined
        guard [.refused, .excluded].contains(cover.stage) || isDeclined else { throw Refusal.stage }
        return cover.insurer
    }

    /// Nobody answered in time: both sides are told, and it stays open.
    func objectionDue(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard var objection = try context.get(Self.objections, key), objection.stage == .open else { return }
        objection.isLate = true
        context.set(Self.objections, key, objection)
        try context.emit("objectionLate", subject: key, [("institution", .text(objection.institution))])
    }

    /// What the parties of a case say to one another, sealed for each of them.
    func say(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("case", maximum: 200)
        let objection = try context.require(Self.objections, key, "the objection")
        let parties = [Self.farmer(of: Self.decision(of: key)), objection.institution]
        guard parties.contains(context.sender.id) else {
            throw .notAuthorised("the case is of its farmer and its institution")
        }
        try SealedWords.take(&arguments, readers: parties)
        try arguments.finish()
        try context.emit("said", subject: key, [("from", .text(context.sender.id))])
    }

    /// `farmer/id` of `loan/farmer/id`.
    public static func decision(of key: String) -> String { String(key.drop { $0 != "/" }.dropFirst()) }

    func answerObjection(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("case", maximum: 200)
        let isRevised = try arguments.bool("revised")
        let reason = try arguments.text("reason", maximum: 300)
        let amount = try arguments.optionalUnsigned("amount")
        try arguments.finish()
        var objection = try context.require(Self.objections, key, "the objection")
        guard objection.institution == context.sender.id else {
            throw .notAuthorised("\(objection.institution) answers it")
        }
        guard objection.stage == .open else { throw Refusal.stage }
        objection.stage = isRevised ? .revised : .upheld
        objection.reason = reason
        objection.answeredBy = context.sender.signer
        objection.answeredAt = context.time
        context.cancel("objection \(key)", at: objection.due)
        context.set(Self.objections, key, objection)
        let about = Self.decision(of: key)
        if isRevised {
            if key.hasPrefix("loan/") {
                guard let amount else { throw .missing("amount") }
                try revise(loan: about, to: amount, context)
            } else {
                try revise(cover: about, context)
            }
        }
        try context.emit(
            "objectionAnswered", subject: about,
            [("stage", .text(objection.stage.rawValue)), ("reason", .text(reason))])
    }

    /// A person lends what the model did not: to the same seller, on the same order, within the model's largest amount.
    private func revise(
        loan key: String, to amount: UInt64, _ context: ContractContext
    ) throws(ContractError) {
        var loan = try context.require(Self.loans, key, "the loan")
        let model = try context.require(Self.models, loan.model, "the model")
        guard (1...min(loan.asked, model.maximum)).contains(amount) else {
            throw .invalid("amount", "what was asked for, or less, and at most \(model.maximum)")
        }
        switch loan.stage {
        case .refused:
            var order = try context.require(Self.orders, loan.order, "the order")
            guard order.usedBy == nil else { throw Refusal.used }
            order.usedBy = key
            context.set(Self.orders, loan.order, order)
        case .offered:
            try WalletContract.settle(Self.hold(loan.institution, key, "loan"), paying: 0, in: context)
            if let decidedAt = loan.decidedAt {
                context.cancel("offer \(key)", at: try decidedAt.adding(Self.offerTerm))
            }
        default: throw Refusal.stage
        }
        _ = try requireConsent(Self.farmer(of: key), to: loan.institution, for: model, context)
        try offer(amount, key, &loan, context)
        context.set(Self.loans, key, loan)
    }

    /// A cover that the model refused is quoted; an index that an exclusion stopped is paid; a claim is looked at again.
    private func revise(cover key: String, _ context: ContractContext) throws(ContractError) {
        var cover = try context.require(Self.covers, key, "the cover")
        switch cover.stage {
        case .refused:
            let model = try context.require(Self.models, cover.model, "the model")
            _ = try requireConsent(Self.farmer(of: key), to: cover.insurer, for: model, context)
            try offer(key, &cover, model, lost: model.score(cover.features).lost, context)
        case .excluded:
            cover.isOverruled = true
            try payIndex(key, &cover, isReduced: false, context)
        default:
            var claim = try context.require(Self.claims, key, "the claim")
            guard claim.stage == .declined else { throw Refusal.stage }
            claim.stage = .waiting
            cover.isOverruled = true
            context.set(Self.claims, key, claim)
        }
        context.set(Self.covers, key, cover)
    }
}
