/// The COSE algorithms accepted for signatures (RFC 9053 §2).
public enum SignatureAlgorithm: Int64, Sendable {
    /// EdDSA, with Ed25519 keys only.
    case edDSA = -8
    /// ECDSA on P-256 with SHA-256.
    case es256 = -7
}
