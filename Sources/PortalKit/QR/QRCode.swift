import CQRencode

/// A QR symbol (ISO/IEC 18004) of a text, as libqrencode lays it out.
public struct QRCode: Sendable, Equatable {
    /// Modules along one side, without the quiet zone.
    public let width: Int
    /// Row by row; true is dark.
    private let modules: [Bool]

    /// Light modules around the symbol that ISO/IEC 18004 §9.1 asks for.
    static let quietZone = 4
    /// Longest text accepted, in UTF-8 bytes. Symbols of longer ones are too dense for a phone at arm's length.
    public static let maximumLength = 512

    /// Encodes `text` with error correction level M (15 % of the symbol may be damaged).
    /// - Throws: ``PortalError/Code/symbolRefused`` when the text is empty, too long or not ASCII. Readers guess the
    ///   character set of other texts, and URIs (RFC 3986) need none.
    public init(_ text: String) throws(PortalError) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ (1...127).contains($0) })
        else {
            let rule = "a QR text has 1 to \(Self.maximumLength) ASCII characters"
            throw PortalError(.symbolRefused, "\(rule); shorten the address or percent-encode it")
        }
        guard let symbol = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else {
            throw PortalError(.symbolRefused, "libqrencode refused the text; shorten the address")
        }
        defer { QRcode_free(symbol) }
        let side = Int(symbol.pointee.width)
        width = side
        // The lowest bit of each byte is the module's colour; the others say what it is for.
        modules = UnsafeBufferPointer(start: symbol.pointee.data, count: side * side).map { $0 & 1 == 1 }
    }

    /// Whether the module is dark; the quiet zone around the symbol is light.
    func isDark(row: Int, column: Int) -> Bool {
        (0..<width).contains(row) && (0..<width).contains(column) && modules[row * width + column]
    }

    /// The symbol as SVG with its quiet zone, dark on white whatever the page's colours are.
    public func svg(title: String) -> String {
        let side = width + 2 * Self.quietZone
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                guard isDark(row: row, column: column) else {
                    column += 1
                    continue
                }
                let start = column
                while isDark(row: row, column: column) { column += 1 }
                path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(column - start)v1h-\(column - start)z"
            }
        }
        return """
            <svg class="qr" viewBox="0 0 \(side) \(side)" role="img" aria-label="\(escaped(title))" \
            shape-rendering="crispEdges"><rect width="\(side)" height="\(side)" fill="#fff"/>\
            <path d="\(path)" fill="#000"/></svg>
            """
    }

    /// The symbol in half blocks for a terminal, two rows of modules a line, dark on light by escape sequences.
    public var terminalText: String {
        let range = -Self.quietZone..<(width + Self.quietZone)
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            let line = range.map { column in
                switch (isDark(row: row, column: column), isDark(row: row + 1, column: column)) {
                case (true, true): "█"
                case (true, false): "▀"
                case (false, true): "▄"
                case (false, false): " "
                }
            }
            return "\u{1B}[30;107m\(line.joined())\u{1B}[0m"
        }.joined(separator: "\n")
    }
}
