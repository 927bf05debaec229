/// A page of the portal: a plain model, and the view that its template is filled with.
public protocol PortalPage: Sendable {
    /// What the template sees. Its stored properties are the template's names.
    associatedtype View
    /// The template between header and footer, for example `agriculture/box`.
    static var templateName: String { get }
    /// Title, width and navigation of the page.
    var head: PageHead { get }
    /// Makes the view. Pure: the same model gives the same view.
    func view() -> View
}

/// What the frame needs to know about a page.
public struct PageHead: Sendable, Equatable {
    /// How wide the text runs on a large screen.
    public enum Width: String, Sendable {
        /// One column to read, for consumers.
        case reading
        /// Tables beside one another, for those who work with the portal.
        case working
    }

    /// For the browser's tab, without the site's name.
    public let title: String
    /// One sentence for previews.
    public let summary: String
    /// See ``Width``.
    public let width: Width
    /// The address of the navigation entry to mark as current, if any.
    public let current: String?
    /// Whether the page follows the ledger: its content is fetched again when a block becomes final.
    public let isLive: Bool

    /// A head; `isLive` makes the page follow the site's event stream.
    public init(
        title: String, summary: String = "", width: Width = .working, current: String? = nil,
        isLive: Bool = false
    ) {
        self.title = title
        self.summary = summary
        self.width = width
        self.current = current
        self.isLive = isLive
    }
}

/// Who is signed in, as the header shows it.
public struct Visitor: Sendable, Equatable {
    /// Display name.
    public let name: String
    /// The organisation he acts for.
    public let organisation: String
    /// Where a POST ends the session.
    public let signOutURL: String
    /// Anti-forgery token for that POST.
    public let csrfToken: String
    /// Whether the visitor may read the whole ledger, its events among it.
    public let readsLedger: Bool

    /// A signed-in visitor.
    public init(
        name: String, organisation: String, signOutURL: String, csrfToken: String, readsLedger: Bool = true
    ) {
        self.name = name
        self.organisation = organisation
        self.signOutURL = signOutURL
        self.csrfToken = csrfToken
        self.readsLedger = readsLedger
    }
}
