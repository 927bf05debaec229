/// A request to read someone's data, in plain words, for the owner to decide on: what, to whom, why, until when.
public struct ConsentPage: PortalPage {
    public static let templateName = "consent"

    /// The name of the field that allows a channel, and the start of its name.
    public static func field(_ channel: String) -> String { "channel-\(channel)" }

    let terms: SharedTerms
    let organisation: String
    let vouchedBy: String
    let isOpen: Bool
    let csrfToken: String

    /// A request.
    /// - Parameters:
    ///   - organisation: which the reader belongs to.
    ///   - vouchedBy: who vouches for the reader.
    ///   - isOpen: it waits for an answer.
    public init(terms: SharedTerms, organisation: String, vouchedBy: String, isOpen: Bool, csrfToken: String) {
        self.terms = terms
        self.organisation = organisation
        self.vouchedBy = vouchedBy
        self.isOpen = isOpen
        self.csrfToken = csrfToken
    }

    public var head: PageHead {
        PageHead(
            title: "\(terms.person) asks to read your data", summary: terms.purpose, width: .reading,
            current: SharingPaths.myData)
    }

    public struct View {
        let reader: String
        let organisation: String
        let vouchedBy: String
        let purpose: String
        let measured: String
        let until: TimeView
        let backLink: String
        let isOpen: Bool
        let action: String
        let csrfName: String
        let csrfToken: String
        let channels: [ChannelView]
        let periods: String
        let unread: String
    }

    struct ChannelView {
        let channel: String
        let channelField: String
    }

    public func view() -> View {
        View(
            reader: terms.person, organisation: organisation, vouchedBy: vouchedBy, purpose: terms.purpose,
            measured: "from \(terms.from.day.text) "
                + (terms.to.map { "to \($0.day.text)" } ?? "on, and all that comes until access ends"),
            until: TimeView(terms.until), backLink: SharingPaths.myData, isOpen: isOpen,
            action: SharingPaths.answer(terms.id), csrfName: Form.csrfFieldName, csrfToken: csrfToken,
            channels: terms.channels.map { ChannelView(channel: $0, channelField: Self.field($0)) },
            periods: SharingWords.periods, unread: SharingWords.unread)
    }
}
