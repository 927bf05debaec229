/// Terms in words, as the party that signs them reads them: the text, its version and hash, what signing does, and the way
/// to sign.
public struct TermsPage: PortalPage {
    public static let templateName = "terms"
    /// The list of terms; a text lies at `/terms/<issuer>/<name>/<version>`.
    public static let path = "/terms"

    public static func path(issuer: String, name: String, version: String) -> String {
        "\(path)/\(issuer)/\(name)/\(version)"
    }

    /// A signature of the reader.
    public struct Signature: Sendable, Equatable {
        let version: String
        let signedAt: Moment
        let record: String

        /// - Parameter record: address of the record that holds it.
        public init(version: String, signedAt: Moment, record: String) {
            self.version = version
            self.signedAt = signedAt
            self.record = record
        }
    }

    let title: String
    let issuer: String
    let version: String
    let publishedAt: Moment
    let hash: String
    let text: String
    let copy: String
    let signature: Signature?
    let rehearsal: String?
    let form: Form?

    /// Terms.
    /// - Parameters:
    ///   - hash: SHA-256 of the text in hex.
    ///   - text: paragraphs between empty lines; one that begins with `# ` is a heading.
    ///   - copy: where the text is downloaded.
    ///   - rehearsal: what signing now would do; nil where it is signed.
    ///   - form: signs; nil where there is nothing to sign.
    public init(
        title: String, issuer: String, version: String, publishedAt: Moment, hash: String, text: String, copy: String,
        signature: Signature?, rehearsal: String?, form: Form?
    ) {
        self.title = title
        self.issuer = issuer
        self.version = version
        self.publishedAt = publishedAt
        self.hash = hash
        self.text = text
        self.copy = copy
        self.signature = signature
        self.rehearsal = rehearsal
        self.form = form
    }

    public var head: PageHead { PageHead(title: title, summary: "Terms of \(issuer)", width: .reading) }

    public struct View {
        let title: String
        let issuer: String
        let blocks: [BlockView]
        let facts: [Fact.View]
        let copyLink: String
        let rehearsal: String?
        let forms: [Form.View]
    }

    struct BlockView {
        let heading: String?
        let paragraph: String?
    }

    public func view() -> View {
        var facts = [
            Fact("Version", version), Fact("Published", publishedAt),
            Fact(
                "SHA-256", hash, style: .code,
                note: "of the text; it stands on the ledger, and your copy has the same"),
        ]
        if let signature {
            facts.append(
                Fact(
                    "Signed by you", "version \(signature.version), \(signature.signedAt.text)",
                    href: signature.record))
        }
        return View(
            title: title, issuer: issuer,
            blocks: text.split(separator: "\n\n").map { block in
                block.hasPrefix("# ")
                    ? BlockView(heading: String(block.dropFirst(2)), paragraph: nil)
                    : BlockView(heading: nil, paragraph: String(block))
            },
            facts: facts.map(\.view), copyLink: copy, rehearsal: rehearsal, forms: form.map { [$0.view] } ?? [])
    }
}
