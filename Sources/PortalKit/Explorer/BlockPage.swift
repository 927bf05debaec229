/// One block: its header's values, who signed it, and what it holds.
public struct BlockPage: PortalPage {
    public static let templateName = "block"

    /// A statement of the block.
    public struct TransactionLine: Sendable, Equatable {
        let id: String
        let operation: String
        let subject: String
        let signer: String
        let isAccepted: Bool

        /// A statement: `operation` in words such as "agriculture · sow".
        public init(id: String, operation: String, subject: String, signer: String, isAccepted: Bool) {
            self.id = id
            self.operation = operation
            self.subject = subject
            self.signer = signer
            self.isAccepted = isAccepted
        }
    }

    let ledgerName: String
    let ledgerID: String
    let height: UInt64
    let time: Moment
    let hash: String
    let previousHash: String
    let logSize: UInt64
    let logRoot: String
    let stateRoot: String
    let resultsRoot: String
    let voters: [String]
    let quorum: Int
    let transactions: [TransactionLine]
    let hasNext: Bool

    /// A block. `voters` are display names of the members whose votes this node has; hashes are in hex.
    public init(
        ledgerName: String, ledgerID: String, height: UInt64, time: Moment, hash: String, previousHash: String,
        logSize: UInt64, logRoot: String, stateRoot: String, resultsRoot: String, voters: [String],
        quorum: Int, transactions: [TransactionLine], hasNext: Bool
    ) {
        self.ledgerName = ledgerName
        self.ledgerID = ledgerID
        self.height = height
        self.time = time
        self.hash = hash
        self.previousHash = previousHash
        self.logSize = logSize
        self.logRoot = logRoot
        self.stateRoot = stateRoot
        self.resultsRoot = resultsRoot
        self.voters = voters
        self.quorum = quorum
        self.transactions = transactions
        self.hasNext = hasNext
    }

    public var head: PageHead {
        PageHead(title: "Block \(height)", summary: "Block \(height) of \(ledgerName).", isLive: voters.count < quorum)
    }

    public struct View {
        let height: String
        let ledgerName: String
        let ledgerLink: String
        let time: TimeView
        let isFinal: Bool
        let finality: String
        let voters: String
        let facts: [Fact.View]
        let transactions: Table.View
        let previousLink: String?
        let nextLink: String?
    }

    public func view() -> View {
        View(
            height: grouped(height), ledgerName: ledgerName, ledgerLink: ExplorerPaths.ledger(ledgerID),
            time: TimeView(time), isFinal: voters.count >= quorum,
            finality: "\(voters.count) signatures, \(quorum) make a block final",
            voters: voters.joined(separator: ", "), facts: facts.map(\.view), transactions: table.view,
            previousLink: height > 0 ? ExplorerPaths.block(height - 1, ledger: ledgerID) : nil,
            nextLink: hasNext ? ExplorerPaths.block(height + 1, ledger: ledgerID) : nil)
    }

    private var facts: [Fact] {
        [
            Fact("Hash of the header", hash, style: .code),
            Fact(
                "Hash of the previous header", previousHash, style: .code,
                href: height > 0 ? ExplorerPaths.block(height - 1, ledger: ledgerID) : nil),
            Fact("Log", "\(grouped(logSize)) records, root \(logRoot)", style: .code),
            Fact("State root", stateRoot, style: .code),
            Fact("Results root", resultsRoot, style: .code, note: "Covers refused statements too."),
        ]
    }

    private var table: Table {
        Table(
            caption: "Statements",
            columns: [.init("Operation"), .init("About"), .init("Signed by"), .init("Result"), .init("Id")],
            rows: transactions.map { line in
                let href = ExplorerPaths.transaction(line.id, ledger: ledgerID)
                return [
                    .link(line.operation, href: href), .text(line.subject), .text(line.signer),
                    line.isAccepted ? .mark("Accepted", .good) : .mark("Refused", .bad),
                    .code(shortened(line.id), href: href),
                ]
            },
            empty: .init("No statements: this block only records that ledger time went on."))
    }
}
