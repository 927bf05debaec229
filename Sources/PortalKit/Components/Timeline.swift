/// A step of a product's way.
public struct TimelineStep: Sendable, Equatable {
    /// The kind of step, which chooses the drawing.
    public enum Stage: String, Sendable, CaseIterable {
        case seed, growth, watering, harvest, test, packing, storage, transport, sale, other

        /// The stage's drawing as SVG, for a page's own views; screen readers pass over it.
        public var drawing: String { symbol.svg }

        var symbol: Symbol {
            switch self {
            case .seed: .seed
            case .growth: .growth
            case .watering: .drop
            case .harvest: .harvest
            case .test: .flask
            case .packing: .box
            case .storage: .store
            case .transport: .truck
            case .sale: .bag
            case .other: .statement
            }
        }
    }

    /// See ``Stage``.
    public let stage: Stage
    /// What happened, for example "Sown".
    public let title: String
    /// More about it in plain words.
    public let detail: String
    /// When it happened.
    public let time: Moment
    /// Who states it: a name that a reader knows.
    public let statedBy: String
    /// What stands behind it.
    public let trust: TrustMark
    /// The record's page in the explorer.
    public private(set) var recordURL: String?
    /// The transaction id in hex, so that the verifier can mark the step when it has proved the record.
    public let transactionID: String?
    /// Something a reader has to know about this step, such as a limit that was passed.
    public let finding: String?

    /// A step; `finding` marks it as one to look at.
    public init(
        stage: Stage, title: String, detail: String, time: Moment, statedBy: String, trust: TrustMark,
        recordURL: String? = nil, transactionID: String? = nil, finding: String? = nil
    ) {
        self.stage = stage
        self.title = title
        self.detail = detail
        self.time = time
        self.statedBy = statedBy
        self.trust = trust
        self.recordURL = recordURL
        self.transactionID = transactionID
        self.finding = finding
    }

    /// The step with the link to its record, or without it for a visitor who may not open it.
    public func linked(_ isShown: Bool) -> TimelineStep {
        var step = self
        if !isShown { step.recordURL = nil }
        return step
    }

    /// What the partial `timeline-step` is filled with.
    public struct View {
        let stepSymbol: String
        let stepTitle: String
        let stepDetail: String
        let stepTime: TimeView
        let statedBy: String
        let trust: TrustMark.View
        let recordURL: String?
        let transactionID: String
        let finding: String?
    }

    /// The view of this step.
    public var view: View {
        View(
            stepSymbol: stage.symbol.svg, stepTitle: title, stepDetail: detail, stepTime: TimeView(time),
            statedBy: statedBy, trust: trust.view, recordURL: recordURL, transactionID: transactionID ?? "",
            finding: finding)
    }
}
