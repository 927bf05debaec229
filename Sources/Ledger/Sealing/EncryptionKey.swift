import Crypto

/// A participant's public X25519 key, to which keys of streams are wrapped.
public struct EncryptionKey: Sendable, Hashable {
    /// Octets of the key (RFC 7748 §6.1).
    public static let size = 32

    /// As on the wire.
    public let bytes: Bytes

    /// - Throws: ``LedgerError`` with `key` for anything but 32 octets, and for points of low order: what is wrapped for
    ///   those is open to everybody (RFC 7748 §6.1, RFC 9180 §7.1.4).
    public init(_ bytes: Bytes) throws(LedgerError) {
        guard bytes.count == Self.size, !Self.isOfLowOrder(bytes) else {
            throw LedgerError(.key, "an X25519 public key has \(Self.size) bytes and is no point of low order")
        }
        self.bytes = bytes
    }

    /// Every scalar takes a point of low order to zero, so any one tells.
    private static func isOfLowOrder(_ bytes: Bytes) -> Bool {
        guard let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes),
            let probe = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Bytes(repeating: 1, count: size)),
            let shared = try? probe.sharedSecretFromKeyAgreement(with: key)
        else { return true }
        return shared.withUnsafeBytes { $0.allSatisfy { $0 == 0 } }
    }

    /// Seals a few octets for the holder of the private key: HPKE base mode, single shot (RFC 9180 §6.1).
    ///
    /// - Parameter info: what the octets are; opening takes the same.
    /// - Throws: ``LedgerError`` with `sealing`.
    public func wrap(_ secret: Bytes, info: Bytes) throws(LedgerError) -> WrappedSecret {
        do {
            let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
            var sender = try HPKE.Sender(recipientKey: key, ciphersuite: WrappedSecret.suite, info: .init(info))
            let ciphertext = try sender.seal(secret)
            return WrappedSecret(encapsulatedKey: Bytes(sender.encapsulatedKey), ciphertext: Bytes(ciphertext))
        } catch {
            throw LedgerError(.sealing, "nothing can be sealed for the key \(bytes.hex); register another one")
        }
    }
}

/// The private half of an ``EncryptionKey``.
public struct DecryptionKey: Sendable {
    private let key: Curve25519.KeyAgreement.PrivateKey
    /// What others seal for.
    public let encryptionKey: EncryptionKey

    /// A key from its 32 octets.
    ///
    /// - Throws: ``LedgerError`` with `key`.
    public init(_ bytes: Bytes) throws(LedgerError) {
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes) else {
            throw LedgerError(.key, "an X25519 private key has \(EncryptionKey.size) bytes")
        }
        self.key = key
        encryptionKey = try EncryptionKey(Bytes(key.publicKey.rawRepresentation))
    }

    /// Opens what ``EncryptionKey/wrap(_:info:)`` sealed.
    ///
    /// - Throws: ``LedgerError`` with `sealing` for another key, another `info` or altered octets.
    public func unwrap(_ secret: WrappedSecret, info: Bytes) throws(LedgerError) -> Bytes {
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: WrappedSecret.suite, info: .init(info),
                encapsulatedKey: .init(secret.encapsulatedKey))
            return Bytes(try recipient.open(secret.ciphertext))
        } catch {
            throw LedgerError(.sealing, "the wrapped key was sealed for another key or purpose, or was altered")
        }
    }
}

/// What HPKE makes: the sender's ephemeral key and the ciphertext with its tag.
public struct WrappedSecret: Sendable, Hashable {
    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM: 0x0020, 0x0001, 0x0002 of RFC 9180 §7.
    static let suite = HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)

    /// `enc` of RFC 9180, 32 octets.
    public let encapsulatedKey: Bytes
    /// `ct` of RFC 9180: as long as the secret, and 16 octets of tag.
    public let ciphertext: Bytes

    public init(encapsulatedKey: Bytes, ciphertext: Bytes) {
        self.encapsulatedKey = encapsulatedKey
        self.ciphertext = ciphertext
    }
}
