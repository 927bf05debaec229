import Crypto
import Foundation
import Ledger

/// The keys of a device, derived from its name and a secret that the registrar and the device share.
///
/// HKDF-SHA256 (RFC 5869) with the provisioning secret as input keying material, no salt, and as `info` the
/// deterministic CBOR of `[urn, generation]`. Of 64 octets the first 32 are the Ed25519 seed, the others the X25519
/// private key. The name alone derives nothing: it is printed on the housing.
public struct DeviceIdentity: Sendable {
    /// Shortest provisioning secret, in octets: the strength of the keys derived from it.
    public static let minimumSecret = 32

    /// The device.
    public let urn: DeviceURN
    /// 0 for the first key; one more at each re-provisioning, which retires the keys before.
    public let generation: UInt64
    /// Signs readings.
    public let signingKey: SigningKey
    /// The X25519 private key, for what is encrypted to the device.
    public let agreementKey: [UInt8]

    /// Derives the keys.
    ///
    /// - Throws: ``DeviceError`` with `secret` when the secret is shorter than ``minimumSecret``.
    public init(urn: DeviceURN, generation: UInt64 = 0, provisioningSecret: [UInt8]) throws(DeviceError) {
        guard provisioningSecret.count >= Self.minimumSecret else {
            throw DeviceError(
                .secret,
                "the provisioning secret has \(provisioningSecret.count) octets; use \(Self.minimumSecret) random ones")
        }
        let info = CBOR.array([.text(urn.text), .unsigned(generation)]).encoded()
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: provisioningSecret), info: info, outputByteCount: 64)
        let octets = derived.withUnsafeBytes { [UInt8]($0) }
        do {
            signingKey = try SigningKey(ed25519Seed: Array(octets[..<32]))
        } catch {
            throw DeviceError(.secret, "the derived seed is not usable: \(error.message)")
        }
        self.urn = urn
        self.generation = generation
        agreementKey = Array(octets[32...])
    }
}
