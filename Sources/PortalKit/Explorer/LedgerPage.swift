/// The explorer's home: one ledger, its members, what it survives, and its latest blocks.
public struct LedgerPage: PortalPage {
    public static let templateName = "ledger"

    /// An organisation with a vote.
    public struct Member: Sendable, Equatable {
        let id: String
        let name: String
        let lastVote: UInt64?

        /// A member; `lastVote` is the height of the last header this node has its vote for.
        public init(id: String, name: String, lastVote: UInt64?) {
            self.id = id
            self.name = name
            self.lastVote = lastVote
        }
    }

    /// A block in a list.
    public struct BlockLine: Sendable, Equatable {
        let height: UInt64
        let time: Moment
        let accepted: Int
        let rejected: Int
        let votes: Int
        let hash: String

        /// A block: counts of its statements and of the votes this node has for it.
        public init(height: UInt64, time: Moment, accepted: Int, rejected: Int, votes: Int, hash: String) {
            self.height = height
            self.time = time
            self.accepted = accepted
            self.rejected = rejected
            self.votes = votes
            self.hash = hash
        }
    }

    let name: String
    let ledgerID: String
    let height: UInt64
    let logSize: UInt64
    let headTime: Moment
    let quorum: Int
    let survivesLying: Int
    let survivesSilent: Int
    let members: [Member]
    let blocks: [BlockLine]
    let contradictions: [(member: String, height: UInt64)]
    let trouble: String?
    let resolutions: [String]

    /// A ledger as this node has it. `survivesLying` is 2q−n−1 and `survivesSilent` is n−q of its members; `contradictions` names those that
    /// signed two headers of one height; `trouble` is what keeps it from going on, and `resolutions` what members resolved about such, in words.
    public init(
        name: String, ledgerID: String, height: UInt64, logSize: UInt64, headTime: Moment, quorum: Int,
        survivesLying: Int, survivesSilent: Int, members: [Member], blocks: [BlockLine],
        contradictions: [(member: String, height: UInt64)] = [], trouble: String? = nil, resolutions: [String] = []
    ) {
        self.name = name
        self.ledgerID = ledgerID
        self.height = height
        self.logSize = logSize
        self.headTime = headTime
        self.quorum = quorum
        self.survivesLying = survivesLying
        self.survivesSilent = survivesSilent
        self.members = members
        self.blocks = blocks
        self.contradictions = contradictions
        self.trouble = trouble
        self.resolutions = resolutions
    }

    public var head: PageHead {
        PageHead(
            title: name, summary: "The ledger \(name): members, tolerance and latest blocks.",
            current: ExplorerPaths.ledger(ledgerID), isLive: true)
    }

    public struct View {
        let name: String
        let height: String
        let headTime: TimeView
        let facts: [Fact.View]
        let tolerance: String
        let warnings: [String]
        let members: Table.View
        let blocks: Table.View
        let checkpointURL: String
    }

    public func view() -> View {
        View(
            name: name, height: grouped(height), headTime: TimeView(headTime), facts: facts.map(\.view),
            tolerance: tolerance,
            warnings: (trouble.map { ["New records wait: \($0)."] } ?? []) + resolutions
                + contradictions.map {
                    "\($0.member) signed two blocks of height \(grouped($0.height)). Neither signature of it counts for the second, "
                        + "and both are kept as evidence."
                }, members: memberTable.view, blocks: blockTable.view,
            checkpointURL: "/log/\(ledgerID)/checkpoint")
    }

    private var facts: [Fact] {
        [
            Fact("Records in the log", grouped(logSize)),
            Fact("Signatures that make a block final", "\(quorum) of \(members.count)"),
            Fact(
                "Ledger id", ledgerID, style: .code,
                note: "The hash of the first block. Whoever knows it can check everything else."),
        ]
    }

    private var tolerance: String {
        func count(_ number: Int, _ one: String, _ many: String) -> String {
            number == 1 ? "one \(one)" : "\(number) \(many)"
        }
        let lying =
            survivesLying > 0
            ? "It stays correct even if \(count(survivesLying, "member lies", "members lie"))"
            : "It cannot stand a lying member"
        let silent =
            survivesSilent > 0
            ? "goes on if \(count(survivesSilent, "falls", "fall")) silent."
            : "stops when any member falls silent."
        return "\(lying), and \(silent)"
    }

    private var memberTable: Table {
        Table(
            caption: "Members", columns: [.init("Organisation"), .init("Last signed block", isNumeric: true)],
            rows: members.map { member in
                [
                    .text(member.name),
                    member.lastVote.map { .link(grouped($0), href: ExplorerPaths.block($0, ledger: ledgerID)) }
                        ?? .text("none of those listed"),
                ]
            },
            empty: .init("No members. A ledger is made with `cairn network init`."))
    }

    private var blockTable: Table {
        Table(
            caption: "Latest blocks",
            columns: [
                .init("Block", isNumeric: true), .init("Ledger time"), .init("Accepted", isNumeric: true),
                .init("Refused", isNumeric: true), .init("Signatures", isNumeric: true), .init("Hash"),
            ],
            rows: blocks.map { block in
                let href = ExplorerPaths.block(block.height, ledger: ledgerID)
                return [
                    .link(grouped(block.height), href: href), .time(block.time), .text("\(block.accepted)"),
                    .text("\(block.rejected)"), .text("\(block.votes)"),
                    .code(shortened(block.hash), href: href),
                ]
            },
            empty: .init("No block yet. The first appears when a statement is accepted."))
    }
}
