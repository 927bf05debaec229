/// What a product code is worth today.
public enum CodeState: String, Sendable, CaseIterable {
    /// In date, in order, not yet sold.
    case active
    /// Past its use-by date.
    case expired
    /// Sold to a consumer; the code is no longer live.
    case sold
    /// Withdrawn from sale.
    case recalled
    /// The ledger knows no such code.
    case unknown
    /// Stopped until a test or a question is settled.
    case held
    /// Printed, but never confirmed on a box.
    case unused

    /// The state's drawing as SVG, for a page's own views; screen readers pass over it.
    public var drawing: String { symbol.svg }

    var symbol: Symbol {
        switch self {
        case .active: .check
        case .expired: .clock
        case .sold: .bag
        case .recalled: .stop
        case .unknown: .question
        case .held: .pause
        case .unused: .slash
        }
    }

    /// One or two words, for lists and for the banner's small heading.
    public var label: String {
        switch self {
        case .active: "In date"
        case .expired: "Out of date"
        case .sold: "Sold"
        case .recalled: "Recalled"
        case .unknown: "Unknown code"
        case .held: "On hold"
        case .unused: "Not in use"
        }
    }
}

/// The large verdict at the top of a page: symbol, a word, a sentence.
public struct StatusBanner: Sendable, Equatable {
    /// Decides symbol and colour.
    public let state: CodeState
    /// The verdict, for example "Good until 28 Nov 2026".
    public let headline: String
    /// What it means for the reader, in one or two sentences.
    public let sentence: String

    /// A verdict.
    public init(state: CodeState, headline: String, sentence: String) {
        self.state = state
        self.headline = headline
        self.sentence = sentence
    }

    /// What the partial `status-banner` is filled with.
    public struct View {
        let stateName: String
        let stateLabel: String
        let stateSymbol: String
        let headline: String
        let sentence: String
    }

    /// The view of this verdict.
    public var view: View {
        View(
            stateName: state.rawValue, stateLabel: state.label, stateSymbol: state.symbol.svg, headline: headline,
            sentence: sentence)
    }
}
