/// A sequence diagram as SVG: a lifeline for each party, an arrow for each message, top to bottom.
struct SequenceDiagram {
    /// Messages drawn; the list has them all.
    static let maximumMessages = 60
    private static let column = 150
    private static let row = 44
    private static let head = 56

    private let parties: [String]
    private let messages: [SequencePage.Message]
    private let ledgerID: String

    init(_ page: SequencePage) {
        messages = Array(page.messages.prefix(Self.maximumMessages))
        ledgerID = page.ledgerID
        var parties: [String] = []
        for message in messages {
            for party in [message.producer, message.receiver] where !parties.contains(party) { parties.append(party) }
        }
        self.parties = parties
    }

    private func x(_ party: String) -> Int {
        Self.column / 2 + (parties.firstIndex(of: party) ?? 0) * Self.column
    }

    var svg: String {
        guard !messages.isEmpty else { return "" }
        let width = parties.count * Self.column
        let height = Self.head + messages.count * Self.row + 12
        var lines = [
            "<svg class=\"sequence\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" role=\"group\" aria-label=\"Sequence diagram of \(messages.count) messages; the list below has the same\">",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\"/></marker></defs>",
        ]
        for party in parties {
            let x = x(party)
            lines.append(
                "<text class=\"party\" x=\"\(x)\" y=\"24\" text-anchor=\"middle\">\(escaped(cut(party, 20)))</text>"
                    + "<line class=\"life\" x1=\"\(x)\" y1=\"36\" x2=\"\(x)\" y2=\"\(height - 6)\"/>")
        }
        for (index, message) in messages.enumerated() { lines.append(arrow(message, index)) }
        return lines.joined(separator: "\n") + "\n</svg>"
    }

    private func arrow(_ message: SequencePage.Message, _ index: Int) -> String {
        let y = Self.head + index * Self.row + 22
        let (from, to) = (x(message.producer), x(message.receiver))
        let kind = message.isRefused ? "message refused" : "message"
        let href = ExplorerPaths.transaction(message.transaction, ledger: ledgerID)
        let line =
            from == to
            ? "<path class=\"\(kind)\" d=\"M\(from) \(y)h26v14h-24\" marker-end=\"url(#arrow)\"/>"
            : "<line class=\"\(kind)\" x1=\"\(from)\" y1=\"\(y)\" x2=\"\(to)\" y2=\"\(y)\" marker-end=\"url(#arrow)\"/>"
        let middle = from == to ? from + 34 : (from + to) / 2
        let anchor = from == to ? "start" : "middle"
        let room = from == to ? 24 : max(18, abs(to - from) / 7)
        return line + "<a href=\"\(escaped(href))\"><text x=\"\(middle)\" y=\"\(y - 6)\" text-anchor=\"\(anchor)\">"
            + "\(index + 1). \(escaped(cut(message.exchanged, room)))</text></a>"
    }

    private func cut(_ text: String, _ length: Int) -> String {
        text.count > length ? text.prefix(length - 1) + "…" : text
    }
}
