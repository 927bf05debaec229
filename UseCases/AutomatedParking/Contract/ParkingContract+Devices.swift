import ContractKit

/// What devices beside cameras say: a loop that a car stands on, a tag on a windscreen; and devices that need a hand.
extension ParkingContract {
    /// A car that nobody could read passed a loop. The barrier has let it through; a person finds out whose it was.
    func unread(
        _ arguments: inout Arguments, _ rules: ParkingRules, _ context: ContractContext
    ) throws(ContractError) {
        let passage = Passage(
            device: try arguments.text("device", maximum: 120), time: try arguments.unsigned("time", in: 1...1 << 50),
            confidence: 0, image: try arguments.hash("image"), plate: .zero, shape: .zero, reads: 1)
        try arguments.finish()
        let lane = try authorised(passage, rules, context)
        guard lane.kind == .loop else { throw Refusal.notAuthorised }
        var lot = try context.require(Self.lots, lane.lot, "the lot")
        let review = Review(
            kind: .unread, passage: passage, candidates: [], session: nil, openedBy: context.sender.id,
            reason: "a car passed the \(lane.direction.rawValue) and no plate was read", opened: context.time)
        try open(review, lane.lot, &lot, context)
        context.set(Self.lots, lane.lot, lot)
    }

    // MARK: Tags

    /// The account that answers for a plate says which tag its car has.
    func tag(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let tag = try arguments.hash("tag")
        let plate = try arguments.hash("plate")
        try arguments.finish()
        let record = try context.require(Self.plates, plate.hex, "the plate")
        guard record.owner == context.sender.id, record.stage == .active else {
            throw .notAuthorised("the plate is another account's, or was not checked yet")
        }
        if let known = try context.get(Self.tags, tag.hex), known != plate.hex { throw Refusal.tagTaken }
        context.set(Self.tags, tag.hex, plate.hex)
        try context.emit("tagged", subject: "plate:\(plate.hex)")
    }

    func endTag(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let tag = try arguments.hash("tag")
        try arguments.finish()
        let plate = try context.require(Self.tags, tag.hex, "the tag")
        // A plate that has ended leaves its tags to whoever had it; nobody else can have registered them.
        if let record = try context.get(Self.plates, plate), record.owner != context.sender.id {
            throw .notAuthorised("the tag is another account's")
        }
        context.remove(Self.tags, tag.hex)
        try context.emit("tagEnded", subject: "plate:\(plate)")
    }

    // MARK: Maintenance

    /// The gateway says that a device is no longer what it was.
    func maintenance(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 120)
        guard let kind = MaintenanceCall.Kind(rawValue: try arguments.text("kind", maximum: 20)) else {
            throw .invalid("kind", "confidence")
        }
        let call = MaintenanceCall(
            kind: kind, value: try arguments.unsigned("value", in: 0...1000),
            before: try arguments.unsigned("before", in: 0...1000), since: context.time)
        try arguments.finish()
        let lane = try lane(of: device, context)
        guard try context.get(Self.maintenance, device) == nil else { throw Refusal.called }
        context.set(Self.maintenance, device, call)
        try context.emit(
            "maintenance", subject: device, [("kind", .text(kind.rawValue)), ("lot", .text(lane.lot))])
    }

    /// Its operator has looked after it.
    func maintained(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 120)
        try arguments.finish()
        try context.requireEntry(Self.maintenance, device, "a call for the device")
        let lane = try context.require(Self.lanes, device, "the lane of")
        try requireOperator(try requireLot(lane.lot, context), context)
        context.remove(Self.maintenance, device)
        try context.emit("maintained", subject: device)
    }
}

/// A device that somebody has to look after; `parking/maintenance/<device>`.
public struct MaintenanceCall: StateValue, Hashable {
    public enum Kind: String, Sendable {
        /// A camera that reads less surely than it did: a dirty lens, a lamp that failed.
        case confidence
    }

    public let kind: Kind
    /// Median of the latest reads, and the best that it was; thousandths.
    public let value: UInt64
    public let before: UInt64
    /// ms since 1970.
    public let since: UInt64

    public init(kind: Kind, value: UInt64, before: UInt64, since: UInt64) {
        self.kind = kind
        self.value = value
        self.before = before
        self.since = since
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a maintenance call")
        guard let kind = Kind(rawValue: try fields.text("kind")) else { throw .corrupt("of a maintenance call") }
        self.init(
            kind: kind, value: try fields.number("value"), before: try fields.number("before"),
            since: try fields.number("since"))
    }

    public var cbor: Value {
        [
            "kind": .text(kind.rawValue), "value": .unsigned(value), "before": .unsigned(before),
            "since": .unsigned(since),
        ]
    }
}
