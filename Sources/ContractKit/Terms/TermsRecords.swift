import Ledger

/// A version of somebody's terms, in words.
public struct TermsText: StateValue, Hashable {
    public let title: String
    /// Paragraphs between empty lines; a paragraph that begins with `# ` is a heading.
    public let text: String
    /// SHA-256 of the text's UTF-8.
    public let hash: Hash32
    /// Ledger time, ms.
    public let publishedAt: UInt64

    init(title: String, text: String, hash: Hash32, publishedAt: UInt64) {
        self.title = title
        self.text = text
        self.hash = hash
        self.publishedAt = publishedAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of terms")
        self.init(
            title: try fields.text("title"), text: try fields.text("text"), hash: try fields.hash("hash"),
            publishedAt: try fields.number("publishedAt"))
    }

    public var cbor: Value {
        ["title": .text(title), "text": .text(text), "hash": .hash(hash), "publishedAt": .unsigned(publishedAt)]
    }
}

/// What a party signed, and the record that holds the signature.
public struct TermsSignature: StateValue, Hashable {
    public let version: String
    public let hash: Hash32
    /// Ledger time, ms.
    public let signedAt: UInt64
    /// Whose key signed for the party.
    public let signer: String
    public let transaction: Hash32

    init(version: String, hash: Hash32, signedAt: UInt64, signer: String, transaction: Hash32) {
        self.version = version
        self.hash = hash
        self.signedAt = signedAt
        self.signer = signer
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a signature")
        self.init(
            version: try fields.text("version"), hash: try fields.hash("hash"),
            signedAt: try fields.number("signedAt"), signer: try fields.text("signer"),
            transaction: try fields.hash("transaction"))
    }

    public var cbor: Value {
        [
            "version": .text(version), "hash": .hash(hash), "signedAt": .unsigned(signedAt), "signer": .text(signer),
            "transaction": .hash(transaction),
        ]
    }
}
