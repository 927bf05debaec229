/// An error as a page: what happened, why, and what to do.
public struct ProblemPage: PortalPage {
    public static let templateName = "problem"

    let status: Int
    let title: String
    let reason: String
    let remedy: String
    let link: Site.Link

    /// An error. `status` is the HTTP status; `link` leads on.
    public init(
        status: Int, title: String, reason: String, remedy: String,
        link: Site.Link = .init(title: "Go to the start page", href: "/")
    ) {
        self.status = status
        self.title = title
        self.reason = reason
        self.remedy = remedy
        self.link = link
    }

    /// The page of an address that leads nowhere.
    public static let notFound = ProblemPage(
        status: 404, title: "There is nothing at this address",
        reason: "The address may be mistyped, or the record is not one that may be read without signing in.",
        remedy: "Check the address, or start again from the start page.")

    public var head: PageHead { PageHead(title: title, width: .reading) }

    public struct View {
        let status: String
        let title: String
        let reason: String
        let remedy: String
        let linkTitle: String
        let linkAddress: String
    }

    public func view() -> View {
        View(
            status: String(status), title: title, reason: reason, remedy: remedy, linkTitle: link.title,
            linkAddress: link.href)
    }
}
