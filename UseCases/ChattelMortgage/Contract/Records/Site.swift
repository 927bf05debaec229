import ContractKit

/// A place where goods are watched: a hall or a truck.
public struct MonitoredSite: StateValue, Hashable {
    public enum Kind: String, Sendable { case hall, truck }

    /// The asset monitoring organisation that answers for it.
    public var monitor: String
    /// The gateway whose measurements count here.
    public var gateway: String
    public var name: String
    public var place: String
    /// Of the warehouse operator (7 CFR 869).
    public var licence: String
    public var kind: Kind
    /// Number of the last receipt.
    public var receipts: UInt64 = 0

    init(monitor: String, gateway: String, name: String, place: String, licence: String, kind: Kind) {
        self.monitor = monitor
        self.gateway = gateway
        self.name = name
        self.place = place
        self.licence = licence
        self.kind = kind
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a site")
        guard let kind = Kind(rawValue: try fields.text("kind")) else { throw .corrupt("of a site") }
        self.init(
            monitor: try fields.text("monitor"), gateway: try fields.text("gateway"), name: try fields.text("name"),
            place: try fields.text("place"), licence: try fields.text("licence"), kind: kind)
        receipts = try fields.number("receipts")
    }

    public var cbor: Value {
        [
            "monitor": .text(monitor), "gateway": .text(gateway), "name": .text(name), "place": .text(place),
            "licence": .text(licence), "kind": .text(kind.rawValue), "receipts": .unsigned(receipts),
        ]
    }
}

/// What the sensors of a bay see; `chattel/bays/<site>/<bay>`.
public struct BayRecord: StateValue, Hashable {
    /// Grams on the scale.
    public var grams: UInt64
    /// Pieces by their identity tags and the contour.
    public var count: UInt64
    /// The contour's bounding box, mm.
    public var length: UInt64
    public var width: UInt64
    public var height: UInt64
    public var tags: [String]
    /// Devices whose readings this is from.
    public var devices: [String]
    /// SHA-256 of the raw readings around the change.
    public var raw: Hash32
    /// Devices that do not report.
    public var blind: [String] = []
    /// The gateway's clock, ms since 1970.
    public var at: UInt64
    public var transaction: Hash32

    init(
        grams: UInt64, count: UInt64, length: UInt64, width: UInt64, height: UInt64, tags: [String],
        devices: [String], raw: Hash32, at: UInt64, transaction: Hash32
    ) {
        self.grams = grams
        self.count = count
        self.length = length
        self.width = width
        self.height = height
        self.tags = tags
        self.devices = devices
        self.raw = raw
        self.at = at
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a bay")
        self.init(
            grams: try fields.number("grams"), count: try fields.number("count"),
            length: try fields.number("length"), width: try fields.number("width"),
            height: try fields.number("height"), tags: try fields.texts("tags"),
            devices: try fields.texts("devices"), raw: try fields.hash("raw"), at: try fields.number("at"),
            transaction: try fields.hash("transaction"))
        blind = try fields.texts("blind")
    }

    public var cbor: Value {
        [
            "grams": .unsigned(grams), "count": .unsigned(count), "length": .unsigned(length),
            "width": .unsigned(width), "height": .unsigned(height), "tags": .texts(tags),
            "devices": .texts(devices), "raw": .hash(raw), "blind": .texts(blind), "at": .unsigned(at),
            "transaction": .hash(transaction),
        ]
    }

    /// kg/m³ by weight against the contour's volume; nil for an empty bay.
    public var density: UInt64? {
        let (area, first) = length.multipliedReportingOverflow(by: width)
        let (volume, second) = area.multipliedReportingOverflow(by: height)
        // 1 g/mm³ is 10⁶ kg/m³.
        let (scaled, third) = grams.multipliedReportingOverflow(by: 1_000_000)
        guard !first, !second, !third, volume > 0 else { return nil }
        return scaled / volume
    }

    /// How far sensors bear the lot out: A with all of them, a letter down for each that is silent.
    public var evidenceGrade: String {
        let grades = ["A", "B", "C", "D"]
        return grades[min(blind.count, grades.count - 1)]
    }
}
