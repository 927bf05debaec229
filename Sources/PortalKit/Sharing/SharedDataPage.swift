/// What a reader may read, what was asked for, and a form to ask.
public struct SharedDataPage: PortalPage {
    public static let templateName = "shared-data"

    /// A grant that was received.
    public struct Grant: Sendable, Equatable {
        let terms: SharedTerms
        let ended: Moment?

        /// A grant; `ended` is nil while it holds.
        public init(terms: SharedTerms, ended: Moment?) {
            self.terms = terms
            self.ended = ended
        }
    }

    /// A request that was made.
    public struct Request: Sendable, Equatable {
        let terms: SharedTerms
        let answer: String

        /// A request with its answer in a word.
        public init(terms: SharedTerms, answer: String) {
            self.terms = terms
            self.answer = answer
        }
    }

    /// Longest purpose, in characters that people type.
    public static let maximumPurpose = 200

    let reader: String
    let csrfToken: String
    let grants: [Grant]
    let requests: [Request]
    let owners: [Form.Choice]
    let today: Day

    /// The page of a signed-in reader; `owners` are those who have readings.
    public init(
        reader: String, csrfToken: String, grants: [Grant], requests: [Request], owners: [Form.Choice], today: Day
    ) {
        self.reader = reader
        self.csrfToken = csrfToken
        self.grants = grants
        self.requests = requests
        self.owners = owners
        self.today = today
    }

    public var head: PageHead {
        PageHead(
            title: "Shared with me", summary: "What \(reader) may read of others.", current: SharingPaths.myData)
    }

    public struct View {
        let reader: String
        let myDataLink: String
        let grants: Table.View
        let requests: Table.View
        let ask: Form.View?
    }

    public func view() -> View {
        View(
            reader: reader, myDataLink: SharingPaths.myData, grants: grantTable.view, requests: requestTable.view,
            ask: owners.isEmpty ? nil : askForm.view)
    }

    private var grantTable: Table {
        Table(
            caption: "What you may read",
            columns: [.init("Whose"), .init("What"), .init("Why"), .init("Until"), .init("Readings")],
            rows: grants.map { grant in
                [
                    .text(grant.terms.person), .text(grant.terms.channelList), .text(grant.terms.purpose),
                    .time(grant.ended ?? grant.terms.until),
                    grant.ended == nil
                        ? .link("Look at them", href: SharingPaths.grant(grant.terms.id)) : .mark("Ended", .neutral),
                ]
            },
            empty: .init("Nobody shares readings with you. Ask an owner below; they decide."))
    }

    private var requestTable: Table {
        Table(
            caption: "What you asked for",
            columns: [.init("Whom"), .init("What"), .init("Why"), .init("Answer")],
            rows: requests.map {
                [
                    .text($0.terms.person), .text($0.terms.channelList), .text($0.terms.purpose),
                    .mark($0.answer, .neutral),
                ]
            },
            empty: .init("No requests yet."))
    }

    private var askForm: Form {
        Form(
            id: "ask", title: "Ask for readings", action: SharingPaths.ask,
            fields: [
                Form.Field("owner", label: "Whose readings", kind: .choice(owners)),
                Form.Field(
                    "channels", label: "Channels", kind: .text(maximumLength: 400),
                    hint: "Their names with commas between, for example soil, air. Ask for no more than you need."),
                Form.Field(
                    "purpose", label: "What for", kind: .text(maximumLength: Self.maximumPurpose),
                    hint: "The owner reads this sentence and decides by it."),
                Form.Field(
                    "from", label: "Measured from", kind: .date, value: today.iso),
                Form.Field(
                    "until", label: "Access until", kind: .date,
                    value: Day(daysSinceEpoch: today.daysSinceEpoch + 30).iso),
            ], submit: "Ask the owner", csrfToken: csrfToken)
    }
}
