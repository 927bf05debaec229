import PortalKit

/// A hall from above: each bay with what stands in it, and whether it is free, pledged or alarmed.
///
/// The states differ in words and pattern and not in colour alone.
public struct HallMap: Sendable, Equatable {
    public enum State: String, Sendable {
        case empty, free, pledged, alarmed
        /// Goods of others, which the visitor knows no more of.
        case others

        var words: String {
            switch self {
            case .empty: "Empty"
            case .free: "Free"
            case .pledged: "Pledged"
            case .alarmed: "Alarm"
            case .others: "In use"
            }
        }
    }

    public struct Bay: Sendable, Equatable {
        let name: String
        let state: State
        let weight: String

        public init(_ name: String, state: State, weight: String) {
            self.name = name
            self.state = state
            self.weight = weight
        }
    }

    private static let columns = 3

    let title: String
    let bays: [Bay]

    public init(title: String, bays: [Bay]) {
        self.title = title
        self.bays = bays
    }

    public var drawing: WorkPage.Drawing {
        let rows = max(1, (bays.count + Self.columns - 1) / Self.columns)
        let width = Self.columns * 108 + 4
        let cells = bays.enumerated().map { index, bay in
            let (x, y) = (index % Self.columns * 108 + 4, index / Self.columns * 76 + 4)
            return """
                <g class="bay bay-\(bay.state.rawValue)"><rect x="\(x)" y="\(y)" width="100" height="68" rx="4"/>\
                <text x="\(x + 8)" y="\(y + 18)" class="bay-name">\(escaped(bay.name))</text>\
                <text x="\(x + 8)" y="\(y + 39)">\(escaped(bay.weight))</text>\
                <text x="\(x + 8)" y="\(y + 58)" class="bay-state">\(bay.state.words)</text></g>
                """
        }
        let words = bays.map { "\($0.name): \($0.state.words)" + ($0.weight.isEmpty ? "" : ", \($0.weight)") }
        return WorkPage.Drawing(
            title: title,
            svg: """
                <svg class="hall" viewBox="0 0 \(width) \(rows * 76 + 4)" role="img" \
                aria-label="\(escaped(title + ". " + words.joined(separator: "; ")))">\(cells.joined())</svg>
                """)
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
