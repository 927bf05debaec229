/// What is the same on every page of a portal.
public struct Site: Sendable, Equatable {
    /// A place in the header's navigation.
    public struct Link: Sendable, Equatable {
        /// Words of the link.
        public let title: String
        /// Path on this host.
        public let href: String
        /// Whether a visitor who is not signed in may go there.
        public let isPublic: Bool
        /// Whether only those who may read the whole ledger may go there.
        public let isForReaders: Bool

        /// A link to a path on this host.
        public init(title: String, href: String, isPublic: Bool = true, isForReaders: Bool = false) {
            self.title = title
            self.href = href
            self.isPublic = isPublic
            self.isForReaders = isForReaders
        }
    }

    /// Name of the portal.
    public let name: String
    /// Who runs this node, named in the footer.
    public let operatorName: String
    /// Entries of the header's navigation; up to four fit a phone.
    public let navigation: [Link]
    /// Whether the records come from simulators. Every page then says so: sample records must never pass as real.
    public let showsDemoRecords: Bool
    /// Server-sent events that announce final blocks, or nil for a portal without live updates.
    public let eventsURL: String?

    /// A site. Limit the navigation to four entries.
    public init(
        name: String, operatorName: String, navigation: [Link], showsDemoRecords: Bool,
        eventsURL: String? = "/api/v1/events"
    ) {
        self.name = name
        self.operatorName = operatorName
        self.navigation = navigation
        self.showsDemoRecords = showsDemoRecords
        self.eventsURL = eventsURL
    }
}

/// What `layout.mustache` is filled with.
struct LayoutView {
    struct NavigationView {
        let title: String
        let href: String
        let isCurrent: Bool
    }

    let siteName: String
    let operatorName: String
    let title: String
    let summary: String
    let widthClass: String
    let navigation: [NavigationView]
    let showsDemoRecords: Bool
    let eventsURL: String?
    let hasVisitor: Bool
    let visitorName: String
    let visitorOrganisation: String
    let signOutURL: String
    let csrfToken: String
    let content: String

    init(site: Site, head: PageHead, visitor: Visitor?, content: String) {
        siteName = site.name
        operatorName = site.operatorName
        title = head.title
        summary = head.summary
        widthClass = head.width.rawValue
        navigation = site.navigation.filter {
            ($0.isPublic || visitor != nil) && (!$0.isForReaders || visitor?.readsLedger == true)
        }.map {
            NavigationView(title: $0.title, href: $0.href, isCurrent: $0.href == head.current)
        }
        showsDemoRecords = site.showsDemoRecords
        eventsURL = head.isLive && visitor != nil ? site.eventsURL : nil
        hasVisitor = visitor != nil
        visitorName = visitor?.name ?? ""
        visitorOrganisation = visitor.map { $0.organisation == $0.name ? "" : $0.organisation } ?? ""
        signOutURL = visitor?.signOutURL ?? ""
        csrfToken = visitor?.csrfToken ?? ""
        self.content = content
    }
}
