import Crypto
import Foundation
import Keys
import Ledger

/// Two secrets of each participant hosted here, a file each, readable by the owner alone: the X25519 key that others wrap
/// for, and the key under which the participant's epoch keys lie on the disk. Who deletes the second erases them all.
public final class EncryptionKeyFolder: Sendable {
    private enum Use: String {
        case wrapping = "x25519"
        case storage
    }

    private let secrets: SecretFolder
    /// Folders of further members, where one machine plays several.
    private let others: [SecretFolder]

    /// - Parameter others: are looked in for what `folder` does not have; nothing is written to them.
    /// - Throws: ``KeyServiceError`` with `storage`.
    public init(_ folder: URL, beside others: [URL] = []) throws(KeyServiceError) {
        do {
            secrets = try SecretFolder(folder)
            self.others = try others.map { try SecretFolder($0) }
        } catch {
            throw KeyServiceError(.storage, "\(folder.path) cannot be opened: \(error)")
        }
    }

    /// Participants whose keys are here, in order.
    public var participants: [String] {
        secrets.names.filter { $0.hasSuffix(".\(Use.wrapping.rawValue)") }
            .map { String($0.dropLast(Use.wrapping.rawValue.utf8.count + 1)) }
    }

    /// Makes both keys of a participant unless they are there; returns the public one.
    public func keyOrNew(of participant: String) throws -> EncryptionKey {
        for use in [Use.wrapping, .storage] where try secrets.secret(Self.name(participant, use)) == nil {
            let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Bytes($0) }
            try secrets.keep(bytes, as: Self.name(participant, use))
        }
        return try decryptionKey(of: participant).encryptionKey
    }

    /// The key that opens what is wrapped for a participant.
    public func decryptionKey(of participant: String) throws -> DecryptionKey {
        try DecryptionKey(try required(participant, .wrapping))
    }

    /// The key under which a participant's epoch keys are stored.
    func storageKey(of participant: String) throws -> SymmetricKey {
        SymmetricKey(data: try required(participant, .storage))
    }

    private func required(_ participant: String, _ use: Use) throws -> Bytes {
        for folder in [secrets] + others {
            if let bytes = try folder.secret(Self.name(participant, use)) { return bytes }
        }
        throw KeyServiceError(.notHosted, "the keys of \(participant) are not kept at this node")
    }

    private static func name(_ participant: String, _ use: Use) -> String { "\(participant).\(use.rawValue)" }
}
