import Crypto
import Foundation
import SwiftASN1
import X509

/// A certificate revocation list (RFC 5280 §5), written as DER: swift-certificates reads and writes certificates alone.
struct RevocationList {
    /// How long a list says that it holds; it is written anew at each start and each revocation.
    private static let validity: TimeInterval = 10 * 365 * 86_400
    /// ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 §3.2).
    private static let algorithm: [UInt8] = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]

    /// Serial numbers as in the certificates, big-endian.
    let serials: [[UInt8]]
    let issuer: DistinguishedName
    let now: Date

    /// PEM, signed by the authority.
    func pem(signedBy key: P256.Signing.PrivateKey) throws -> String {
        var serializer = DER.Serializer()
        try serializer.serialize(issuer)
        let time = Self.time(now)
        let revoked = serials.map { Self.item(0x30, Self.integer($0) + time) }
        let body = Self.item(
            0x30,
            // Version 2 is written as 1.
            Self.integer([1]) + Self.algorithm + serializer.serializedBytes + time
                + Self.time(now + Self.validity)
                + (revoked.isEmpty ? [] : Self.item(0x30, revoked.flatMap { $0 })))
        let signature = try key.signature(for: body).derRepresentation
        let list = Self.item(0x30, body + Self.algorithm + Self.item(0x03, [0] + signature))
        return PEMDocument(type: "X509 CRL", derBytes: list).pemString + "\n"
    }

    private static func item(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length = [UInt8(truncatingIfNeeded: content.count)]
        if content.count > 127 {
            let octets = withUnsafeBytes(of: UInt32(clamping: content.count).bigEndian) { Array($0.drop { $0 == 0 }) }
            length = [0x80 | UInt8(octets.count)] + octets
        }
        return [tag] + length + content
    }

    private static func integer(_ octets: [UInt8]) -> [UInt8] {
        let trimmed = Array(octets.drop { $0 == 0 })
        let content = trimmed.isEmpty ? [0] : trimmed[0] >= 0x80 ? [0] + trimmed : trimmed
        return item(0x02, content)
    }

    /// UTCTime before 2050, GeneralizedTime after (RFC 5280 §5.1.2.4).
    private static func time(_ date: Date) -> [UInt8] {
        let digits = date.formatted(.iso8601).filter(\.isNumber)
        return digits < "2050"
            ? item(0x17, Array((digits.dropFirst(2) + "Z").utf8)) : item(0x18, Array((digits + "Z").utf8))
    }
}
