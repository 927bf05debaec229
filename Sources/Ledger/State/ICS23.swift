/// A membership proof in the terms of ICS23, for verifiers of that standard: the operations of an `ExistenceProof` under `SmtSpec`
/// (hash SHA-256, prehash_key and prehash_value SHA-256, length NO_PREFIX, leaf prefix 0x00, inner prefix 0x01, child size 32).
public struct ICS23ExistenceProof: Sendable, Hashable {
    public struct InnerOp: Sendable, Hashable {
        public let prefix: Bytes
        public let suffix: Bytes
    }

    public let key: Bytes
    public let value: Bytes
    public let leafPrefix: Bytes
    /// From the leaf up.
    public let path: [InnerOp]

    /// nil for a proof of absence.
    public init?(key: Bytes, value: Bytes, proof: StateProof) {
        guard proof.terminal == nil else { return nil }
        let hashed = Hash32.sha256(key)
        self.key = key
        self.value = value
        leafPrefix = [0x00]
        path = proof.siblings.enumerated().map { height, sibling in
            hashed.bit(proof.siblings.count - 1 - height)
                ? InnerOp(prefix: [0x01] + sibling.bytes, suffix: []) : InnerOp(prefix: [0x01], suffix: sibling.bytes)
        }
    }
}
