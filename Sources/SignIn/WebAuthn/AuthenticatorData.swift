import APIKit
import Crypto
import Foundation
import Ledger

/// What an authenticator says of itself and signs: W3C Web Authentication Level 3, §6.1.
struct AuthenticatorData {
    private enum Flag {
        static let userPresent: UInt8 = 0x01
        static let userVerified: UInt8 = 0x04
        static let attestedCredential: UInt8 = 0x40
        static let extensions: UInt8 = 0x80
    }

    let relyingPartyHash: Bytes
    let isUserPresent: Bool
    let isUserVerified: Bool
    let counter: UInt32
    /// The new credential, at registration.
    let credential: (id: Bytes, key: PasskeyKey)?

    init(_ bytes: Bytes) throws {
        // rpIdHash (32), flags (1), signCount (4).
        guard bytes.count >= 37 else { throw Passkeys.malformed("the authenticator's data is cut short") }
        relyingPartyHash = Bytes(bytes[0..<32])
        let flags = bytes[32]
        isUserPresent = flags & Flag.userPresent != 0
        isUserVerified = flags & Flag.userVerified != 0
        counter = bytes[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        guard flags & Flag.attestedCredential != 0 else {
            credential = nil
            return
        }
        guard flags & Flag.extensions == 0 else {
            throw Passkeys.malformed("extensions were not asked for")
        }
        // aaguid (16), credentialIdLength (2), credentialId, credentialPublicKey (§6.5.1).
        guard bytes.count >= 55 else { throw Passkeys.malformed("the credential is cut short") }
        let length = Int(bytes[53]) << 8 | Int(bytes[54])
        guard length > 0, length <= 1023, bytes.count > 55 + length else {
            throw Passkeys.malformed("the credential's id is cut short")
        }
        credential = (Bytes(bytes[55..<55 + length]), try PasskeyKey(coseKey: Bytes(bytes[(55 + length)...])))
    }
}

/// The public key of a passkey: ES256 or EdDSA, the two that were asked for.
struct PasskeyKey {
    let verifying: VerifyingKey

    /// - Parameter coseKey: with its algorithm, as WebAuthn has it (§5.8.5).
    init(coseKey bytes: Bytes) throws {
        guard let map = try? CBOR.decode(bytes).map else { throw Passkeys.malformed("the public key is no COSE_Key") }
        do {
            switch (map[1], map[3], map[-1], map[-2], map[-3]) {
            case (2, -7, 1, .bytes(let x), .bytes(let y)): verifying = try VerifyingKey(p256: [0x04] + x + y)
            case (1, -8, 6, .bytes(let x), nil): verifying = try VerifyingKey(ed25519: x)
            default: throw Passkeys.malformed("the public key is neither ES256 nor Ed25519")
            }
        } catch is LedgerError {
            throw Passkeys.malformed("the public key is no point of its curve")
        }
    }

    /// A stored key, without its algorithm.
    init(stored: Bytes) throws {
        verifying = try VerifyingKey(coseKey: stored)
    }

    /// Signatures of ES256 come in ASN.1 DER (§6.5.5); the ledger's are r ‖ s.
    func isValid(_ signature: Bytes, for message: Bytes) -> Bool {
        switch verifying.algorithm {
        case .edDSA: return verifying.isValid(signature, for: message)
        case .es256:
            guard let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return verifying.isValid(Bytes(parsed.rawRepresentation), for: message)
        }
    }
}
