import ContractKit

/// Where boxes stand and where sensors hang (TR 6.1.12 1): a box's temperature is that of the rooms it was in, while it was in them.
extension TracingContract {
    /// A device's owner states in which room it measures from now on.
    func placeDevice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 100)
        let room = try Self.identifier(&arguments, "room")
        let since = try arguments.unsigned("since")
        try arguments.finish()
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.owner == context.sender.id else {
            throw .notAuthorised("\(device) belongs to \(record.owner)")
        }
        guard Self.isPast(since, context) else { throw .invalid("since", "a time that has passed") }
        let earlier = try context.get(Self.placements, device)
        guard earlier.map({ $0.since < since }) ?? true else {
            throw .invalid("since", "later than the placement that it ends")
        }
        context.set(Self.placements, device, Placement(room: room, since: since))
    }

    /// A holder puts boxes into a room; they leave it for the next room, with a transport, or when they are sold.
    func store(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        _ = try Self.identifier(&arguments, "room")
        let storedAt = try arguments.unsigned("storedAt")
        try arguments.finish()
        guard !codes.isEmpty, Set(codes).count == codes.count else {
            throw .invalid("boxes", "at least one product code, each once")
        }
        guard Self.isPast(storedAt, context) else { throw .invalid("storedAt", "a time that has passed") }
        for code in codes {
            let path = try ProductCode(path: code).path
            let box = try Self.liveBox(path, context)
            try Self.requireHolder(box, path, context)
            guard box.stage != .inTransit else { throw wrongStage(box, path, "stored") }
        }
    }
}

/// Where a device measures; key: the device.
public struct Placement: StateValue, Hashable {
    public var room: String
    /// ms since 1970.
    public var since: UInt64

    init(room: String, since: UInt64) {
        self.room = room
        self.since = since
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a placement")
        self.init(room: try fields.text("room"), since: try fields.number("since"))
    }

    public var cbor: Value { ["room": .text(room), "since": .unsigned(since)] }
}
