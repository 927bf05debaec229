import APIKit
import ContractKit
import KeyService
import Ledger

/// What parties of a case say to one another: on the ledger sealed for each of them, readable where a reader's key is.
public struct SealedConversation: Sendable {
    private let platform: Platform
    /// Names the kind of message in the sealing, so that a box of one kind opens as no other.
    private let purpose: String

    public init(_ purpose: String, on platform: Platform) {
        self.platform = platform
        self.purpose = purpose
    }

    /// The arguments `text` and `sealed` of an operation that says something.
    ///
    /// - Throws: `Problem` for words that are too long, and where a reader has no encryption key on the ledger.
    public func arguments(_ words: String, in id: String, for readers: [String]) throws -> [(String, Value)] {
        [
            ("text", .hash(Hash32.sha256(Bytes(words.utf8)))),
            ("sealed", .array(try seal(words, in: id, for: readers))),
        ]
    }

    private func seal(_ words: String, in id: String, for readers: [String]) throws -> [Value] {
        guard words.utf8.count <= SealedWords.maximumWords else {
            throw Problem.badRequest("a message has at most \(SealedWords.maximumWords) octets; send two")
        }
        return try readers.map { reader in
            guard let record = try platform.state.get(GrantsContract.keys, reader) else {
                throw Problem(
                    409, "no-encryption-key",
                    "\(platform.name(of: reader)) has no encryption key on the ledger yet; ask them to register one")
            }
            let wrapped = try EncryptionKey(record.key).wrap(Bytes(words.utf8), info: info(id, reader))
            return SealedWords(reader: reader, box: wrapped.encapsulatedKey + wrapped.ciphertext).cbor
        }
    }

    private func info(_ id: String, _ reader: String) -> Bytes {
        CBOR.array([.text(purpose), .hash(platform.node.ledger), .text(id), .text(reader)]).encoded()
    }

    /// The words as this reader opens them; nil for whose key is not here, or where they are not those that were hashed.
    public func words(of statement: Statement, in id: String, for reader: String) -> String? {
        let arguments = statement.operation.arguments
        let sealed = (arguments[text: "sealed"]?.array ?? []).compactMap { try? SealedWords(cbor: $0) }
        guard let box = sealed.first(where: { $0.reader == reader })?.box, box.count > EncryptionKey.size,
            let key = try? platform.vaults.folder.decryptionKey(of: reader)
        else { return nil }
        let wrapped = WrappedSecret(
            encapsulatedKey: Bytes(box.prefix(EncryptionKey.size)),
            ciphertext: Bytes(box.dropFirst(EncryptionKey.size)))
        guard let opened = try? key.unwrap(wrapped, info: info(id, reader)),
            arguments[text: "text"]?.hash32 == Hash32.sha256(opened)
        else { return nil }
        return String(decoding: opened, as: UTF8.self)
    }
}
