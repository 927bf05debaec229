import PortalKit

/// A sheet of labels to print and to put on boxes: a QR symbol with the GS1 Digital Link, the code in letters, the date.
public struct LabelSheetPage: PortalPage {
    public static let templateName = "agriculture/labels"

    /// A label of one box.
    public struct Label: Sendable, Equatable {
        let code: BoxCode
        let digitalLink: String
        let useBy: Day

        /// A label; `digitalLink` is the absolute URI that the symbol holds.
        public init(code: BoxCode, digitalLink: String, useBy: Day) {
            self.code = code
            self.digitalLink = digitalLink
            self.useBy = useBy
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
        let useBy: String
    }

    public func view() -> View {
        View(
            product: product,
            labels: labels.map { label in
                // A link too long for a symbol leaves the letters, from which the code can be typed.
                let symbol = (try? QRCode(label.digitalLink))?.svg(title: "QR symbol of \(label.code.printed)")
                return LabelView(symbol: symbol ?? "", printedCode: label.code.printed, useBy: label.useBy.text)
            },
            isEmpty: labels.isEmpty, backTitle: back.title, backLink: back.href)
    }
}
