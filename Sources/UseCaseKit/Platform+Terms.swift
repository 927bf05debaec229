import APIKit
import ContractKit
import Ledger

extension Platform {
    /// How a participant signs terms on this ledger; see ``UseCase/signing(_:by:on:)``.
    public func signing(_ terms: SignedTerms, by session: Session) throws -> Ledger.Operation {
        try useCase.signing(terms, by: session, on: self)
            ?? Ledger.Operation(
                TermsContract.contractName, "sign",
                [
                    ("issuer", .text(terms.issuer)), ("name", .text(terms.name)), ("version", .text(terms.version)),
                    ("hash", .hash(terms.hash)),
                ])
    }
}

/// Terms as somebody signs them: which, and the SHA-256 of the text that was read.
public struct SignedTerms: Sendable, Hashable {
    public let issuer: String
    public let name: String
    public let version: String
    public let hash: Hash32

    public init(issuer: String, name: String, version: String, hash: Hash32) {
        self.issuer = issuer
        self.name = name
        self.version = version
        self.hash = hash
    }
}
