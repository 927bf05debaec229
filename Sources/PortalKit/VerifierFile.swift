import Foundation

/// The verifier as one HTML file that opens from a disk without a network.
///
/// It is put together from the same modules that the portal serves, so that there is one verifier to review. A module
/// becomes part of a single inline script by losing its `import` lines and the word `export`; the order below is the
/// order of their dependencies, and a test checks that no two modules declare the same name.
struct VerifierFile {
    static let name = "verify.html"
    static let downloadName = "cairn-verify.html"
    static let modules = ["cbor.js", "merkle.js", "cose.js", "checkpoint.js", "verify.js", "report.js", "desk.js"]
    static let styles = ["tokens.css", "portal.css"]
    /// Stands in `desk.html` where style and script belong.
    static let styleMark = "/* cairn:style */"
    static let scriptMark = "// cairn:script"

    let html: String

    init(assets: [String: String]) throws(PortalError) {
        func text(_ name: String) throws(PortalError) -> String {
            guard let text = assets[name] else {
                throw PortalError(.resourcesMissing, "the asset \(name) is missing; reinstall the resource bundles")
            }
            return text
        }
        var script = ""
        for module in Self.modules { script += Self.inlined(try text(module)) }
        var style = ""
        for sheet in Self.styles { style += try text(sheet) }
        html = try text("desk.html")
            .replacingOccurrences(of: Self.styleMark, with: style)
            .replacingOccurrences(of: Self.scriptMark, with: script)
    }

    /// A module's text without its imports and exports. Imports stand at line starts and may span lines up to `;`.
    static func inlined(_ module: String) -> String {
        var lines: [Substring] = []
        var insideImport = false
        for line in module.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("import ") { insideImport = true }
            if insideImport {
                if line.hasSuffix(";") { insideImport = false }
                continue
            }
            lines.append(line.hasPrefix("export ") ? line.dropFirst("export ".count) : line)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
