/// A page that somebody works on: what is drawn, what is known, what can be done.
public struct WorkPage: PortalPage {
    public static let templateName = "work"

    let kicker: String
    let title: String
    let lead: String
    let notice: Notice?
    let facts: [Fact]
    let charts: [LineChart]
    let drawings: [Drawing]
    let tables: [Table]
    let forms: [Form]
    let current: String?

    /// An SVG drawing that says in words, too, what it shows.
    public struct Drawing: Sendable, Equatable {
        let title: String
        let svg: String

        public init(title: String, svg: String) {
            self.title = title
            self.svg = svg
        }
    }

    public init(
        kicker: String, title: String, lead: String = "", notice: Notice? = nil, facts: [Fact] = [],
        charts: [LineChart] = [], drawings: [Drawing] = [], tables: [Table] = [], forms: [Form] = [],
        current: String? = nil
    ) {
        self.kicker = kicker
        self.title = title
        self.lead = lead
        self.notice = notice
        self.facts = facts
        self.charts = charts
        self.drawings = drawings
        self.tables = tables
        self.forms = forms
        self.current = current
    }

    public var head: PageHead { PageHead(title: title, summary: lead, current: current, isLive: true) }

    public struct View {
        let kicker: String
        let workTitle: String
        let lead: String
        let notice: Notice.View?
        let hasFacts: Bool
        let facts: [Fact.View]
        let charts: [LineChart.View]
        let drawings: [DrawingView]
        let tables: [Table.View]
        let hasForms: Bool
        let forms: [Form.View]
    }

    struct DrawingView {
        let drawingTitle: String
        let svg: String
    }

    public func view() -> View {
        View(
            kicker: kicker, workTitle: title, lead: lead, notice: notice?.view, hasFacts: !facts.isEmpty,
            facts: facts.map(\.view), charts: charts.map(\.view),
            drawings: drawings.map { DrawingView(drawingTitle: $0.title, svg: $0.svg) }, tables: tables.map(\.view),
            hasForms: !forms.isEmpty, forms: forms.map(\.view))
    }
}
