import PortalKit

/// A sheet of labels to print and to put on boxes: a QR symbol with the GS1 Digital Link, the code in letters, the date.
public struct LabelSheetPage: PortalPage {
    public static let templateName = "agriculture/labels"

    /// A label of one box.
    public struct Label: Sendable, Equatable {
        let code: BoxCode
        let digitalLink: String
        let lines: [String]
        let tag: (urn: String, hex: String)?

        /// A label; `digitalLink` is the absolute URI that the symbol holds, `lines` are what the market wants on it, `tag` is the same code for
        /// a radio tag.
        public init(code: BoxCode, digitalLink: String, lines: [String], tag: (urn: String, hex: String)? = nil) {
            self.code = code
            self.digitalLink = digitalLink
            self.lines = lines
            self.tag = tag
        }

        public static func == (one: Label, other: Label) -> Bool {
            one.code == other.code && one.digitalLink == other.digitalLink && one.lines == other.lines
                && one.tag?.hex == other.tag?.hex
        }
    }

    let product: String
    let labels: [Label]
    let back: Site.Link

    /// A sheet; `back` leads to the page where the labels are confirmed once they are on their boxes.
    public init(product: String, labels: [Label], back: Site.Link) {
        self.product = product
        self.labels = labels
        self.back = back
    }

    public var head: PageHead { PageHead(title: "Labels of \(product)") }

    public struct View {
        let product: String
        let labels: [LabelView]
        let isEmpty: Bool
        let backTitle: String
        let backLink: String
    }

    struct LabelView {
        let symbol: String
        let printedCode: String
        let lines: [String]
        let tagWords: String?
    }

    public func view() -> View {
        View(
            product: product,
            labels: labels.map { label in
                // A link too long for a symbol leaves the letters, from which the code can be typed.
                let symbol = (try? QRCode(label.digitalLink))?.svg(title: "QR symbol of \(label.code.printed)")
                return LabelView(
                    symbol: symbol ?? "", printedCode: label.code.printed, lines: label.lines,
                    tagWords: label.tag.map { "\($0.urn) \($0.hex)" })
            },
            isEmpty: labels.isEmpty, backTitle: back.title, backLink: back.href)
    }
}
