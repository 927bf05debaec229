/// A device on a ledger: its owner, its key, and what it measured last.
public struct DevicePage: PortalPage {
    public static let templateName = "device"

    /// The last value of a channel.
    public struct Reading: Sendable, Equatable {
        let channel: String
        let value: Double
        let unit: String
        let time: Moment
        let finding: String?

        /// A value; `finding` says what the gateway noticed about it, such as "out of range".
        public init(channel: String, value: Double, unit: String, time: Moment, finding: String? = nil) {
            self.channel = channel
            self.value = value
            self.unit = unit
            self.time = time
            self.finding = finding
        }
    }

    /// A batch of readings on the ledger.
    public struct Batch: Sendable, Equatable {
        let transactionID: String
        let first: UInt64
        let last: UInt64
        let from: Moment
        let to: Moment
        let isSealed: Bool

        /// A batch; `isSealed` when its readings are encrypted for those with a grant.
        public init(transactionID: String, first: UInt64, last: UInt64, from: Moment, to: Moment, isSealed: Bool) {
            self.transactionID = transactionID
            self.first = first
            self.last = last
            self.from = from
            self.to = to
            self.isSealed = isSealed
        }
    }

    let ledgerName: String
    let ledgerID: String
    let urn: String
    let kind: String
    let owner: Fact
    let gateway: String
    let vouchedBy: String?
    let kid: String
    let generation: UInt64
    let isRevoked: Bool
    let readings: [Reading]
    let charts: [LineChart]
    let batches: [Batch]

    /// A device. `kind` is its profile in words; `generation` counts its keys.
    public init(
        ledgerName: String, ledgerID: String, urn: String, kind: String, ownerID: String, ownerName: String,
        gateway: String, vouchedBy: String?, kid: String, generation: UInt64, isRevoked: Bool,
        readings: [Reading], charts: [LineChart], batches: [Batch]
    ) {
        self.ledgerName = ledgerName
        self.ledgerID = ledgerID
        self.urn = urn
        self.kind = kind
        self.owner = Fact("Owner", ownerName, href: ExplorerPaths.participant(ownerID, ledger: ledgerID))
        self.gateway = gateway
        self.vouchedBy = vouchedBy
        self.kid = kid
        self.generation = generation
        self.isRevoked = isRevoked
        self.readings = readings
        self.charts = charts
        self.batches = batches
    }

    public var head: PageHead {
        PageHead(title: kind, summary: "The device \(urn) on the ledger \(ledgerName).", isLive: true)
    }

    public struct View {
        let kind: String
        let urn: String
        let ledgerName: String
        let ledgerLink: String
        let isRevoked: Bool
        let facts: [Fact.View]
        let readings: Table.View
        let charts: [LineChart.View]
        let batches: Table.View
    }

    public func view() -> View {
        View(
            kind: kind, urn: urn, ledgerName: ledgerName, ledgerLink: ExplorerPaths.ledger(ledgerID),
            isRevoked: isRevoked, facts: facts.map(\.view), readings: readingTable.view, charts: charts.map(\.view),
            batches: batchTable.view)
    }

    private var facts: [Fact] {
        [
            owner,
            Fact("Gateway", gateway),
            Fact("Vouched for by", vouchedBy ?? "nobody"),
            Fact("Key", kid, style: .code, note: "Key generation \(generation)."),
        ]
    }

    private var readingTable: Table {
        Table(
            caption: "Latest readings",
            columns: [.init("Channel"), .init("Value", isNumeric: true), .init("Measured"), .init("Quality")],
            rows: readings.map {
                [
                    .text($0.channel), .text("\(figure($0.value)) \($0.unit)"), .time($0.time),
                    $0.finding.map { .mark($0, .bad) } ?? .mark("Good", .good),
                ]
            },
            empty: .init("No readings yet, or none that you may read. The owner grants access to a stream."))
    }

    private var batchTable: Table {
        Table(
            caption: "Batches on the ledger",
            columns: [
                .init("Readings", isNumeric: true), .init("From"), .init("To"), .init("Content"),
                .init("Record"),
            ],
            rows: batches.map { batch in
                [
                    .text("\(grouped(batch.first)) to \(grouped(batch.last))"), .time(batch.from), .time(batch.to),
                    .text(batch.isSealed ? "Encrypted" : "Open"),
                    .code(
                        shortened(batch.transactionID),
                        href: ExplorerPaths.transaction(batch.transactionID, ledger: ledgerID)),
                ]
            },
            empty: .init("No batch yet. The gateway registers one when it has gathered enough readings."))
    }
}
