/// Signing in with a key that the ledger knows (docs/reference/formats.md, "Sign-in").
///
/// Each side shows who it is: the node signs the caller's nonce with its challenge, the caller signs the challenge.
public enum KeySignIn {
    /// The node's half: a signature by a member's key, so that a gateway does not hand its data to somebody else.
    public static func proof(
        nonce: Bytes, challenge: Bytes, ledger: Hash32, with key: SigningKey
    ) -> Bytes {
        COSESign1.signDetached(
            CBOR.array([.text("cairn-node/1"), .hash(ledger), .bytes(nonce), .bytes(challenge)]).encoded(),
            externalAAD: [], with: key)
    }

    /// Whether a node's half is by the key of a member.
    public static func isProof(
        _ signature: Bytes, nonce: Bytes, challenge: Bytes, ledger: Hash32, by key: VerifyingKey
    ) -> Bool {
        COSESign1.verifyDetached(
            signature,
            payload: CBOR.array([.text("cairn-node/1"), .hash(ledger), .bytes(nonce), .bytes(challenge)]).encoded(),
            externalAAD: [], with: key)
    }

    /// The caller's half: `[participant, kid, signature]`.
    public static func answer(
        challenge: Bytes, participant: String, ledger: Hash32, with key: SigningKey
    ) -> Bytes {
        let signature = COSESign1.signDetached(
            payload(challenge: challenge, participant: participant, ledger: ledger), externalAAD: [], with: key)
        return CBOR.array([.text(participant), .bytes(challenge), .hash(key.kid), .bytes(signature)]).encoded()
    }

    private static func payload(challenge: Bytes, participant: String, ledger: Hash32) -> Bytes {
        CBOR.array([.text("cairn-sign-in/1"), .hash(ledger), .text(participant), .bytes(challenge)]).encoded()
    }

    /// A caller's half, decoded.
    public struct Answer: Sendable {
        public let participant: String
        public let challenge: Bytes
        public let kid: Hash32
        let signature: Bytes

        public init(decoding bytes: Bytes) throws(LedgerError) {
            guard let parts = try? CBOR.decode(bytes).array, parts.count == 4, let participant = parts[0].text,
                let challenge = parts[1].bytes, let kid = parts[2].hash32, let signature = parts[3].bytes
            else {
                throw LedgerError(
                    .statement, "the answer to a challenge is CBOR: [participant, challenge, kid, signature]")
            }
            self.participant = participant
            self.challenge = challenge
            self.kid = kid
            self.signature = signature
        }

        public func isSigned(by key: VerifyingKey, ledger: Hash32) -> Bool {
            COSESign1.verifyDetached(
                signature, payload: payload(challenge: challenge, participant: participant, ledger: ledger),
                externalAAD: [], with: key)
        }
    }
}
