/// How far a record has come, in the words of the person who made it.
public enum SavedMark: String, Sendable, CaseIterable {
    /// The node has it; the order is not settled.
    case received
    /// Its place in the order is settled.
    case ordered
    /// A quorum of members signed the block with it.
    case final
    /// A contract refused it; that is final too.
    case rejected
    /// It was not accepted in time.
    case expired

    /// The mark's word.
    public var label: String {
        switch self {
        case .received: "Sent"
        case .ordered: "Saved"
        case .final: "Confirmed"
        case .rejected: "Refused"
        case .expired: "Too late"
        }
    }

    var tone: Table.Tone {
        switch self {
        case .final: .good
        case .rejected, .expired: .bad
        case .received, .ordered: .neutral
        }
    }

    /// The mark as a table's cell.
    public var cell: Table.Cell { .mark(label, tone) }
}

/// A notice about something just done, shown above a page's content.
public struct Notice: Sendable, Equatable {
    /// How far it has come.
    public let mark: SavedMark
    /// What was done.
    public let sentence: String
    /// The transaction's page.
    public let href: String?

    /// A notice.
    public init(mark: SavedMark, sentence: String, href: String? = nil) {
        self.mark = mark
        self.sentence = sentence
        self.href = href
    }

    /// What the partial `notice` is filled with.
    public struct View {
        let noticeTone: String
        let noticeLabel: String
        let noticeSentence: String
        let noticeLink: String?
    }

    /// The view of this notice.
    public var view: View {
        View(noticeTone: mark.tone.rawValue, noticeLabel: mark.label, noticeSentence: sentence, noticeLink: href)
    }
}
