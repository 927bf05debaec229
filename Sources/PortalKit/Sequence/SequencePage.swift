/// The messages of one case as the report draws them: who sent what to whom, from stored records alone.
public struct SequencePage: PortalPage {
    public static let templateName = "sequence"

    /// One arrow.
    public struct Message: Sendable {
        let producer: String
        let receiver: String
        let exchanged: String
        let time: Moment
        let height: UInt64
        let transaction: String
        let isRefused: Bool

        public init(
            producer: String, receiver: String, exchanged: String, time: Moment, height: UInt64, transaction: String,
            isRefused: Bool
        ) {
            self.producer = producer
            self.receiver = receiver
            self.exchanged = exchanged
            self.time = time
            self.height = height
            self.transaction = transaction
            self.isRefused = isRefused
        }
    }

    let about: String
    let ledgerID: String
    let messages: [Message]

    /// - Parameter messages: in the order of the ledger.
    public init(about: String, ledgerID: String, messages: [Message]) {
        self.about = about
        self.ledgerID = ledgerID
        self.messages = messages
    }

    public var head: PageHead {
        PageHead(title: "Messages about \(about)", summary: "Who sent what to whom.", isLive: true)
    }

    public struct View {
        let about: String
        let isEmpty: Bool
        let diagram: String
        let table: Table.View
    }

    public func view() -> View {
        View(
            about: about, isEmpty: messages.isEmpty, diagram: SequenceDiagram(self).svg,
            table: Table(
                caption: "The same as a list",
                columns: [
                    .init("No.", isNumeric: true), .init("When"), .init("From"), .init("To"), .init("What"),
                    .init("Record"),
                    .init("Check"),
                ],
                rows: messages.enumerated().map { index, message in
                    [
                        .text(String(index + 1)), .time(message.time), .text(message.producer), .text(message.receiver),
                        .text(message.exchanged),
                        .code(
                            shortened(message.transaction),
                            href: ExplorerPaths.transaction(message.transaction, ledger: ledgerID)),
                        message.isRefused
                            ? .mark("refused", .bad)
                            : .link("evidence", href: "/api/v1/transactions/\(message.transaction)/evidence"),
                    ]
                },
                empty: .init(
                    "No record is about this. Names are as in the records: a box's code, lot:…, a participant.")
            ).view)
    }
}
