/// The panel that verifies an evidence bundle in the visitor's own browser.
public struct VerifyPanel: Sendable, Equatable {
    /// Something the page says that a state record proves: the script compares the two, so that a server cannot show
    /// one thing and prove another.
    public struct Claim: Sendable, Equatable {
        let stateKey: String
        let field: String
        let value: String
        let words: String

        /// The record at `stateKey` (formats.md "State") has the text or number `value` in its `field`; an empty
        /// `value` claims that there is no such record. `words` name the claim to the reader.
        public init(stateKey: String, field: String, value: String, words: String) {
            self.stateKey = stateKey
            self.field = field
            self.value = value
            self.words = words
        }
    }

    /// Where the bundle's bytes are, on this host.
    public let evidenceURL: String
    /// The ledger id in hex that the page was made for.
    public let ledgerID: String
    /// Where consistency proofs are, `…/consistency`; the script adds `first` and `second`.
    public let consistencyURL: String
    /// See ``Claim``.
    public let claims: [Claim]

    /// A panel for one bundle.
    public init(evidenceURL: String, ledgerID: String, claims: [Claim] = []) {
        self.evidenceURL = evidenceURL
        self.ledgerID = ledgerID
        self.claims = claims
        self.consistencyURL = "/api/v1/ledgers/\(ledgerID)/consistency"
    }

    /// What the partial `verify-panel` is filled with.
    public struct View {
        let evidenceURL: String
        let ledgerID: String
        let consistencyURL: String
        let claims: [ClaimView]
    }

    struct ClaimView {
        let claimKey: String
        let claimField: String
        let claimValue: String
        let claimWords: String
    }

    /// The view of this panel.
    public var view: View {
        View(
            evidenceURL: evidenceURL, ledgerID: ledgerID, consistencyURL: consistencyURL,
            claims: claims.map {
                ClaimView(claimKey: $0.stateKey, claimField: $0.field, claimValue: $0.value, claimWords: $0.words)
            })
    }
}
