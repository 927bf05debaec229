import Foundation
import Mustache

/// Turns page models into complete HTML documents and serves the files that they refer to.
///
/// A page is a pair: a plain model that whoever knows the ledger fills, and a view made from it alone. Rendering is a
/// function of the model and the site, so a page can be compared with a snapshot and never reads a database.
public struct Portal: Sendable {
    /// Headers that every page is served with. Scripts, styles, images and connections are first-party only, and
    /// nothing of the address leaks to a site that a link leads to.
    public static let securityHeaders: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]

    /// What is the same on every page.
    public let site: Site
    private let library: MustacheLibrary
    private let assets: [String: PortalAsset]

    /// Loads PortalKit's templates and assets, and the folders of the use cases.
    /// - Throws: ``PortalError`` when a folder is missing or a template does not parse.
    public init(site: Site, templates folders: [TemplateFolder] = []) throws(PortalError) {
        self.site = site
        var library = MustacheLibrary()
        for folder in [TemplateFolder.portal] + folders {
            for (name, text) in try folder.read() {
                do {
                    try library.register(text, named: name)
                } catch {
                    throw PortalError(.templateMalformed, "\(name).mustache: \(error); correct the template")
                }
            }
        }
        self.library = library
        self.assets = try PortalAsset.loadAll()
    }

    /// Renders a whole document.
    /// - Parameters:
    ///   - page: the page's model.
    ///   - visitor: who is signed in, if anyone; decides the name shown in the header.
    /// - Throws: ``PortalError/Code/templateUnknown`` when the page's template folder was not given to `init`.
    public func render(_ page: some PortalPage, for visitor: Visitor? = nil) throws(PortalError) -> String {
        let content = try fill(type(of: page).templateName, with: page.view())
        let layout = LayoutView(site: site, head: page.head, visitor: visitor, content: content)
        return try fill("layout", with: layout)
    }

    /// Renders the part of a page between header and footer, as the live update replaces it.
    public func renderContent(_ page: some PortalPage) throws(PortalError) -> String {
        try fill(type(of: page).templateName, with: page.view())
    }

    /// The file served at `/assets/<name>`, or nil. `verify.html` is the verifier in one file.
    public func asset(named name: String) -> PortalAsset? { assets[name] }

    /// The names that ``asset(named:)`` knows, in order.
    public var assetNames: [String] { assets.keys.sorted() }

    private func fill(_ name: String, with view: Any) throws(PortalError) -> String {
        guard let text = library.render(view, withTemplate: name) else {
            throw PortalError(.templateUnknown, "\(name): give the use case's template folder to Portal.init")
        }
        return text
    }
}
