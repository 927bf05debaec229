/// The HTTP interface for people to read.
public struct ReferencePage: PortalPage {
    public static let templateName = "reference"

    /// One route.
    public struct Line: Sendable, Equatable {
        let group: String
        let method: String
        let path: String
        let summary: String
        let access: String

        /// A route of a group, with who may call it.
        public init(group: String, method: String, path: String, summary: String, access: String) {
            self.group = group
            self.method = method
            self.path = path
            self.summary = summary
            self.access = access
        }
    }

    let lines: [Line]

    /// The routes, in the order in which their groups first appear.
    public init(lines: [Line]) {
        self.lines = lines
    }

    public var head: PageHead { PageHead(title: "HTTP interface") }

    public struct View {
        let sections: [Table.View]
    }

    public func view() -> View {
        var groups: [String] = []
        for line in lines where !groups.contains(line.group) { groups.append(line.group) }
        return View(
            sections: groups.map { group in
                Table(
                    caption: group.replacing("-", with: " "),
                    columns: [.init("Call"), .init("Address"), .init("What it does"), .init("Who may")],
                    rows: lines.filter { $0.group == group }.map {
                        [.text($0.method), .code($0.path, href: nil), .text($0.summary), .text($0.access)]
                    },
                    empty: .init("Nothing here.")
                ).view
            })
    }
}
