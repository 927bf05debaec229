import ContractKit

/// One passage of a lane, as the gateway decided it from one or two reads.
public struct Passage: StateValue, Hashable {
    public let device: String
    /// The device's clock, ms since 1970.
    public let time: UInt64
    /// Of the weakest character, thousandths.
    public let confidence: UInt64
    /// SHA-256 of the picture.
    public let image: Hash32
    /// Keyed hashes of the plate, and of the plate with look-alikes folded together.
    public let plate: Hash32
    public let shape: Hash32
    public let reads: UInt64

    public init(
        device: String, time: UInt64, confidence: UInt64, image: Hash32, plate: Hash32, shape: Hash32, reads: UInt64
    ) {
        self.device = device
        self.time = time
        self.confidence = confidence
        self.image = image
        self.plate = plate
        self.shape = shape
        self.reads = reads
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let device = map["device"]?.text, let time = map["time"]?.unsigned,
            let confidence = map["confidence"]?.unsigned, let image = map["image"]?.hash32,
            let plate = map["plate"]?.hash32, let shape = map["shape"]?.hash32, let reads = map["reads"]?.unsigned
        else { throw .corrupt("of a passage") }
        self.init(
            device: device, time: time, confidence: confidence, image: image, plate: plate, shape: shape, reads: reads)
    }

    public var cbor: Value {
        [
            "device": .text(device), "time": .unsigned(time), "confidence": .unsigned(confidence),
            "image": .hash(image), "plate": .hash(plate), "shape": .hash(shape), "reads": .unsigned(reads),
        ]
    }
}

/// One stay of one car; `parking/sessions/<lot>/<number>`.
public struct ParkingSession: StateValue, Hashable {
    public enum Stage: String, Sendable, CaseIterable {
        case open
        /// Left; the wallet is asked.
        case billed
        case paid
        /// The mandate did not cover it, or there is none: to be paid until ``due``.
        case claimed
        /// A person decides; nobody is charged meanwhile.
        case held
        /// Ended without charge.
        case closed
        case refunded
    }

    public let entry: Passage
    /// Who answers for the plate; nil for a visitor.
    public let driver: String?
    /// Fixed at the entry.
    public let tariff: UInt64
    /// When it has lasted too long, ms since 1970: without an exit it is reviewed then, and nothing later is billed.
    public let limit: UInt64
    public var stage: Stage
    public var exit: Passage?
    public var bill: Bill?
    public var paid: UInt64 = 0
    public var refunded: UInt64 = 0
    /// ms since 1970.
    public var due: UInt64?
    /// Why it is held, claimed or closed.
    public var reason: String?
    /// The transaction that paid it.
    public var payment: Hash32?
    /// Who paid: the wallet.
    public var payer: String?

    public init(entry: Passage, driver: String?, tariff: UInt64, limit: UInt64, stage: Stage) {
        self.entry = entry
        self.driver = driver
        self.tariff = tariff
        self.limit = limit
        self.stage = stage
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let entry = map["entry"], let tariff = map["tariff"]?.unsigned,
            let limit = map["limit"]?.unsigned,
            let stage = map["stage"]?.text.flatMap(Stage.init(rawValue:)), let paid = map["paid"]?.unsigned,
            let refunded = map["refunded"]?.unsigned
        else { throw .corrupt("of a session") }
        self.init(
            entry: try Passage(cbor: entry), driver: map["driver"]?.text, tariff: tariff, limit: limit, stage: stage)
        if let exit = map["exit"], !exit.isNull { self.exit = try Passage(cbor: exit) }
        if let bill = map["bill"], !bill.isNull { self.bill = try Bill(cbor: bill) }
        (self.paid, self.refunded) = (paid, refunded)
        due = map["due"]?.unsigned
        reason = map["reason"]?.text
        payment = map["payment"]?.hash32
        payer = map["payer"]?.text
    }

    public var cbor: Value {
        [
            "entry": entry.cbor, "driver": .optional(driver), "tariff": .unsigned(tariff), "limit": .unsigned(limit),
            "stage": .text(stage.rawValue), "exit": exit?.cbor ?? .null, "bill": bill?.cbor ?? .null,
            "paid": .unsigned(paid), "refunded": .unsigned(refunded), "due": .optional(due),
            "reason": .optional(reason), "payment": payment.map { .hash($0) } ?? .null, "payer": .optional(payer),
        ]
    }
}

/// Something that a person decides; `parking/reviews/<lot>/<number>`.
public struct Review: StateValue, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case weak, similar, unread, twoPlaces, noExit, noEntry, ownership, dispute
    }

    public let kind: Kind
    /// Evidence; nil for a question of ownership.
    public let passage: Passage?
    /// Plates that it can be.
    public let candidates: [Hash32]
    public let session: String?
    public let openedBy: String
    public let reason: String
    public let opened: UInt64
    public var decision: String?
    public var decidedBy: String?

    public init(
        kind: Kind, passage: Passage?, candidates: [Hash32], session: String?, openedBy: String, reason: String,
        opened: UInt64
    ) {
        self.kind = kind
        self.passage = passage
        self.candidates = candidates
        self.session = session
        self.openedBy = openedBy
        self.reason = reason
        self.opened = opened
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let kind = map["kind"]?.text.flatMap(Kind.init(rawValue:)),
            let candidates = map["candidates"]?.array, let openedBy = map["openedBy"]?.text,
            let reason = map["reason"]?.text, let opened = map["opened"]?.unsigned
        else { throw .corrupt("of a review") }
        var passage: Passage?
        if let given = map["passage"], !given.isNull { passage = try Passage(cbor: given) }
        self.init(
            kind: kind, passage: passage, candidates: candidates.compactMap(\.hash32), session: map["session"]?.text,
            openedBy: openedBy, reason: reason, opened: opened)
        decision = map["decision"]?.text
        decidedBy = map["decidedBy"]?.text
    }

    public var cbor: Value {
        [
            "kind": .text(kind.rawValue), "passage": passage?.cbor ?? .null,
            "candidates": .array(candidates.map { .hash($0) }), "session": .optional(session),
            "openedBy": .text(openedBy), "reason": .text(reason), "opened": .unsigned(opened),
            "decision": .optional(decision), "decidedBy": .optional(decidedBy),
        ]
    }
}
