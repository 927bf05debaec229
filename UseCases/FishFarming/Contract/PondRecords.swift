import ContractKit

/// How a pond's day runs: by the place's own midnight, and in a simulated pond faster than the world.
public struct PondClock: Sendable, Hashable {
    /// A simulated pond's day lasts at least 24 s.
    public static let fastest: UInt64 = 3600

    /// Some midnight at the pond, ms since 1970.
    public let midnight: UInt64
    /// Seconds of the pond in a second; 1 for every real one.
    public let pace: UInt64
}

/// A pond, its devices and the levels by which its gateway aerates; `fish/ponds/<pond>`.
public struct PondRecord: StateValue, Hashable {
    public var owner: String
    public var species: String
    public var squareMetres: UInt64
    public var gateway: String
    /// Device URNs.
    public var probe: String
    public var aerators: [String]
    public var feeder: String?
    /// Hundredths of mg/L: aerate from, aerate until, alarm.
    public var on: UInt64
    public var off: UInt64
    public var alarm: UInt64
    /// Shortest time on and off, ms.
    public var shortest: UInt64
    /// The farm that it lies on, where a farmer has several.
    public var site: String?
    public var clock: PondClock
    /// End of the last water report, device time in ms, and its mean oxygen in hundredths of mg/L.
    public var lastAt: UInt64 = 0
    public var oxygen: UInt64 = 0
    /// When somebody switched aeration off by hand in an alarm, ledger time in ms; 0 for never.
    public var switchedOffAt: UInt64 = 0
    /// Keys of covers in force.
    public var covers: [String] = []
    /// Key of the last choice of the farmer, whose outcome is still followed.
    public var choice: String?

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a pond")
        self.init(
            owner: try fields.text("owner"), species: try fields.text("species"),
            squareMetres: try fields.number("squareMetres"), gateway: try fields.text("gateway"),
            probe: try fields.text("probe"), aerators: try fields.texts("aerators"),
            feeder: fields.optionalText("feeder"), on: try fields.number("on"), off: try fields.number("off"),
            alarm: try fields.number("alarm"), shortest: try fields.number("shortest"),
            site: fields.optionalText("site"),
            clock: PondClock(midnight: try fields.number("midnight"), pace: try fields.number("pace")))
        lastAt = try fields.number("lastAt")
        oxygen = try fields.number("oxygen")
        switchedOffAt = try fields.number("switchedOffAt")
        covers = try fields.texts("covers")
        choice = fields.optionalText("choice")
    }

    init(
        owner: String, species: String, squareMetres: UInt64, gateway: String, probe: String, aerators: [String],
        feeder: String?, on: UInt64, off: UInt64, alarm: UInt64, shortest: UInt64, site: String?,
        clock: PondClock
    ) {
        self.owner = owner
        self.species = species
        self.squareMetres = squareMetres
        self.gateway = gateway
        self.probe = probe
        self.aerators = aerators
        self.feeder = feeder
        self.on = on
        self.off = off
        self.alarm = alarm
        self.shortest = shortest
        self.site = site
        self.clock = clock
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "species": .text(species), "squareMetres": .unsigned(squareMetres),
            "gateway": .text(gateway), "probe": .text(probe), "aerators": .texts(aerators),
            "feeder": .optional(feeder), "on": .unsigned(on), "off": .unsigned(off), "alarm": .unsigned(alarm),
            "shortest": .unsigned(shortest), "lastAt": .unsigned(lastAt), "oxygen": .unsigned(oxygen),
            "switchedOffAt": .unsigned(switchedOffAt), "covers": .texts(covers), "choice": .optional(choice),
            "site": .optional(site), "midnight": .unsigned(clock.midnight), "pace": .unsigned(clock.pace),
        ]
    }
}

/// Fish from stocking to harvest; `fish/batches/<batch>`.
public struct BatchRecord: StateValue, Hashable {
    public var owner: String
    public var pond: String
    public var species: String
    public var supplier: String
    public var count: UInt64
    public var stockedAt: UInt64
    /// SHA-256 of the health certificate.
    public var certificate: Hash32
    public var isConfirmed = false
    public var dead: UInt64 = 0
    public var feed: UInt64 = 0
    /// Mean weight of a fish at the last weighing, g, and when; 0 before.
    public var meanGrams: UInt64 = 0
    public var weighedAt: UInt64 = 0
    /// End of the withdrawal period of the last medicine, ledger time in ms.
    public var withheldUntil: UInt64 = 0
    public var harvested: UInt64 = 0
    /// Grams that counted feeders gave, and how many of them the last word was compared with.
    public var counted: UInt64 = 0
    public var countedBefore: UInt64 = 0
    /// Reports of the farmer that were compared with other sources.
    public var reports: UInt64 = 0
    /// Grams of feed until the last weighing; and what vets found so far.
    public var feedBefore: UInt64 = 0
    public var findings: UInt64 = 0

    init(
        owner: String, pond: String, species: String, supplier: String, count: UInt64, stockedAt: UInt64,
        certificate: Hash32
    ) {
        self.owner = owner
        self.pond = pond
        self.species = species
        self.supplier = supplier
        self.count = count
        self.stockedAt = stockedAt
        self.certificate = certificate
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a batch")
        guard let certificate = fields.value("certificate").hash32 else { throw .corrupt("of a batch") }
        self.init(
            owner: try fields.text("owner"), pond: try fields.text("pond"), species: try fields.text("species"),
            supplier: try fields.text("supplier"), count: try fields.number("count"),
            stockedAt: try fields.number("stockedAt"), certificate: certificate)
        isConfirmed = try fields.flag("isConfirmed")
        dead = try fields.number("dead")
        feed = try fields.number("feed")
        meanGrams = try fields.number("meanGrams")
        weighedAt = try fields.number("weighedAt")
        withheldUntil = try fields.number("withheldUntil")
        harvested = try fields.number("harvested")
        counted = try fields.number("counted")
        countedBefore = try fields.number("countedBefore")
        reports = try fields.number("reports")
        feedBefore = try fields.number("feedBefore")
        findings = try fields.number("findings")
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "pond": .text(pond), "species": .text(species), "supplier": .text(supplier),
            "count": .unsigned(count), "stockedAt": .unsigned(stockedAt), "certificate": .hash(certificate),
            "isConfirmed": .bool(isConfirmed), "dead": .unsigned(dead), "feed": .unsigned(feed),
            "meanGrams": .unsigned(meanGrams), "weighedAt": .unsigned(weighedAt),
            "withheldUntil": .unsigned(withheldUntil), "harvested": .unsigned(harvested),
            "counted": .unsigned(counted), "countedBefore": .unsigned(countedBefore), "reports": .unsigned(reports),
            "feedBefore": .unsigned(feedBefore), "findings": .unsigned(findings),
        ]
    }
}
