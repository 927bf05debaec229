/// The grounds of a figure: the records and the devices' messages under it, with their evidence to verify here or to take along.
public struct EvidencePage: PortalPage {
    public static let templateName = "evidence"

    /// A record on the ledger.
    public struct Record: Sendable {
        let what: String
        let about: String
        let signer: String
        let time: Moment
        let id: String
        let href: String

        /// - Parameter href: its page.
        public init(what: String, about: String, signer: String, time: Moment, id: String, href: String) {
            self.what = what
            self.about = about
            self.signer = signer
            self.time = time
            self.id = id
            self.href = href
        }
    }

    /// A message that a device signed.
    public struct Message: Sendable {
        let device: String
        let number: UInt64
        let time: Moment
        /// Quantities with their values.
        let values: [(quantity: String, value: Double, unit: String)]
        let finding: String?

        public init(
            device: String, number: UInt64, time: Moment, values: [(quantity: String, value: Double, unit: String)],
            finding: String?
        ) {
            self.device = device
            self.number = number
            self.time = time
            self.values = values
            self.finding = finding
        }
    }

    let ledgerID: String
    let grounds: Grounds
    let records: [Record]
    let messages: [Message]
    let sequenceURL: String?

    /// - Parameter sequenceURL: all messages about the same, drawn; nil where there is nothing but devices.
    public init(
        ledgerID: String, grounds: Grounds, records: [Record], messages: [Message], sequenceURL: String?
    ) {
        self.ledgerID = ledgerID
        self.grounds = grounds
        self.records = records
        self.messages = messages
        self.sequenceURL = sequenceURL
    }

    public var head: PageHead { PageHead(title: "Evidence", summary: "What a figure rests on, to be verified.") }

    public struct View {
        let about: String
        let isMeasured: Bool
        let records: Table.View
        let messages: Table.View
        let verify: VerifyPanel.View?
        let sequenceLink: String?
    }

    public func view() -> View {
        View(
            about: (grounds.names.isEmpty ? grounds.devices : grounds.names).joined(separator: ", "),
            isMeasured: !grounds.devices.isEmpty,
            records: Table(
                caption: "Records",
                columns: [.init("What"), .init("About"), .init("Signed by"), .init("Registered"), .init("Record")],
                rows: records.map {
                    [
                        .text($0.what), .text($0.about), .text($0.signer), .time($0.time),
                        .code(shortened($0.id), href: $0.href),
                    ]
                }, empty: .init("No record about this that you may read.")
            ).view,
            messages: Table(
                caption: "Messages of devices",
                columns: [
                    .init("Device"), .init("Message", isNumeric: true), .init("Measured"), .init("Values"),
                    .init("Quality"),
                ],
                rows: messages.map { message in
                    [
                        .text(message.device), .text(grouped(message.number)), .time(message.time),
                        .text(
                            message.values.map { "\($0.quantity) \(figure($0.value, decimals: 3)) \($0.unit)" }
                                .joined(separator: ", ")),
                        message.finding.map { .mark($0, .bad) } ?? .mark("Good", .good),
                    ]
                },
                empty: .init("No message in this time that you may read.")
            ).view,
            verify: records.isEmpty && messages.isEmpty
                ? nil
                : VerifyPanel(evidenceURL: "/api/v1/evidence?\(grounds.query)", ledgerID: ledgerID).view,
            sequenceLink: sequenceURL)
    }
}
