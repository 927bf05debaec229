import Crypto

/// A private signing key. It leaves the process only through ``rawRepresentation``, which its owner calls to store it.
public struct SigningKey: Sendable {
    private enum Material: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    private let material: Material
    public let verifyingKey: VerifyingKey

    /// A fresh Ed25519 key.
    public static func generate() -> SigningKey {
        let key = Curve25519.Signing.PrivateKey()
        do {
            return try SigningKey(ed25519Seed: Bytes(key.rawRepresentation))
        } catch {
            preconditionFailure("a generated Ed25519 seed has 32 bytes")
        }
    }

    /// An Ed25519 key from its 32-byte seed (RFC 8032 §5.1.5).
    public init(ed25519Seed seed: Bytes) throws(LedgerError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw LedgerError(.key, "an Ed25519 seed has 32 bytes")
        }
        material = .ed25519(key)
        verifyingKey = try VerifyingKey(ed25519: Bytes(key.publicKey.rawRepresentation))
    }

    /// A P-256 key from its 32-byte scalar.
    public init(p256Scalar scalar: Bytes) throws(LedgerError) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar) else {
            throw LedgerError(.key, "a P-256 private key is a scalar of 32 bytes")
        }
        material = .p256(key)
        verifyingKey = try VerifyingKey(p256: Bytes(key.publicKey.x963Representation))
    }

    public var kid: Hash32 { verifyingKey.kid }
    public var algorithm: SignatureAlgorithm { verifyingKey.algorithm }

    /// Seed or scalar, 32 bytes.
    public var rawRepresentation: Bytes {
        switch material {
        case .ed25519(let key): Bytes(key.rawRepresentation)
        case .p256(let key): Bytes(key.rawRepresentation)
        }
    }

    /// 64 bytes: Ed25519, or r ‖ s.
    public func sign(_ message: Bytes) -> Bytes {
        do {
            switch material {
            case .ed25519(let key): return Bytes(try key.signature(for: message))
            case .p256(let key): return Bytes(try key.signature(for: message).rawRepresentation)
            }
        } catch {
            // Signing with a key that was already accepted fails only when the process has no randomness left.
            preconditionFailure("signing failed: \(error)")
        }
    }
}
