import Crypto

/// A public key as the ledger knows it: a COSE_Key (RFC 9052 §7) of Ed25519 or P-256, named by its thumbprint.
public struct VerifyingKey: Sendable, Hashable {
    private enum Material: Sendable {
        case ed25519(Curve25519.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    private let material: Material
    /// The deterministic CBOR of exactly the members that the thumbprint covers.
    public let coseKey: Bytes
    /// COSE Key Thumbprint, RFC 9679: SHA-256 of ``coseKey``.
    public let kid: Hash32

    public init(ed25519 raw: Bytes) throws(LedgerError) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else {
            throw LedgerError(.key, "an Ed25519 public key has 32 bytes")
        }
        material = .ed25519(key)
        coseKey = (CBOR.map([(1, 1), (-1, 6), (-2, .bytes(raw))])).encoded()
        kid = Hash32.sha256(coseKey)
    }

    public init(p256 x963: Bytes) throws(LedgerError) {
        guard x963.count == 65, let key = try? P256.Signing.PublicKey(x963Representation: x963) else {
            throw LedgerError(.key, "a P-256 public key is a point on the curve, 65 bytes uncompressed")
        }
        material = .p256(key)
        coseKey = CBOR.map([
            (1, 2), (-1, 1), (-2, .bytes(Bytes(x963[1..<33]))), (-3, .bytes(Bytes(x963[33..<65]))),
        ]).encoded()
        kid = Hash32.sha256(coseKey)
    }

    /// Decodes a COSE_Key with exactly the members of its thumbprint.
    public init(coseKey bytes: Bytes) throws(LedgerError) {
        let map = try CBOR.decode(bytes).map
        switch (map?[1], map?[-1], map?[-2], map?[-3], map?.count) {
        case (1, 6, .bytes(let raw), nil, 3): try self.init(ed25519: raw)
        case (2, 1, .bytes(let x), .bytes(let y), 4): try self.init(p256: [0x04] + x + y)
        default: throw LedgerError(.key, "a COSE key here is OKP Ed25519 or EC2 P-256, public members only")
        }
    }

    public var algorithm: SignatureAlgorithm {
        switch material {
        case .ed25519: .edDSA
        case .p256: .es256
        }
    }

    /// The 32 bytes of an Ed25519 key; nil for P-256.
    public var ed25519: Bytes? {
        if case .ed25519(let key) = material { Bytes(key.rawRepresentation) } else { nil }
    }

    /// Whether `signature` (64 bytes: Ed25519, or r ‖ s of RFC 9053 §2.1) is this key's over `message`.
    public func isValid(_ signature: Bytes, for message: Bytes) -> Bool {
        guard signature.count == 64 else { return false }
        switch material {
        case .ed25519(let key):
            return key.isValidSignature(signature, for: message)
        case .p256(let key):
            guard let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: message)
        }
    }

    public static func == (a: VerifyingKey, b: VerifyingKey) -> Bool { a.kid == b.kid }
    public func hash(into hasher: inout Hasher) { hasher.combine(kid) }
}

extension CBOR {
    fileprivate static func map(_ pairs: [(CBOR, CBOR)]) -> CBOR { .map(CBORMap(pairs)) }
}
