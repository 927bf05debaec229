import ContractKit

/// Goods of one kind in one place, as their owner declares them.
public struct Lot: StateValue, Hashable {
    public var owner: String
    public var site: String
    public var bay: String
    public var kind: String
    public var `class`: String
    public var specification: String
    /// Declared weight, grams.
    public var grams: UInt64
    public var count: UInt64
    /// What weight against volume must give for such goods, kg/m³.
    public var density: ClosedRange<UInt64>
    /// Serial numbers, seals and tags.
    public var tags: [String]
    public var isSealed: Bool
    /// A mark of it is on other goods: exactly, or in another spelling.
    public var flag: String?
    public var grade: String?
    public var inspectedBy: String?
    public var receipts: [String] = []
    public var alarms: UInt64 = 0
    public var openAlarms: UInt64 = 0
    /// Grams that left without leave.
    public var missing: UInt64 = 0
    /// Where it is going, between the signatures of who gives it and who takes it.
    public var handedTo: String?
    /// Sites that had it, with the time from which, ms: `<site>/<time>`.
    public var custody: [String]
    /// Until when a re-count is owed, ms.
    public var countDue: UInt64?

    init(
        owner: String, site: String, bay: String, kind: String, class: String, specification: String, grams: UInt64,
        count: UInt64, density: ClosedRange<UInt64>, tags: [String], isSealed: Bool, custody: [String]
    ) {
        self.owner = owner
        self.site = site
        self.bay = bay
        self.kind = kind
        self.class = `class`
        self.specification = specification
        self.grams = grams
        self.count = count
        self.density = density
        self.tags = tags
        self.isSealed = isSealed
        self.custody = custody
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a lot")
        let (least, most) = (try fields.number("densityLeast"), try fields.number("densityMost"))
        guard least <= most else { throw .corrupt("of a lot") }
        self.init(
            owner: try fields.text("owner"), site: try fields.text("site"), bay: try fields.text("bay"),
            kind: try fields.text("kind"), class: try fields.text("class"),
            specification: try fields.text("specification"), grams: try fields.number("grams"),
            count: try fields.number("count"), density: least...most, tags: try fields.texts("tags"),
            isSealed: try fields.flag("sealed"), custody: try fields.texts("custody"))
        flag = fields.optionalText("flag")
        grade = fields.optionalText("grade")
        inspectedBy = fields.optionalText("inspectedBy")
        receipts = try fields.texts("receipts")
        alarms = try fields.number("alarms")
        openAlarms = try fields.number("openAlarms")
        missing = try fields.number("missing")
        handedTo = fields.optionalText("handedTo")
        countDue = fields.optionalNumber("countDue")
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "site": .text(site), "bay": .text(bay), "kind": .text(kind),
            "class": .text(`class`), "specification": .text(specification), "grams": .unsigned(grams),
            "count": .unsigned(count), "densityLeast": .unsigned(density.lowerBound),
            "densityMost": .unsigned(density.upperBound), "tags": .texts(tags), "sealed": .bool(isSealed),
            "flag": .optional(flag), "grade": .optional(grade), "inspectedBy": .optional(inspectedBy),
            "receipts": .texts(receipts), "alarms": .unsigned(alarms), "openAlarms": .unsigned(openAlarms),
            "missing": .unsigned(missing), "handedTo": .optional(handedTo), "custody": .texts(custody),
            "countDue": .optional(countDue),
        ]
    }
}

/// Something about a lot that its owner and its bank must know; `chattel/alarms/<lot>/<number>`.
public struct Alarm: StateValue, Hashable {
    /// `unauthorisedMoveOut`, `blindSpot`, `sameIdentityTwice`, `custodyGap`, or what a truck reports: `route`, `shock`.
    public var kind: String
    public var site: String
    /// What was measured, and the limit; in the kind's unit.
    public var value: UInt64
    public var limit: UInt64
    /// When it was seen, ms since 1970.
    public var at: UInt64
    public var transaction: Hash32
    /// Why it is closed.
    public var closed: String?

    init(kind: String, site: String, value: UInt64, limit: UInt64, at: UInt64, transaction: Hash32) {
        self.kind = kind
        self.site = site
        self.value = value
        self.limit = limit
        self.at = at
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an alarm")
        self.init(
            kind: try fields.text("kind"), site: try fields.text("site"), value: try fields.number("value"),
            limit: try fields.number("limit"), at: try fields.number("at"),
            transaction: try fields.hash("transaction"))
        closed = fields.optionalText("closed")
    }

    public var cbor: Value {
        [
            "kind": .text(kind), "site": .text(site), "value": .unsigned(value), "limit": .unsigned(limit),
            "at": .unsigned(at), "transaction": .hash(transaction), "closed": .optional(closed),
        ]
    }
}
