/// A table that says the next step when it is empty.
public struct Table: Sendable, Equatable {
    /// A column's heading.
    public struct Column: Sendable, Equatable {
        let title: String
        let isNumeric: Bool

        /// A heading; numbers are set to the right in figures of equal width.
        public init(_ title: String, isNumeric: Bool = false) {
            self.title = title
            self.isNumeric = isNumeric
        }
    }

    /// A cell's content.
    public enum Cell: Sendable, Equatable {
        case text(String)
        case link(String, href: String)
        /// An identifier or hash, optionally with its page.
        case code(String, href: String?)
        case time(Moment)
        case state(CodeState)
        /// A short label with a meaning: good, bad or neither.
        case mark(String, Tone)
    }

    /// How a short label is meant.
    public enum Tone: String, Sendable {
        case good, bad, neutral
    }

    /// What to say and to offer when there are no rows.
    public struct EmptyState: Sendable, Equatable {
        let sentence: String
        let action: String?
        let href: String?

        /// A sentence that says the next step, and a link to it.
        public init(_ sentence: String, action: String? = nil, href: String? = nil) {
            self.sentence = sentence
            self.action = action
            self.href = href
        }
    }

    let caption: String
    let columns: [Column]
    let rows: [[Cell]]
    let empty: EmptyState

    /// A table; each row has one cell for each column.
    public init(caption: String, columns: [Column], rows: [[Cell]], empty: EmptyState) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "a row has as many cells as there are columns")
        self.caption = caption
        self.columns = columns
        self.rows = rows
        self.empty = empty
    }
}

extension Table {
    /// What the partial `table` is filled with.
    public struct View {
        let caption: String
        let columns: [ColumnView]
        let rows: [RowView]
        let isEmpty: Bool
        let emptySentence: String
        let emptyAction: String
        let emptyLink: String?
    }

    struct ColumnView {
        let heading: String
        let numericClass: String
    }

    struct RowView {
        let cells: [CellView]
    }

    struct CellView {
        let heading: String
        let numericClass: String
        let cellText: String
        let cellLink: String?
        let cellTime: TimeView?
        let isCode: Bool
        let cellSymbol: String
        let tone: String?
    }

    /// The view of this table.
    public var view: View {
        let headings = columns.map { ColumnView(heading: $0.title, numericClass: $0.isNumeric ? "number" : "text") }
        return View(
            caption: caption, columns: headings,
            rows: rows.map { row in RowView(cells: zip(row, headings).map { Self.view(of: $0, under: $1) }) },
            isEmpty: rows.isEmpty, emptySentence: empty.sentence, emptyAction: empty.action ?? "",
            emptyLink: empty.href)
    }

    private static func view(of cell: Cell, under column: ColumnView) -> CellView {
        func make(
            _ text: String, link: String? = nil, time: TimeView? = nil, isCode: Bool = false,
            symbol: String = "", tone: String? = nil
        ) -> CellView {
            CellView(
                heading: column.heading, numericClass: column.numericClass, cellText: text, cellLink: link,
                cellTime: time, isCode: isCode, cellSymbol: symbol, tone: tone)
        }
        return switch cell {
        case .text(let text): make(text)
        case .link(let text, let href): make(text, link: href)
        case .code(let text, let href): make(text, link: href, isCode: true)
        case .time(let moment): make("", time: TimeView(moment))
        case .state(let state): make(state.label, symbol: state.symbol.svg, tone: "state-\(state.rawValue)")
        case .mark(let text, let tone): make(text, tone: tone.rawValue)
        }
    }
}
