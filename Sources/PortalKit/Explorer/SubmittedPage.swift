/// What a person sees after sending a form: how far the statement has come.
public struct SubmittedPage: PortalPage {
    public static let templateName = "submitted"

    let title: String
    let mark: SavedMark
    let transactionID: String
    let ledgerID: String
    let sentence: String
    let back: Site.Link

    /// The way of a statement.
    /// - Parameters:
    ///   - title: what was done, for example "Fertilising recorded".
    ///   - sentence: what the mark means for the person; for a refusal its reason and what to do.
    ///   - back: where to go on working.
    public init(
        title: String, mark: SavedMark, transactionID: String, ledgerID: String, sentence: String,
        back: Site.Link
    ) {
        self.title = title
        self.mark = mark
        self.transactionID = transactionID
        self.ledgerID = ledgerID
        self.sentence = sentence
        self.back = back
    }

    public var head: PageHead {
        PageHead(title: title, width: .reading, isLive: mark == .received || mark == .ordered)
    }

    public struct View {
        let title: String
        let sentence: String
        let isRefused: Bool
        let steps: [StepView]
        let transactionID: String
        let transactionLink: String
        let backTitle: String
        let backLink: String
    }

    struct StepView {
        let stepName: String
        let stepMeaning: String
        let progress: String
    }

    public func view() -> View {
        let isRefused = mark == .rejected || mark == .expired
        return View(
            title: title, sentence: sentence, isRefused: isRefused, steps: isRefused ? refusedSteps : steps,
            transactionID: transactionID,
            transactionLink: ExplorerPaths.transaction(transactionID, ledger: ledgerID), backTitle: back.title,
            backLink: back.href)
    }

    private var steps: [StepView] {
        let order: [(SavedMark, String)] = [
            (.received, "Your organisation's node has it"), (.ordered, "Its place among all records is settled"),
            (.final, "The other organisations signed it; nobody can take it back"),
        ]
        let reached = order.firstIndex { $0.0 == mark } ?? 0
        return order.enumerated().map { index, step in
            StepView(stepName: step.0.label, stepMeaning: step.1, progress: index <= reached ? "done" : "waiting")
        }
    }

    private var refusedSteps: [StepView] {
        [
            StepView(
                stepName: SavedMark.received.label, stepMeaning: "Your organisation's node has it", progress: "done"),
            StepView(stepName: mark.label, stepMeaning: "Nothing was recorded", progress: "refused"),
        ]
    }
}
