import Foundation

/// A folder of Mustache templates, and the prefix under which its files are known.
///
/// `box.mustache` in a folder with the prefix `agriculture` is the template `agriculture/box`.
public struct TemplateFolder: Sendable {
    /// Where the templates are.
    public let url: URL
    /// Put before each name with a slash; empty for PortalKit's own.
    public let prefix: String

    /// A folder that a use case brings along in its resource bundle.
    public init(url: URL, prefix: String) {
        self.url = url
        self.prefix = prefix
    }

    static let portal = TemplateFolder(url: resourceFolder("Templates"), prefix: "")

    func read() throws(PortalError) -> [(name: String, text: String)] {
        do {
            let files = try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
            return try files.filter { $0.pathExtension == "mustache" }.map { file in
                let name = file.deletingPathExtension().lastPathComponent
                var text = try String(contentsOf: file, encoding: .utf8)
                // A partial stands inside a line; the newline that ends its file does not belong to it.
                if text.hasSuffix("\n") { text.removeLast() }
                return (prefix.isEmpty ? name : "\(prefix)/\(name)", text)
            }
        } catch {
            throw PortalError(.resourcesMissing, "\(url.path): \(error); install the resource bundles beside cairn")
        }
    }
}
