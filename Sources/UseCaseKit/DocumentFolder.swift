import APIKit
import Foundation
import Ledger

/// Documents and pictures that lie at this node, each under the SHA-256 that is on the ledger. A file that was changed or swapped is found when
/// it is read.
public struct DocumentFolder: Sendable {
    /// Largest document, bytes.
    public static let maximumSize = 4 << 20

    public enum Found: Sendable, Equatable {
        case whole(Bytes)
        /// A file lies under this hash that does not have it.
        case altered
        case absent
    }

    private let folder: URL

    public init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Keeps a document under its hash.
    ///
    /// - Throws: a problem when its bytes do not have this hash.
    public func keep(_ document: Bytes, as hash: Hash32) throws {
        guard Hash32.sha256(document) == hash else {
            throw Problem(422, "document-hash", "the bytes do not have the SHA-256 that the address names")
        }
        try Foundation.Data(document).write(to: file(hash), options: .atomic)
    }

    public func find(_ hash: Hash32) -> Found {
        guard let content = FileManager.default.contents(atPath: file(hash).path) else { return .absent }
        return Hash32.sha256(Bytes(content)) == hash ? .whole(Bytes(content)) : .altered
    }

    private func file(_ hash: Hash32) -> URL { folder.appending(path: hash.hex) }
}
