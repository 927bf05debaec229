import ContractKit

/// An alarm of a pond, until somebody says that they look after it; `fish/alarms/<pond>/<id>`.
public struct AlarmRecord: StateValue, Hashable {
    public var words: String
    /// Ledger time, ms.
    public var raisedAt: UInt64
    public var acknowledgedBy: String?
    public var acknowledgedAt: UInt64?
    /// The neighbour who was told because nobody answered.
    public var escalatedTo: String?
    public var escalatedAt: UInt64?

    init(words: String, raisedAt: UInt64) {
        self.words = words
        self.raisedAt = raisedAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an alarm")
        self.init(words: try fields.text("words"), raisedAt: try fields.number("raisedAt"))
        acknowledgedBy = fields.optionalText("acknowledgedBy")
        acknowledgedAt = fields.optionalNumber("acknowledgedAt")
        escalatedTo = fields.optionalText("escalatedTo")
        escalatedAt = fields.optionalNumber("escalatedAt")
    }

    public var cbor: Value {
        [
            "words": .text(words), "raisedAt": .unsigned(raisedAt), "acknowledgedBy": .optional(acknowledgedBy),
            "acknowledgedAt": .optional(acknowledgedAt), "escalatedTo": .optional(escalatedTo),
            "escalatedAt": .optional(escalatedAt),
        ]
    }
}

/// Who is told when a farmer does not answer; `fish/neighbours/<farmer>`.
public struct NeighbourRecord: StateValue, Hashable {
    /// A farmer who does not say another time is waited for so long, ms.
    public static let patience: UInt64 = 5 * 60_000
    public static let longest: UInt64 = 3_600_000

    public var participant: String
    /// ms after which the neighbour is told.
    public var after: UInt64

    init(participant: String, after: UInt64) {
        self.participant = participant
        self.after = after
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a neighbour")
        self.init(participant: try fields.text("participant"), after: try fields.number("after"))
    }

    public var cbor: Value { ["participant": .text(participant), "after": .unsigned(after)] }
}

/// Alarms wake people, and go on to a neighbour when nobody answers (TR 6.2.11).
extension FishFarmingContract {
    func nameNeighbour(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let neighbour = try arguments.text("participant", maximum: 100)
        let after = try arguments.optionalUnsigned("after") ?? NeighbourRecord.patience
        try arguments.finish()
        _ = try ownFarm(context)
        try context.requireEntry(MembershipContract.participants, neighbour, "the neighbour")
        guard neighbour != context.sender.id else { throw .invalid("participant", "somebody else") }
        guard (1...NeighbourRecord.longest).contains(after) else { throw .invalid("after", "an hour at most, in ms") }
        context.set(Self.neighbours, context.sender.id, NeighbourRecord(participant: neighbour, after: after))
    }

    func raiseAlarm(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        let alarm = try Self.identifier(&arguments, "alarm")
        let words = try arguments.text("words", maximum: 150)
        try arguments.finish()
        let pond = try context.require(Self.ponds, id, "the pond")
        guard pond.gateway == context.sender.id else { throw .notAuthorised("the pond's gateway is \(pond.gateway)") }
        _ = try farm(of: pond.owner, collecting: .operations, context)
        let key = "\(id)/\(alarm)"
        guard try context.get(Self.alarms, key) == nil else { throw .exists("the alarm \(alarm)") }
        context.set(Self.alarms, key, AlarmRecord(words: words, raisedAt: context.time))
        if let neighbour = try context.get(Self.neighbours, pond.owner) {
            context.schedule("alarm \(key)", at: try context.time.adding(neighbour.after))
        }
        try context.emit("alarm", subject: pond.owner, [("pond", .text(id)), ("alarm", .text(alarm))])
    }

    /// The farmer, or the neighbour once told, looks after it.
    func acknowledge(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        let key = "\(id)/\(try arguments.text("alarm", maximum: 60))"
        try arguments.finish()
        let pond = try context.require(Self.ponds, id, "the pond")
        var alarm = try context.require(Self.alarms, key, "the alarm")
        guard [pond.owner, alarm.escalatedTo].contains(context.sender.id) else {
            throw .notAuthorised("the alarm is for \(pond.owner)")
        }
        guard alarm.acknowledgedBy == nil else { throw Refusal.stage }
        alarm.acknowledgedBy = context.sender.id
        alarm.acknowledgedAt = context.time
        context.set(Self.alarms, key, alarm)
        try context.emit("acknowledged", subject: pond.owner, [("pond", .text(id))])
    }

    /// Nobody answered in time.
    func escalate(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard var alarm = try context.get(Self.alarms, key), alarm.acknowledgedBy == nil,
            let pond = try context.get(Self.ponds, String(key.prefix { $0 != "/" })),
            let neighbour = try context.get(Self.neighbours, pond.owner)
        else { return }
        alarm.escalatedTo = neighbour.participant
        alarm.escalatedAt = context.time
        context.set(Self.alarms, key, alarm)
        try context.emit("escalated", subject: neighbour.participant, [("alarm", .text(key))])
    }
}
