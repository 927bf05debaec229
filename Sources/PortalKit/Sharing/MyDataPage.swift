/// An owner's readings: what there is, who may read it, who asks, and who did read.
public struct MyDataPage: PortalPage {
    public static let templateName = "my-data"

    /// A stream.
    public struct Stream: Sendable, Equatable {
        let name: String
        let channel: String
        let isPublished: Bool
        let readers: [String]
        let latest: Moment?

        /// A stream of the owner; `latest` is when its last reading on the ledger was measured.
        public init(name: String, channel: String, isPublished: Bool, readers: [String], latest: Moment?) {
            self.name = name
            self.channel = channel
            self.isPublished = isPublished
            self.readers = readers
            self.latest = latest
        }
    }

    /// A grant that was given.
    public struct Grant: Sendable, Equatable {
        let terms: SharedTerms
        let since: Moment
        let ended: Moment?
        let accesses: UInt64

        /// A grant; `ended` is nil while it holds, `accesses` counts how often keys were fetched.
        public init(terms: SharedTerms, since: Moment, ended: Moment?, accesses: UInt64) {
            self.terms = terms
            self.since = since
            self.ended = ended
            self.accesses = accesses
        }
    }

    /// An entry of the access log.
    public struct Access: Sendable, Equatable {
        let time: Moment
        let reader: String
        let channels: [String]
        let purpose: String
        let transactionID: String

        /// That keys were handed out.
        public init(time: Moment, reader: String, channels: [String], purpose: String, transactionID: String) {
            self.time = time
            self.reader = reader
            self.channels = channels
            self.purpose = purpose
            self.transactionID = transactionID
        }
    }

    let owner: String
    let ledgerID: String
    let csrfToken: String
    let streams: [Stream]
    let requests: [SharedTerms]
    let grants: [Grant]
    let accesses: [Access]

    /// The page of a signed-in owner.
    public init(
        owner: String, ledgerID: String, csrfToken: String, streams: [Stream], requests: [SharedTerms],
        grants: [Grant], accesses: [Access]
    ) {
        self.owner = owner
        self.ledgerID = ledgerID
        self.csrfToken = csrfToken
        self.streams = streams
        self.requests = requests
        self.grants = grants
        self.accesses = accesses
    }

    public var head: PageHead {
        PageHead(title: "My data", summary: "Who may read the readings of \(owner).", current: SharingPaths.myData)
    }

    public struct View {
        let owner: String
        let sharedLink: String
        let requests: Table.View
        let live: [GrantView]
        let nobody: Bool
        let unread: String
        let streams: Table.View
        let change: Form.View?
        let log: Table.View
        let ended: Table.View?
    }

    struct GrantView {
        let reader: String
        let facts: [Fact.View]
        let revoke: Form.View
    }

    public func view() -> View {
        let live = grants.filter { $0.ended == nil }
        return View(
            owner: owner, sharedLink: SharingPaths.shared, requests: requestTable.view, live: live.map(grantView),
            nobody: live.isEmpty, unread: SharingWords.unread, streams: streamTable.view,
            change: streams.isEmpty ? nil : changeForm.view, log: logTable.view,
            ended: live.count == grants.count ? nil : endedTable.view)
    }

    private func grantView(_ grant: Grant) -> GrantView {
        GrantView(
            reader: grant.terms.person,
            facts: [
                Fact("Reads", grant.terms.channelList), Fact("Why", grant.terms.purpose),
                Fact("Measured", grant.terms.period), Fact("Since", grant.since), Fact("Until", grant.terms.until),
                Fact("Keys fetched", grant.accesses == 1 ? "once" : "\(grant.accesses) times"),
            ].map(\.view),
            revoke: Form(
                id: "revoke-\(grant.terms.id)", title: "End this access", action: SharingPaths.revoke, fields: [],
                fixed: [.init("grant", grant.terms.id)], submit: "End access of \(grant.terms.person) now",
                csrfToken: csrfToken
            ).view)
    }

    private var requestTable: Table {
        Table(
            caption: "Waiting for your answer",
            columns: [.init("Who"), .init("What"), .init("Why"), .init("Until"), .init("Answer")],
            rows: requests.map {
                [
                    .text($0.person), .text($0.channelList), .text($0.purpose), .time($0.until),
                    .link("Look and decide", href: SharingPaths.request($0.id)),
                ]
            },
            empty: .init("Nobody asks for your data. Requests appear here, and nothing is shared before you answer."))
    }

    private var streamTable: Table {
        Table(
            caption: "Your readings",
            columns: [.init("Channel"), .init("Who can read it"), .init("Last measured")],
            rows: streams.map { stream in
                [
                    .text(stream.channel),
                    stream.isPublished
                        ? .mark("Everybody", .neutral)
                        : .text((["You"] + stream.readers).joined(separator: ", ")),
                    stream.latest.map { .time($0) } ?? .text("nothing yet"),
                ]
            },
            empty: .init("No readings yet. They appear when a gateway has brought the first batch to the ledger."))
    }

    private var changeForm: Form {
        Form(
            id: "change-stream", title: "Change a channel", action: SharingPaths.change,
            fields: [
                Form.Field(
                    "stream", label: "Channel", kind: .choice(streams.map { .init($0.name, $0.channel) })),
                Form.Field(
                    "change", label: "Do this",
                    kind: .choice([
                        .init("unpublish", "Close it: only you and those you allow"),
                        .init("publish", "Publish it: everybody, for good"),
                        .init("rotate", "Lock new readings with a new key now"),
                    ]), hint: "What was published once stays readable for everybody."),
            ], submit: "Change the channel", csrfToken: csrfToken)
    }

    private var logTable: Table {
        Table(
            caption: "Who read what",
            columns: [.init("When"), .init("Who"), .init("What"), .init("Why"), .init("Record")],
            rows: accesses.map {
                [
                    .time($0.time), .text($0.reader), .text($0.channels.joined(separator: ", ")), .text($0.purpose),
                    .code(
                        shortened($0.transactionID),
                        href: ExplorerPaths.transaction($0.transactionID, ledger: ledgerID)),
                ]
            },
            empty: .init("Nobody has read your closed channels. Each access appears here before the reader gets a key.")
        )
    }

    private var endedTable: Table {
        Table(
            caption: "Access that ended",
            columns: [.init("Who"), .init("What"), .init("Why"), .init("Since"), .init("Ended")],
            rows: grants.compactMap { grant in
                grant.ended.map {
                    [
                        .text(grant.terms.person), .text(grant.terms.channelList), .text(grant.terms.purpose),
                        .time(grant.since), .time($0),
                    ]
                }
            }, empty: .init("None."))
    }
}
