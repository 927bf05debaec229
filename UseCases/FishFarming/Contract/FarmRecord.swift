import ContractKit

/// What a farm's data say so far, with its contract with the service company; `fish/farms/<farmer>`.
///
/// Counts only grow and follow from the records before them, so anybody who replays the ledger gets the same.
public struct FarmRecord: StateValue, Hashable {
    /// Who serves the farm, and the SHA-256 and version of the terms that the farmer signed.
    public var provider: String
    public var version: String
    public var document: Hash32
    /// Ledger time, ms.
    public var signedAt: UInt64
    /// Classes of data that may be collected, in order; see ``DataClass``.
    public var classes: [String]
    /// First device time of a water report, ms; 0 before.
    public var firstAt: UInt64 = 0
    /// Time that water reports cover, and the part of it with fit readings and with low oxygen, ms.
    public var covered: UInt64 = 0
    public var fit: UInt64 = 0
    public var low: UInt64 = 0
    public var incidents: UInt64 = 0
    /// Incidents in which the remedy did not work.
    public var failed: UInt64 = 0
    /// Grams by counted feeders and by word alone.
    public var feedByDevice: UInt64 = 0
    public var feedStated: UInt64 = 0
    /// Fish.
    public var stocked: UInt64 = 0
    public var stockedConfirmed: UInt64 = 0
    public var dead: UInt64 = 0
    /// Harvests inside a withdrawal period of a medicine.
    public var breaches: UInt64 = 0
    public var repaid: UInt64 = 0
    /// Records by who stands for them: devices, third parties, the farmer alone.
    public var byDevice: UInt64 = 0
    public var byOthers: UInt64 = 0
    public var byWord: UInt64 = 0

    init(provider: String, version: String, document: Hash32, signedAt: UInt64) {
        self.provider = provider
        self.version = version
        self.document = document
        self.signedAt = signedAt
        classes = []
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a farm")
        guard let document = fields.value("document").hash32 else { throw .corrupt("of a farm") }
        self.init(
            provider: try fields.text("provider"), version: try fields.text("version"), document: document,
            signedAt: try fields.number("signedAt"))
        classes = try fields.texts("classes")
        firstAt = try fields.number("firstAt")
        covered = try fields.number("covered")
        fit = try fields.number("fit")
        low = try fields.number("low")
        incidents = try fields.number("incidents")
        failed = try fields.number("failed")
        feedByDevice = try fields.number("feedByDevice")
        feedStated = try fields.number("feedStated")
        stocked = try fields.number("stocked")
        stockedConfirmed = try fields.number("stockedConfirmed")
        dead = try fields.number("dead")
        breaches = try fields.number("breaches")
        repaid = try fields.number("repaid")
        byDevice = try fields.number("byDevice")
        byOthers = try fields.number("byOthers")
        byWord = try fields.number("byWord")
    }

    public var cbor: Value {
        [
            "provider": .text(provider), "version": .text(version), "document": .hash(document),
            "signedAt": .unsigned(signedAt), "classes": .texts(classes), "firstAt": .unsigned(firstAt),
            "covered": .unsigned(covered), "fit": .unsigned(fit), "low": .unsigned(low),
            "incidents": .unsigned(incidents), "failed": .unsigned(failed),
            "feedByDevice": .unsigned(feedByDevice), "feedStated": .unsigned(feedStated),
            "stocked": .unsigned(stocked), "stockedConfirmed": .unsigned(stockedConfirmed), "dead": .unsigned(dead),
            "breaches": .unsigned(breaches), "repaid": .unsigned(repaid), "byDevice": .unsigned(byDevice),
            "byOthers": .unsigned(byOthers), "byWord": .unsigned(byWord),
        ]
    }
}

/// Kinds of data that a farmer allows or refuses one by one.
public enum DataClass: String, Sendable, CaseIterable {
    /// Oxygen, acidity, temperature and what else probes tell.
    case water
    /// What was switched, and whether it worked.
    case operations
    case fry
    case feed
    case medicine
}
