import PortalKit

/// An application or a cover. The farmer and the institution see the same page, so that the one knows what the other
/// sees.
public struct CasePage: PortalPage {
    public static let templateName = "fish/case"

    let kicker: String
    let title: String
    let facts: [Fact]
    let reasons: [String]
    let inputs: [[Table.Cell]]
    let forms: [Form]
    let sequenceURL: String

    /// A case; `inputs` are rows of what was looked at and its value when the farmer applied.
    public init(
        kicker: String, title: String, facts: [Fact], reasons: [String], inputs: [[Table.Cell]], forms: [Form],
        sequenceURL: String
    ) {
        self.kicker = kicker
        self.title = title
        self.facts = facts
        self.reasons = reasons
        self.inputs = inputs
        self.forms = forms
        self.sequenceURL = sequenceURL
    }

    public var head: PageHead { PageHead(title: title) }

    public struct View {
        let kicker: String
        let title: String
        let facts: [Fact.View]
        let hasReasons: Bool
        let reasons: [String]
        let reading: String
        let inputs: Table.View
        let hasForms: Bool
        let forms: [Form.View]
        let sequenceLink: String
    }

    public func view() -> View {
        View(
            kicker: kicker, title: title, facts: facts.map(\.view), hasReasons: !reasons.isEmpty, reasons: reasons,
            reading:
                "The score follows from the institution's signed model and the values below alone; every node computes "
                + "the same. Farmer and institution see this page alike.",
            inputs: Table(
                caption: "What the decision looks at",
                columns: [.init("Value"), .init("When applied", isNumeric: true), .init("Data")], rows: inputs,
                empty: .init("No value yet.")
            ).view, hasForms: !forms.isEmpty, forms: forms.map(\.view), sequenceLink: sequenceURL)
    }
}
