/// What is held about a person: to see, change, take along and erase, with the periods that apply.
public struct PersonalPage: PortalPage {
    public static let templateName = "personal"
    public static let path = "/account/personal"
    /// Where `id`, `reason` and `confirm` are posted.
    public static let erasePath = "\(path)/erase"
    /// What has to be written before anything is erased.
    public static let confirmation = "erase"

    /// A field that is filled in.
    public struct Value: Sendable {
        let name: String
        let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A record that is kept.
    public struct Record: Sendable {
        let id: String
        let title: String
        let holder: String
        let fields: [Value]
        let until: Moment
        let isDue: Bool
        let transaction: String?

        /// - Parameters:
        ///   - isDue: whether it need not be kept any longer.
        ///   - transaction: of its commitment, hex; nil while it is not final.
        public init(
            id: String, title: String, holder: String, fields: [Value], until: Moment, isDue: Bool,
            transaction: String?
        ) {
            self.id = id
            self.title = title
            self.holder = holder
            self.fields = fields
            self.until = until
            self.isDue = isDue
            self.transaction = transaction
        }
    }

    /// A record that is gone.
    public struct Erased: Sendable {
        let title: String
        let reason: String
        let time: Moment?
        let transaction: String?

        /// - Parameter transaction: of the erasure, hex; nil while it is not final.
        public init(title: String, reason: String, time: Moment?, transaction: String?) {
            self.title = title
            self.reason = reason
            self.time = time
            self.transaction = transaction
        }
    }

    /// A line of the retention table.
    public struct Rule: Sendable {
        let dataClass: String
        let title: String
        let days: UInt64
        let why: String
        let law: String

        public init(dataClass: String, title: String, days: UInt64, why: String, law: String) {
            self.dataClass = dataClass
            self.title = title
            self.days = days
            self.why = why
            self.law = law
        }
    }

    let ledgerID: String
    let organisation: String
    let organisationCount: Int?
    let records: [Record]
    let erased: [Erased]
    let rules: [Rule]
    let csrfToken: String

    /// - Parameter organisationCount: records that the organisation keeps of all its people; nil for who may not know.
    public init(
        ledgerID: String, organisation: String, organisationCount: Int?, records: [Record], erased: [Erased],
        rules: [Rule], csrfToken: String
    ) {
        self.ledgerID = ledgerID
        self.organisation = organisation
        self.organisationCount = organisationCount
        self.records = records
        self.erased = erased
        self.rules = rules
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "Personal data about me", current: "/account") }
}

extension PersonalPage {
    public struct View {
        let isNothingHeld: Bool
        let records: [RecordView]
        let erased: Table.View?
        let count: String?
        let keep: Form.View
        let rules: Table.View
    }

    struct RecordView {
        let title: String
        let facts: [Fact.View]
        let erase: Form.View
    }

    public func view() -> View {
        View(
            isNothingHeld: records.isEmpty, records: records.map(recordView),
            erased: erased.isEmpty ? nil : erasures.view,
            count: organisationCount.map {
                "\(organisation) keeps \($0) \($0 == 1 ? "record" : "records") about its people."
            },
            keep: Form(
                id: "keep", title: "Add or change", action: Self.path,
                fields: [
                    .init("class", label: "What for", kind: .choice(rules.map { .init($0.dataClass, $0.title) })),
                    .init("name", label: "Name", kind: .text(maximumLength: 200), isRequired: false),
                    .init("phone", label: "Phone", kind: .text(maximumLength: 200), isRequired: false),
                    .init("address", label: "Address", kind: .text(maximumLength: 200), isRequired: false),
                    .init("plate", label: "Number plate", kind: .text(maximumLength: 200), isRequired: false),
                ], submit: "Keep it, in place of the former", csrfToken: csrfToken
            ).view,
            rules: Table(
                caption: "How long it is kept",
                columns: [.init("What"), .init("Days", isNumeric: true), .init("Why"), .init("Law")],
                rows: rules.map { [.text($0.title), .text(String($0.days)), .text($0.why), .text($0.law)] },
                empty: .init("No class is set up, so nothing can be kept.")
            ).view)
    }

    private func recordView(_ record: Record) -> RecordView {
        let proof = record.transaction.map {
            Fact(
                "Commitment on the ledger", shortened($0), style: .code,
                href: ExplorerPaths.transaction($0, ledger: ledgerID))
        }
        let facts =
            record.fields.map { Fact($0.name, $0.value) } + [
                Fact("Kept by", record.holder),
                Fact("Kept until", record.until, note: record.isDue ? "This time is over: erase it." : nil),
                proof ?? Fact("Commitment on the ledger", "not final yet"),
            ]
        var reasons: [Form.Choice] = [
            .init("asked", "I want it gone"), .init("consent-withdrawn", "I take my consent back"),
        ]
        if record.isDue { reasons.insert(.init("retention-ended", "Its time is over"), at: 0) }
        return RecordView(
            title: record.title, facts: facts.map(\.view),
            erase: Form(
                id: "erase-\(record.id.prefix(12))", title: "Erase for good", action: Self.erasePath,
                fields: [
                    .init("reason", label: "Why", kind: .choice(reasons)),
                    .init(
                        "confirm", label: "Write \(Self.confirmation) to confirm", kind: .text(maximumLength: 10),
                        hint: "The key is destroyed. Nobody, not even we, can bring it back."),
                ], fixed: [.init("id", record.id)], submit: "Erase", csrfToken: csrfToken
            ).view)
    }

    private var erasures: Table {
        Table(
            caption: "Erased", columns: [.init("What"), .init("Why"), .init("When"), .init("Receipt")],
            rows: erased.map { gone in
                [
                    .text(gone.title), .text(gone.reason), gone.time.map { .time($0) } ?? .text("just now"),
                    gone.transaction.map {
                        .code(shortened($0), href: ExplorerPaths.transaction($0, ledger: ledgerID))
                    } ?? .text("not final yet"),
                ]
            }, empty: .init("Nothing was erased."))
    }
}
