import PortalKit

/// The testing agency's page: what awaits a test, and what was reported.
public struct LaboratoryPage: PortalPage {
    public static let templateName = "agriculture/laboratory"

    /// A test that a lot still needs.
    public struct Awaited: Sendable, Equatable {
        let lot: String
        let product: String
        let sampleID: String
        let sampled: Moment
        let analyte: String
        let href: String

        /// A test to do; `href` is its form.
        public init(lot: String, product: String, sampleID: String, sampled: Moment, analyte: String, href: String) {
            self.lot = lot
            self.product = product
            self.sampleID = sampleID
            self.sampled = sampled
            self.analyte = analyte
            self.href = href
        }
    }

    let agency: String
    let accreditation: String
    let isAccredited: Bool
    let awaited: [Awaited]
    let results: [TestResult]
    let sent: [SentRecord]
    let notice: Notice?

    /// An agency's page; `accreditation` in words such as "ISO/IEC 17025, D-PL-1 until 31 Dec 2026".
    public init(
        agency: String, accreditation: String, isAccredited: Bool, awaited: [Awaited], results: [TestResult],
        sent: [SentRecord], notice: Notice? = nil
    ) {
        self.agency = agency
        self.accreditation = accreditation
        self.isAccredited = isAccredited
        self.awaited = awaited
        self.results = results
        self.sent = sent
        self.notice = notice
    }

    public var head: PageHead { PageHead(title: agency, isLive: true) }

    public struct View {
        let agency: String
        let accreditation: String
        let accreditationTone: String
        let notice: Notice.View?
        let awaited: Table.View
        let results: Table.View
        let sent: Table.View
    }

    public func view() -> View {
        View(
            agency: agency, accreditation: accreditation, accreditationTone: isAccredited ? "good" : "bad",
            notice: notice?.view, awaited: awaitedTable.view, results: resultTable.view,
            sent: SentRecord.table(sent).view)
    }

    private var awaitedTable: Table {
        Table(
            caption: "Awaiting a test",
            columns: [.init("Lot"), .init("Product"), .init("Sample"), .init("Taken"), .init("Test"), .init("Next")],
            rows: awaited.map {
                [
                    .text($0.lot), .text($0.product), .code($0.sampleID, href: nil), .time($0.sampled),
                    .text($0.analyte), .link("Enter the result", href: $0.href),
                ]
            },
            empty: .init("Nothing awaits a test. New lots appear when a sample is taken from them."))
    }

    private var resultTable: Table {
        results.isEmpty
            ? Table(
                caption: "Reported results", columns: [], rows: [],
                empty: .init("No result reported yet. Enter the first from the list above."))
            : TestResult.table(results)
    }
}

/// The form in which an agency reports one result.
public struct LaboratoryReportPage: PortalPage {
    public static let templateName = "agriculture/entry"

    let lot: String
    let product: String
    let analyte: String
    let form: Form
    let back: Site.Link

    /// The form of a result. It posts `value, limit, method, sample, documentHash` and, fixed, `lot, analyte, unit`.
    public init(
        lot: String, product: String, analyte: String, unit: String, limit: String, method: String,
        sampleID: String, action: String, csrfToken: String, laboratoryURL: String, problem: String? = nil
    ) {
        self.lot = lot
        self.product = product
        self.analyte = analyte
        let number = Form.Kind.number(unit: unit, step: "any")
        form = Form(
            id: "report", title: "Result for \(analyte)", action: action,
            fields: [
                Form.Field("value", label: "Found", kind: number),
                Form.Field("limit", label: "Limit", kind: number, hint: "Highest value allowed.", value: limit),
                Form.Field("method", label: "Method", kind: .text(maximumLength: 60), value: method),
                Form.Field("sample", label: "Sample id", kind: .text(maximumLength: 40), value: sampleID),
                Form.Field(
                    "documentHash", label: "SHA-256 of the signed report", kind: .text(maximumLength: 64),
                    hint: "64 hexadecimal digits. The report itself stays with you."),
            ],
            fixed: [.init("lot", lot), .init("analyte", analyte), .init("unit", unit)],
            submit: "Sign and report", csrfToken: csrfToken, problem: problem)
        back = Site.Link(title: "Back to the list", href: laboratoryURL)
    }

    public var head: PageHead { PageHead(title: "Result for \(analyte)", width: .reading) }

    public func view() -> EntryView {
        EntryView(form: form, back: back, facts: [Fact("Lot", lot), Fact("Product", product)])
    }
}
