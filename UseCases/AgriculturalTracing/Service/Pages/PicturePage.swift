import PortalKit

/// The form in which somebody publishes a picture of a plot or lot; parts of it are blurred in the browser.
public struct PicturePage: PortalPage {
    public static let templateName = "agriculture/picture"

    /// What a picture can be of.
    public struct Place: Sendable, Equatable {
        let subject: String
        let words: String

        /// For example `lot:88` and "Lot 88".
        public init(_ subject: String, _ words: String) {
            self.subject = subject
            self.words = words
        }
    }

    let places: [Place]
    let action: String
    let documents: String
    let csrfToken: String
    let back: Site.Link

    /// A form that posts `about, caption, document, original` to `action` and the bytes to `documents` + hash.
    public init(places: [Place], action: String, documents: String, csrfToken: String, back: Site.Link) {
        self.places = places
        self.action = action
        self.documents = documents
        self.csrfToken = csrfToken
        self.back = back
    }

    public var head: PageHead { PageHead(title: "Picture", width: .reading) }

    public struct View {
        let places: [PlaceView]
        let action: String
        let documents: String
        let csrf: String
        let backTitle: String
        let backLink: String
    }

    struct PlaceView {
        let placeValue: String
        let placeLabel: String
    }

    public func view() -> View {
        View(
            places: places.map { PlaceView(placeValue: $0.subject, placeLabel: $0.words) }, action: action,
            documents: documents, csrf: csrfToken, backTitle: back.title, backLink: back.href)
    }
}
