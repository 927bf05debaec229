/// A line of a key-value list.
public struct Fact: Sendable, Equatable {
    /// How a value is set.
    public enum Style: String, Sendable {
        case plain
        /// Identifiers and hashes: fixed width, may break anywhere.
        case code
    }

    /// What the value is.
    public let name: String
    /// The value as text; empty when ``time`` is set.
    public let value: String
    /// An instant instead of a text.
    public let time: Moment?
    /// See ``Style``.
    public let style: Style
    /// A page about the value.
    public let href: String?
    /// A remark in smaller letters.
    public let note: String?
    /// What the value rests on.
    public let grounds: Grounds?

    /// A text value.
    public init(
        _ name: String, _ value: String, style: Style = .plain, href: String? = nil, note: String? = nil,
        grounds: Grounds? = nil
    ) {
        self.name = name
        self.value = value
        self.time = nil
        self.style = style
        self.href = href
        self.note = note
        self.grounds = grounds
    }

    /// An instant.
    public init(_ name: String, _ time: Moment, note: String? = nil, grounds: Grounds? = nil) {
        self.name = name
        self.value = ""
        self.time = time
        self.style = .plain
        self.href = nil
        self.note = note
        self.grounds = grounds
    }

    /// What the partial `facts` is filled with, as `facts`.
    public struct View {
        let factName: String
        let factValue: String
        let factTime: TimeView?
        let isCode: Bool
        let factLink: String?
        let factNote: String?
        let factGrounds: String?
    }

    /// The view of this line.
    public var view: View {
        View(
            factName: name, factValue: value, factTime: time.map { TimeView($0) }, isCode: style == .code,
            factLink: href, factNote: note, factGrounds: grounds?.href)
    }
}
