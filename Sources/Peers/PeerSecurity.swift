import Crypto
import Foundation
import Ledger
import NIOSSL
import Sequencing
import X509

/// TLS 1.3 between members' nodes. A node shows that it has its member's key: the one by which the ledger knows the member, no other's word for
/// it is asked.
///
/// A node's certificate has the member's public key and is signed with it (RFC 5280, RFC 8410). Who connects makes the trust anchor itself,
/// of the key that the ledger names: nobody has to be trusted for a certificate, and a certificate that is made anew is as good as the last.
/// In TLS 1.3 the handshake too is signed with that key (RFC 8446 §4.4.3).
enum PeerSecurity {
    /// RFC 5280 §4.1.2.5: the certificate has no end of its own; the key is the member's for as long as the ledger says so.
    private static let begin = Date(timeIntervalSince1970: 0), end = Date(timeIntervalSince1970: 253_402_300_799)
    /// Octets of a key's thumbprint that number its certificate.
    private static let serialBytes = 16

    /// For the node of the member that has these keys: each connection shows the one that it has then.
    static func server(of keys: MemberKeys) throws -> TLSConfiguration {
        let first = keys.shown
        let identity = try identity(of: first)
        var security = TLSConfiguration.makeServerConfiguration(
            certificateChain: identity.chain, privateKey: identity.key)
        restrict(&security)
        security.sslContextCallback = { _, promise in
            promise.completeWith(
                Result {
                    let shown = keys.shown
                    guard shown.kid != first.kid else { return .noChanges }
                    let identity = try Self.identity(of: shown)
                    var changes = NIOSSLContextConfigurationOverride()
                    (changes.certificateChain, changes.privateKey) = (identity.chain, identity.key)
                    return changes
                })
        }
        return security
    }

    /// For who connects to the node of the member that has a key.
    static func client(trusting key: VerifyingKey) throws -> TLSConfiguration {
        var security = TLSConfiguration.makeClientConfiguration()
        security.trustRoots = .certificates([try nioCertificate(anchor(of: key))])
        // The key is the name: where the node runs is told by its member, and changes.
        security.certificateVerification = .noHostnameVerification
        restrict(&security)
        return security
    }

    /// For who connects to somebody unknown, to be told what proves itself.
    static func clientOfAnybody() -> TLSConfiguration {
        var security = TLSConfiguration.makeClientConfiguration()
        security.certificateVerification = .none
        restrict(&security)
        return security
    }

    private static func restrict(_ security: inout TLSConfiguration) {
        security.minimumTLSVersion = .tlsv13
        security.verifySignatureAlgorithms = [.ed25519]
        security.signingSignatureAlgorithms = [.ed25519]
    }

    /// What a node shows of its member's key.
    private static func identity(
        of key: SigningKey
    ) throws -> (chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKeySource) {
        let own = Certificate.PrivateKey(try Curve25519.Signing.PrivateKey(rawRepresentation: key.rawRepresentation))
        let leaf = try Certificate(
            version: .v3, serialNumber: serial(key.kid), publicKey: own.publicKey, notValidBefore: begin,
            notValidAfter: end, issuer: try name(key.kid), subject: try name(key.kid, unit: "node"),
            signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
            }, issuerPrivateKey: own)
        return (
            [.certificate(try nioCertificate(leaf))],
            .privateKey(try NIOSSLPrivateKey(bytes: Bytes(own.serializeAsPEM().pemString.utf8), format: .pem))
        )
    }

    /// A key as TLS trusts it. Nobody reads the signature of what is trusted already, so any will do.
    private static func anchor(of key: VerifyingKey) throws -> Certificate {
        guard let raw = key.ed25519 else {
            throw PeerError(.unknown, "a member's key is Ed25519, and \(key.kid) is not")
        }
        return try Certificate(
            version: .v3, serialNumber: serial(key.kid),
            publicKey: .init(try Curve25519.Signing.PublicKey(rawRepresentation: raw)), notValidBefore: begin,
            notValidAfter: end, issuer: try name(key.kid), subject: try name(key.kid), signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: .init(Curve25519.Signing.PrivateKey()))
    }

    private static func name(_ kid: Hash32, unit: String? = nil) throws -> DistinguishedName {
        try DistinguishedName {
            CommonName(kid.hex)
            if let unit { OrganizationalUnitName(unit) }
        }
    }

    private static func serial(_ kid: Hash32) -> Certificate.SerialNumber {
        .init(bytes: kid.bytes.prefix(serialBytes))
    }

    private static func nioCertificate(_ certificate: Certificate) throws -> NIOSSLCertificate {
        try NIOSSLCertificate(bytes: Bytes(certificate.serializeAsPEM().pemString.utf8), format: .pem)
    }
}
