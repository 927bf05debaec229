/// A grant as its reader sees it: the terms, and the readings that it opened.
public struct GrantPage: PortalPage {
    public static let templateName = "grant"

    /// Most charts on the page.
    public static let maximumCharts = 12

    let terms: SharedTerms
    let since: Moment
    let isLive: Bool
    let newKeys: Int
    let charts: [LineChart]
    let csrfToken: String

    /// A grant. `newKeys` counts keys that can be fetched and were not yet.
    public init(
        terms: SharedTerms, since: Moment, isLive: Bool, newKeys: Int, charts: [LineChart], csrfToken: String
    ) {
        self.terms = terms
        self.since = since
        self.isLive = isLive
        self.newKeys = newKeys
        self.charts = charts
        self.csrfToken = csrfToken
    }

    public var head: PageHead {
        PageHead(
            title: "Readings of \(terms.person)", summary: terms.purpose, current: SharingPaths.myData)
    }

    public struct View {
        let owner: String
        let backLink: String
        let isOver: Bool
        let facts: [Fact.View]
        let fetch: Form.View?
        let charts: [LineChart.View]
        let hasNothing: Bool
        let giveBack: Form.View?
    }

    public func view() -> View {
        View(
            owner: terms.person, backLink: SharingPaths.shared, isOver: !isLive,
            facts: [
                Fact("What", terms.channelList), Fact("Why", terms.purpose), Fact("Measured", terms.period),
                Fact("Since", since), Fact("Until", terms.until),
            ].map(\.view),
            fetch: isLive && newKeys > 0 ? fetchForm.view : nil, charts: charts.map(\.view),
            hasNothing: isLive && charts.isEmpty && newKeys == 0, giveBack: isLive ? giveBackForm.view : nil)
    }

    private var fetchForm: Form {
        Form(
            id: "fetch", title: newKeys == 1 ? "One key to fetch" : "\(newKeys) keys to fetch",
            action: SharingPaths.fetch(terms.id), fields: [], submit: "Fetch, and tell \(terms.person)",
            csrfToken: csrfToken)
    }

    private var giveBackForm: Form {
        Form(
            id: "give-back", title: "No longer needed?", action: SharingPaths.revoke, fields: [],
            fixed: [.init("grant", terms.id)], submit: "Give the access back", csrfToken: csrfToken)
    }
}
