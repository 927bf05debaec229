/// One statement: what it says, who signed it, what became of it, and how to check all that.
public struct TransactionPage: PortalPage {
    public static let templateName = "transaction"

    /// Who signed a statement.
    public struct Signer: Sendable, Equatable {
        let id: String
        let name: String
        let role: String
        let organisation: String
        let vouchedBy: String?
        let kid: String

        /// A signer; `vouchedBy` names the registrar that attested the participant, `kid` is in hex.
        public init(id: String, name: String, role: String, organisation: String, vouchedBy: String?, kid: String) {
            self.id = id
            self.name = name
            self.role = role
            self.organisation = organisation
            self.vouchedBy = vouchedBy
            self.kid = kid
        }
    }

    /// A member's receipt (RFC 9942).
    public struct Receipt: Sendable, Equatable {
        let member: String
        let treeSize: UInt64
        let leafIndex: UInt64

        /// A receipt that a member signed.
        public init(member: String, treeSize: UInt64, leafIndex: UInt64) {
            self.member = member
            self.treeSize = treeSize
            self.leafIndex = leafIndex
        }
    }

    /// Where the block is.
    public struct Position: Sendable, Equatable {
        let height: UInt64
        let time: Moment

        /// The block of a statement that has one.
        public init(height: UInt64, time: Moment) {
            self.height = height
            self.time = time
        }
    }

    let ledgerName: String
    let ledgerID: String
    let id: String
    let mark: SavedMark
    let position: Position?
    let contract: String
    let operation: String
    let subject: String
    let arguments: [Fact]
    let signer: Signer
    let refusal: String?
    let events: [Fact]
    let receipts: [Receipt]
    let evidenceURL: String?
    let historyURL: String?

    /// A statement.
    /// - Parameters:
    ///   - arguments: the operation's arguments, decoded, one a line.
    ///   - refusal: why a contract refused it and what to do, or nil.
    ///   - events: what the contract announced, name and content.
    ///   - evidenceURL: the bundle of this record; nil before it is final.
    ///   - historyURL: all records about the same subject.
    public init(
        ledgerName: String, ledgerID: String, id: String, mark: SavedMark, position: Position?,
        contract: String, operation: String, subject: String, arguments: [Fact], signer: Signer,
        refusal: String?, events: [Fact], receipts: [Receipt], evidenceURL: String?, historyURL: String?
    ) {
        self.ledgerName = ledgerName
        self.ledgerID = ledgerID
        self.id = id
        self.mark = mark
        self.position = position
        self.contract = contract
        self.operation = operation
        self.subject = subject
        self.arguments = arguments
        self.signer = signer
        self.refusal = refusal
        self.events = events
        self.receipts = receipts
        self.evidenceURL = evidenceURL
        self.historyURL = historyURL
    }

    public var head: PageHead {
        PageHead(
            title: "\(contract) · \(operation)", summary: "A statement of \(signer.name) about \(subject).",
            isLive: mark == .received || mark == .ordered)
    }

    public struct View {
        let contract: String
        let operation: String
        let subject: String
        let ledgerName: String
        let ledgerLink: String
        let transactionID: String
        let mark: MarkView
        let facts: [Fact.View]
        let arguments: FactsView
        let events: FactsView
        let hasEvents: Bool
        let signerFacts: FactsView
        let refusal: String?
        let receipts: Table.View
        let verify: VerifyPanel.View?
        let evidenceLink: String?
        let historyLink: String?
        let statementLink: String
    }

    struct MarkView {
        let markLabel: String
        let markTone: String
    }

    /// A second list of facts on a page, since a partial reads them by one name.
    struct FactsView {
        let facts: [Fact.View]
    }

    public func view() -> View {
        View(
            contract: contract, operation: operation, subject: subject, ledgerName: ledgerName,
            ledgerLink: ExplorerPaths.ledger(ledgerID), transactionID: id,
            mark: MarkView(markLabel: mark.label, markTone: mark.tone.rawValue), facts: facts.map(\.view),
            arguments: FactsView(facts: arguments.map(\.view)), events: FactsView(facts: events.map(\.view)),
            hasEvents: !events.isEmpty, signerFacts: FactsView(facts: signerFacts.map(\.view)), refusal: refusal,
            receipts: receiptTable.view,
            verify: evidenceURL.map { VerifyPanel(evidenceURL: $0, ledgerID: ledgerID).view },
            evidenceLink: evidenceURL, historyLink: historyURL, statementLink: "/entries/\(id)")
    }

    private var facts: [Fact] {
        var facts: [Fact] = []
        if let position {
            facts.append(
                Fact(
                    "Block", grouped(position.height),
                    href: ExplorerPaths.block(position.height, ledger: ledgerID)))
            facts.append(Fact("Registered", position.time, note: "Ledger time, agreed by the members."))
        }
        facts.append(Fact("Transaction id", id, style: .code))
        return facts
    }

    private var signerFacts: [Fact] {
        [
            Fact("Name", signer.name, href: ExplorerPaths.participant(signer.id, ledger: ledgerID)),
            Fact("Role", signer.role),
            Fact("Organisation", signer.organisation),
            Fact("Vouched for by", signer.vouchedBy ?? "nobody outside this ledger's first block"),
            Fact("Key", signer.kid, style: .code),
        ]
    }

    private var receiptTable: Table {
        Table(
            caption: "Receipts",
            columns: [
                .init("Member"), .init("Records in the log", isNumeric: true),
                .init("Place", isNumeric: true), .init("Form"),
            ],
            rows: receipts.map {
                [
                    .text($0.member), .text(grouped($0.treeSize)), .text(grouped($0.leafIndex)),
                    .link("COSE receipt", href: "/entries/\(id)"),
                ]
            },
            empty: .init(
                refusal == nil
                    ? "Members sign receipts once the block is final; look again in a moment."
                    : "A refused statement is not in the log, so it has no receipt."))
    }
}
