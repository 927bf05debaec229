import Foundation
import Ledger

/// Private signing keys of participants whom this node signs for.
///
/// A participant who keeps a key elsewhere never appears here; the node then only sees signed statements.
public final class KeyFolder: Sendable {
    private let secrets: SecretFolder
    /// Folders of further members, where one machine plays several.
    private let others: [SecretFolder]

    /// - Parameter others: are looked in for what `folder` does not have; nothing is written to them.
    public init(_ folder: URL, beside others: [URL] = []) throws {
        secrets = try SecretFolder(folder)
        self.others = try others.map { try SecretFolder($0) }
    }

    /// The key of a participant or member; nil if it is not kept here.
    public func key(of id: String) throws -> SigningKey? {
        for folder in [secrets] + others {
            if let seed = try folder.secret(Self.name(id)) { return try SigningKey(ed25519Seed: seed) }
        }
        return nil
    }

    /// The key of an id, made and stored if there is none yet.
    public func keyOrNew(of id: String) throws -> SigningKey {
        if let key = try key(of: id) { return key }
        let key = SigningKey.generate()
        try secrets.keep(key.rawRepresentation, as: Self.name(id))
        return key
    }

    /// Under which id the key lies that is to replace that of an id.
    public static func next(_ id: String) -> String { "\(id)-next" }

    /// Puts the key of `other` in the place of the key of `id`, which is destroyed; `other` has none afterwards.
    public func replace(_ id: String, by other: String) throws {
        guard let key = try key(of: other) else { throw LedgerError(.key, "there is no key of \(other)") }
        try secrets.keep(key.rawRepresentation, as: Self.name(id))
        try secrets.destroy(Self.name(other))
    }

    private static func name(_ id: String) -> String { "\(id).key" }
}
