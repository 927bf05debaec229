import ContractKit

/// A farm; key: its Global Location Number (AI 414), 13 digits.
public struct Farm: StateValue, Hashable {
    public var owner: String
    public var name: String
    /// Shown to the public; the exact place is not.
    public var region: String
    /// ISO 3166-1 alpha-2 code of the market whose rules it signed.
    public var market: String?
    /// Digits that GS1 gave to it; what its radio tags begin with.
    public var companyPrefix: String?

    public init(owner: String, name: String, region: String) {
        self.owner = owner
        self.name = name
        self.region = region
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let name = map["name"]?.text,
            let region = map["region"]?.text
        else { throw .corrupt("of a farm") }
        self.init(owner: owner, name: name, region: region)
        market = map["market"]?.text
        companyPrefix = map["companyPrefix"]?.text
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "name": .text(name), "region": .text(region), "market": .optional(market),
            "companyPrefix": .optional(companyPrefix),
        ]
    }
}

/// A plot of a farm.
public struct Plot: StateValue, Hashable {
    public var farm: String
    public var crop: String
    public var squareMetres: UInt64
    /// The seed lot of the last sowing.
    public var seedLot: String?
    /// No harvest before this time, ms since 1970: the end of the longest waiting period of what was applied.
    public var waitUntil: UInt64 = 0
    /// Nitrogen of `nitrogenYear`, grams a hectare.
    public var nitrogen: UInt64 = 0
    public var nitrogenYear: UInt64 = 0
    /// Expected heights of the crop, mm, one for every ``TracingContract/growthStep`` days from sowing.
    public var expectedHeights: [UInt64] = []

    public init(farm: String, crop: String, squareMetres: UInt64, seedLot: String?) {
        self.farm = farm
        self.crop = crop
        self.squareMetres = squareMetres
        self.seedLot = seedLot
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let farm = map["farm"]?.text, let crop = map["crop"]?.text,
            let area = map["squareMetres"]?.unsigned
        else { throw .corrupt("of a plot") }
        self.init(farm: farm, crop: crop, squareMetres: area, seedLot: map["seedLot"]?.text)
        waitUntil = map["waitUntil"]?.unsigned ?? 0
        nitrogen = map["nitrogen"]?.unsigned ?? 0
        nitrogenYear = map["nitrogenYear"]?.unsigned ?? 0
        expectedHeights = (map["expectedHeights"]?.array ?? []).compactMap(\.unsigned)
    }

    public var cbor: Value {
        [
            "farm": .text(farm), "crop": .text(crop), "squareMetres": .unsigned(squareMetres),
            "seedLot": .optional(seedLot), "waitUntil": .unsigned(waitUntil), "nitrogen": .unsigned(nitrogen),
            "nitrogenYear": .unsigned(nitrogenYear),
            "expectedHeights": .array(expectedHeights.map { .unsigned($0) }),
        ]
    }
}

/// A lot of seed as bought.
public struct SeedLot: StateValue, Hashable {
    public var owner: String
    public var supplier: String
    public var variety: String
    public var germinationPermille: UInt64

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let supplier = map["supplier"]?.text,
            let variety = map["variety"]?.text, let germination = map["germinationPermille"]?.unsigned
        else { throw .corrupt("of a seed lot") }
        self.init(owner: owner, supplier: supplier, variety: variety, germinationPermille: germination)
    }

    public init(owner: String, supplier: String, variety: String, germinationPermille: UInt64) {
        self.owner = owner
        self.supplier = supplier
        self.variety = variety
        self.germinationPermille = germinationPermille
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "supplier": .text(supplier), "variety": .text(variety),
            "germinationPermille": .unsigned(germinationPermille),
        ]
    }
}

/// What was harvested at once from a plot, or came out of a mix of lots; boxes are packed from it.
public struct HarvestLot: StateValue, Hashable {
    public var owner: String
    /// nil for a mix.
    public var plot: String?
    public var seedLot: String?
    public var harvestedAt: UInt64
    public var grams: UInt64
    public var packedGrams: UInt64 = 0
    public var boxes: UInt64 = 0
    /// Reports of accredited agencies that passed.
    public var passedTests: UInt64 = 0
    /// The report that put the lot on hold.
    public var failedTest: String?
    public var recall: String?
    /// It was cut before the end of a waiting period, which is this.
    public var waitUntil: UInt64?
    /// What went into mixes.
    public var usedGrams: UInt64 = 0
    /// Every lot that went into it, directly or not, in order of name; empty for a harvest.
    public var lineage: [String] = []
    /// What a mix is; a harvest is what its plot bears.
    public var product: String?

    public init(owner: String, plot: String?, seedLot: String?, harvestedAt: UInt64, grams: UInt64) {
        self.owner = owner
        self.plot = plot
        self.seedLot = seedLot
        self.harvestedAt = harvestedAt
        self.grams = grams
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let harvestedAt = map["harvestedAt"]?.unsigned,
            let grams = map["grams"]?.unsigned,
            let packed = map["packedGrams"]?.unsigned, let boxes = map["boxes"]?.unsigned,
            let passed = map["passedTests"]?.unsigned
        else { throw .corrupt("of a harvest lot") }
        self.init(
            owner: owner, plot: map["plot"]?.text, seedLot: map["seedLot"]?.text, harvestedAt: harvestedAt, grams: grams
        )
        packedGrams = packed
        self.boxes = boxes
        passedTests = passed
        failedTest = map["failedTest"]?.text
        recall = map["recall"]?.text
        waitUntil = map["waitUntil"]?.unsigned
        usedGrams = map["usedGrams"]?.unsigned ?? 0
        lineage = (map["lineage"]?.array ?? []).compactMap(\.text)
        product = map["product"]?.text
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "plot": .optional(plot), "seedLot": .optional(seedLot),
            "harvestedAt": .unsigned(harvestedAt), "grams": .unsigned(grams), "packedGrams": .unsigned(packedGrams),
            "boxes": .unsigned(boxes), "passedTests": .unsigned(passedTests), "failedTest": .optional(failedTest),
            "recall": .optional(recall), "waitUntil": .optional(waitUntil), "usedGrams": .unsigned(usedGrams),
            "lineage": .texts(lineage), "product": .optional(product),
        ]
    }
}

/// A box with a live product code; key: ``ProductCode/path``.
public struct Box: StateValue, Hashable {
    /// The life of a code while it is live. Sold out leaves the live state; hold and recall are the lot's.
    public enum Stage: String, Sendable, CaseIterable {
        case commissioned, affixed, inTransit, received, onSale, expired
    }

    public var harvestLot: String
    public var holder: String
    public var stage: Stage
    public var grams: UInt64
    public var units: UInt64
    public var unitsLeft: UInt64
    /// YYMMDD as on the label.
    public var expiry: String
    /// First instant at which the box is out of date, ms since 1970.
    public var expiresAt: UInt64
    public var leg: String?
    /// Units that buyers have; those that come back are fewer.
    public var sold: UInt64 = 0
    /// The pallet it stands on.
    public var pallet: String?

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let lot = map["harvestLot"]?.text, let holder = map["holder"]?.text,
            let stage = map["stage"]?.text.flatMap(Stage.init), let grams = map["grams"]?.unsigned,
            let units = map["units"]?.unsigned, let left = map["unitsLeft"]?.unsigned,
            let expiry = map["expiry"]?.text, let expiresAt = map["expiresAt"]?.unsigned
        else { throw .corrupt("of a box") }
        self.init(
            harvestLot: lot, holder: holder, stage: stage, grams: grams, units: units, unitsLeft: left, expiry: expiry,
            expiresAt: expiresAt, leg: map["leg"]?.text)
        sold = map["sold"]?.unsigned ?? 0
        pallet = map["pallet"]?.text
    }

    public init(
        harvestLot: String, holder: String, stage: Stage, grams: UInt64, units: UInt64, unitsLeft: UInt64,
        expiry: String, expiresAt: UInt64, leg: String?
    ) {
        self.harvestLot = harvestLot
        self.holder = holder
        self.stage = stage
        self.grams = grams
        self.units = units
        self.unitsLeft = unitsLeft
        self.expiry = expiry
        self.expiresAt = expiresAt
        self.leg = leg
    }

    public var cbor: Value {
        [
            "harvestLot": .text(harvestLot), "holder": .text(holder), "stage": .text(stage.rawValue),
            "grams": .unsigned(grams), "units": .unsigned(units), "unitsLeft": .unsigned(unitsLeft),
            "expiry": .text(expiry), "expiresAt": .unsigned(expiresAt), "leg": .optional(leg),
            "sold": .unsigned(sold), "pallet": .optional(pallet),
        ]
    }
}

/// A product code that was ever used, for ever; key: ``ProductCode/path``.
public struct UsedCode: StateValue, Hashable {
    public var commissionedAt: UInt64
    public var harvestLot: String
    /// Height at which the last unit was sold and the code left the live state.
    public var soldOutAt: UInt64?
    /// The code of the label that came in its place, and the one in whose place it came.
    public var replacedBy: String?
    public var replaces: String?

    public init(commissionedAt: UInt64, harvestLot: String, soldOutAt: UInt64?) {
        self.commissionedAt = commissionedAt
        self.harvestLot = harvestLot
        self.soldOutAt = soldOutAt
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let height = map["commissionedAt"]?.unsigned, let lot = map["harvestLot"]?.text
        else { throw .corrupt("of a code") }
        self.init(commissionedAt: height, harvestLot: lot, soldOutAt: map["soldOutAt"]?.unsigned)
        replacedBy = map["replacedBy"]?.text
        replaces = map["replaces"]?.text
    }

    public var cbor: Value {
        [
            "commissionedAt": .unsigned(commissionedAt), "harvestLot": .text(harvestLot),
            "soldOutAt": .optional(soldOutAt), "replacedBy": .optional(replacedBy), "replaces": .optional(replaces),
        ]
    }
}

/// A transport of boxes from one holder to another.
public struct Leg: StateValue, Hashable {
    public var carrier: String
    public var from: String
    public var to: String
    /// Limit of the load's temperature, hundredths of a degree Celsius.
    public var maximumTemperature: Int64
    public var boxes: [String]
    public var departedAt: UInt64
    public var deliveredAt: UInt64?
    /// Highest temperature on the way as the carrier told it, hundredths of a degree Celsius.
    public var highest: Int64?
    public var received: Bool = false

    public init(
        carrier: String, from: String, to: String, maximumTemperature: Int64, boxes: [String], departedAt: UInt64,
        deliveredAt: UInt64?
    ) {
        self.carrier = carrier
        self.from = from
        self.to = to
        self.maximumTemperature = maximumTemperature
        self.boxes = boxes
        self.departedAt = departedAt
        self.deliveredAt = deliveredAt
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let carrier = map["carrier"]?.text, let from = map["from"]?.text,
            let to = map["to"]?.text, let limit = map["maximumTemperature"]?.int, let boxes = map["boxes"]?.array,
            let departedAt = map["departedAt"]?.unsigned, let received = map["received"]?.bool
        else { throw .corrupt("of a leg") }
        self.init(
            carrier: carrier, from: from, to: to, maximumTemperature: limit, boxes: boxes.compactMap(\.text),
            departedAt: departedAt, deliveredAt: map["deliveredAt"]?.unsigned)
        highest = map["highest"]?.int
        self.received = received
    }

    public var cbor: Value {
        [
            "carrier": .text(carrier), "from": .text(from), "to": .text(to),
            "maximumTemperature": Value(maximumTemperature),
            "boxes": .array(boxes.map { .text($0) }), "departedAt": .unsigned(departedAt),
            "deliveredAt": .optional(deliveredAt), "highest": highest.map { Value($0) } ?? .null,
            "received": .bool(received),
        ]
    }
}
