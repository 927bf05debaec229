import Foundation

/// A static file of the portal, ready to be served.
public struct PortalAsset: Sendable {
    /// The body.
    public let bytes: [UInt8]
    /// Value of `Content-Type`.
    public let contentType: String
    /// Value of `ETag`, quotes included. It changes with the bytes and with nothing else.
    public let etag: String
    /// File name to offer where the file is to be saved rather than shown, otherwise nil.
    public let downloadName: String?

    private static let contentTypes = [
        "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
        "html": "text/html; charset=utf-8",
    ]

    init(bytes: [UInt8], fileExtension: String, downloadName: String? = nil) {
        self.bytes = bytes
        self.contentType = Self.contentTypes[fileExtension] ?? "application/octet-stream"
        self.etag = "\"\(String(Self.fingerprint(bytes), radix: 16))-\(bytes.count)\""
        self.downloadName = downloadName
    }

    static func loadAll() throws(PortalError) -> [String: PortalAsset] {
        let folder = resourceFolder("Assets")
        var assets: [String: PortalAsset] = [:]
        do {
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            where contentTypes[file.pathExtension] != nil {
                let bytes = [UInt8](try Data(contentsOf: file))
                assets[file.lastPathComponent] = PortalAsset(bytes: bytes, fileExtension: file.pathExtension)
            }
        } catch {
            throw PortalError(.resourcesMissing, "\(folder.path): \(error); install the resource bundles beside cairn")
        }
        let verifier = try VerifierFile(assets: assets.mapValues { String(decoding: $0.bytes, as: UTF8.self) })
        assets[VerifierFile.name] = PortalAsset(
            bytes: [UInt8](verifier.html.utf8), fileExtension: "html", downloadName: VerifierFile.downloadName)
        return assets
    }

    /// FNV-1a, 64 bits: an entity tag only has to differ between versions of our own files.
    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
