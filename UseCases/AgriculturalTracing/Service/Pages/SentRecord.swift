import PortalKit

/// A record that someone sent, with how far it has come.
public struct SentRecord: Sendable, Equatable {
    let title: String
    let time: Moment
    let mark: SavedMark
    let href: String

    /// A record; `href` is its page in the explorer.
    public init(title: String, time: Moment, mark: SavedMark, href: String) {
        self.title = title
        self.time = time
        self.mark = mark
        self.href = href
    }

    static func table(_ records: [SentRecord]) -> Table {
        Table(
            caption: "What you sent", columns: [.init("Record"), .init("When"), .init("State")],
            rows: records.map { [.link($0.title, href: $0.href), .time($0.time), $0.mark.cell] },
            empty: .init("Nothing sent yet. What you record shows here, with how far it has come."))
    }
}
