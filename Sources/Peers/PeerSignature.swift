import Ledger

/// How a member's node shows another's who asks: a signature over the whole request, with the time it was made.
///
/// Votes and blocks carry their own signatures; this one keeps them from those who are no members. The connection hides them, and names the
/// node that is asked (``PeerSecurity``).
struct PeerSignature: Sendable {
    enum Field {
        static let member = "Cairn-Peer"
        static let time = "Cairn-Time"
        static let signature = "Cairn-Signature"
    }

    /// How far the clocks of two nodes may differ, ms.
    static let tolerance: UInt64 = 60_000

    let ledger: Hash32
    /// The member asked.
    let audience: String
    let method: String
    let path: String
    /// ms since 1970.
    let time: UInt64
    let body: Bytes

    private var payload: Bytes {
        CBOR.array([
            "cairn-peer/1", .hash(ledger), .text(audience), .text(method), .text(path), .unsigned(time),
            .hash(Hash32.sha256(body)),
        ]).encoded()
    }

    func sign(with key: SigningKey) -> Bytes { COSESign1.signDetached(payload, externalAAD: [], with: key) }

    func isValid(_ signature: Bytes, by key: VerifyingKey) -> Bool {
        COSESign1.verifyDetached(signature, payload: payload, externalAAD: [], with: key)
    }
}
