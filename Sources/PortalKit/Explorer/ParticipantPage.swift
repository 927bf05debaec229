/// A person or organisation on a ledger: who vouches for it, its keys, what it said last.
public struct ParticipantPage: PortalPage {
    public static let templateName = "participant"

    /// A key of a participant.
    public struct Key: Sendable, Equatable {
        let kid: String
        let algorithm: String
        let from: UInt64
        let until: UInt64?

        /// A key, valid from one height to before another; nil means still valid.
        public init(kid: String, algorithm: String, from: UInt64, until: UInt64?) {
            self.kid = kid
            self.algorithm = algorithm
            self.from = from
            self.until = until
        }
    }

    /// A statement in a list.
    public struct StatementLine: Sendable, Equatable {
        let id: String
        let time: Moment
        let operation: String
        let subject: String

        /// A statement by the participant.
        public init(id: String, time: Moment, operation: String, subject: String) {
            self.id = id
            self.time = time
            self.operation = operation
            self.subject = subject
        }
    }

    let ledgerName: String
    let ledgerID: String
    let id: String
    let name: String
    let organisation: String
    let roles: [String]
    let vouchedBy: String?
    let validUntil: Moment?
    let isRevoked: Bool
    let keys: [Key]
    let statements: [StatementLine]

    /// A participant.
    public init(
        ledgerName: String, ledgerID: String, id: String, name: String, organisation: String, roles: [String],
        vouchedBy: String?, validUntil: Moment?, isRevoked: Bool, keys: [Key], statements: [StatementLine]
    ) {
        self.ledgerName = ledgerName
        self.ledgerID = ledgerID
        self.id = id
        self.name = name
        self.organisation = organisation
        self.roles = roles
        self.vouchedBy = vouchedBy
        self.validUntil = validUntil
        self.isRevoked = isRevoked
        self.keys = keys
        self.statements = statements
    }

    public var head: PageHead {
        PageHead(title: name, summary: "\(name), \(organisation), on the ledger \(ledgerName).")
    }

    public struct View {
        let name: String
        let ledgerName: String
        let ledgerLink: String
        let vouching: String
        let vouchTone: String
        let facts: [Fact.View]
        let keys: Table.View
        let statements: Table.View
    }

    public func view() -> View {
        View(
            name: name, ledgerName: ledgerName, ledgerLink: ExplorerPaths.ledger(ledgerID),
            vouching: vouching, vouchTone: isRevoked ? "bad" : vouchedBy == nil ? "neutral" : "good",
            facts: facts.map(\.view), keys: keyTable.view, statements: statementTable.view)
    }

    private var vouching: String {
        if isRevoked { return "Revoked: new statements are refused, earlier ones still verify" }
        guard let vouchedBy else { return "Named in the ledger's first block" }
        return "Vouched for by \(vouchedBy)" + (validUntil.map { " until \($0.day.text)" } ?? "")
    }

    private var facts: [Fact] {
        [
            Fact("Organisation", organisation), Fact("Roles", roles.joined(separator: ", ")),
            Fact("Participant id", id, style: .code),
        ]
    }

    private var keyTable: Table {
        Table(
            caption: "Keys",
            columns: [
                .init("Key"), .init("Algorithm"), .init("Valid from block", isNumeric: true),
                .init("Until block", isNumeric: true),
            ],
            rows: keys.map { key in
                [
                    .code(shortened(key.kid), href: nil), .text(key.algorithm),
                    .link(grouped(key.from), href: ExplorerPaths.block(key.from, ledger: ledgerID)),
                    key.until.map { .link(grouped($0), href: ExplorerPaths.block($0, ledger: ledgerID)) }
                        ?? .mark("Valid", .good),
                ]
            },
            empty: .init("No keys. A registrar enrols one with `cairn participant enrol`."))
    }

    private var statementTable: Table {
        Table(
            caption: "Latest statements",
            columns: [.init("Operation"), .init("About"), .init("Registered"), .init("Id")],
            rows: statements.map { line in
                let href = ExplorerPaths.transaction(line.id, ledger: ledgerID)
                return [
                    .link(line.operation, href: href), .text(line.subject), .time(line.time),
                    .code(shortened(line.id), href: href),
                ]
            },
            empty: .init("No statements yet. They appear here when a block with one is final."))
    }
}
