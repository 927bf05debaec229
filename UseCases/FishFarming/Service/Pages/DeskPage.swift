import PortalKit

/// A bank's or an insurer's desk: cases that wait, then those behind which money stands.
public struct DeskPage: PortalPage {
    public static let templateName = "fish/desk"

    let kind: String
    let institution: String
    let cases: [[Table.Cell]]
    let models: [[Table.Cell]]

    /// A desk; `cases` are rows of case, farm, amount, score, alarms of the pond, value of the fish and state, `models` of name, version
    /// and what it looks at.
    public init(kind: String, institution: String, cases: [[Table.Cell]], models: [[Table.Cell]]) {
        self.kind = kind
        self.institution = institution
        self.cases = cases
        self.models = models
    }

    public var head: PageHead { PageHead(title: institution, isLive: true) }

    public struct View {
        let kind: String
        let institution: String
        let cases: Table.View
        let models: Table.View
    }

    public func view() -> View {
        View(
            kind: kind, institution: institution,
            cases: Table(
                caption: "Cases",
                columns: [
                    .init("Case"), .init("Farm"), .init("Amount", isNumeric: true), .init("Score", isNumeric: true),
                    .init("Pond"), .init("Fish are worth"), .init("State"),
                ], rows: cases, empty: .init("No case yet. Farmers apply to a published model.")
            ).view,
            models: Table(
                caption: "Your models",
                columns: [.init("Model"), .init("Version", isNumeric: true), .init("Looks at")],
                rows: models, empty: .init("No model yet. Sign and publish one, so that farmers can apply.")
            ).view)
    }
}
