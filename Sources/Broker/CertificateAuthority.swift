import Crypto
import Foundation
import SwiftASN1
import X509

/// The consortium's authority for TLS at the broker (RFC 5280): a root that signs servers and clients directly.
///
/// The common name of a client's certificate is its user name at the broker and so bounds its topics. TLS keys are
/// P-256 and unrelated to the keys that sign readings: a stolen TLS key opens the door and signs nothing.
public struct CertificateAuthority: Sendable {
    /// Years that a root is valid.
    public static let rootYears = 10
    /// Days that a server's or client's certificate is valid.
    public static let leafDays = 365
    /// Longest common name, in octets (RFC 5280 appendix A.1, ub-common-name).
    public static let maximumCommonName = 64
    /// A certificate begins a little before its issue, because clocks differ: seconds.
    private static let clockAllowance: TimeInterval = 300

    /// The folder with the authority's files.
    public let folder: String
    /// The root, for those who have to trust it.
    public var certificateFile: String { folder + "/ca.pem" }
    private var keyFile: String { folder + "/ca.key.pem" }

    let root: Certificate
    let key: P256.Signing.PrivateKey

    /// Opens the authority in a folder, and makes it there if there is none.
    ///
    /// - Parameters:
    ///   - folder: created with mode 0700; files in it have mode 0600.
    ///   - name: the common name of a new root.
    /// - Throws: ``BrokerError``: `file`, `authority`.
    public init(folder: String, name: String = "Cairn consortium") throws(BrokerError) {
        try PrivateFile.createFolder(folder)
        let paths = (certificate: folder + "/ca.pem", key: folder + "/ca.key.pem")
        self.folder = folder
        if FileManager.default.fileExists(atPath: paths.certificate) {
            let certificateText = try PrivateFile.read(paths.certificate)
            let keyText = try PrivateFile.read(paths.key)
            do {
                root = try Certificate(pemEncoded: certificateText)
                key = try P256.Signing.PrivateKey(pemRepresentation: keyText)
            } catch {
                throw BrokerError(.authority, "\(folder) has no usable certificate authority: \(error)")
            }
            guard root.publicKey == Certificate.PublicKey(key.publicKey) else {
                throw BrokerError(.authority, "ca.pem and ca.key.pem in \(folder) do not belong together")
            }
            return
        }
        key = P256.Signing.PrivateKey()
        root = try Self.makeRoot(name, key)
        try PrivateFile.write(key.pemRepresentation, to: paths.key)
        try PrivateFile.write(try Self.pem(root), to: paths.certificate)
    }

    /// Issues a certificate for a broker.
    ///
    /// - Parameters:
    ///   - dnsNames: host names under which clients reach it.
    ///   - addresses: IPv4 addresses under which clients reach it, four octets each.
    ///   - file: name of the files without extension, in ``folder``.
    /// - Throws: ``BrokerError``.
    public func issueServer(
        dnsNames: [String] = ["localhost"], addresses: [[UInt8]] = [[127, 0, 0, 1]], file: String = "broker"
    ) throws(BrokerError) -> CertificateFiles {
        let names =
            dnsNames.map { GeneralName.dnsName($0) }
            + addresses.map { GeneralName.ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        return try issue(dnsNames.first ?? "broker", .serverAuth, names, file)
    }

    /// Issues a certificate for a device or gateway.
    ///
    /// - Parameters:
    ///   - commonName: the device URN or the gateway's participant id; the user name at the broker.
    ///   - file: name of the files without extension, in ``folder``; by default made from the common name.
    /// - Throws: ``BrokerError``: `name` when the name is too long or could widen an access pattern.
    public func issueClient(commonName: String, file: String? = nil) throws(BrokerError) -> CertificateFiles {
        try Self.checkName(commonName)
        return try issue(commonName, .clientAuth, [], file ?? Self.fileName(commonName))
    }

    /// A certificate for a key that somebody else keeps.
    func issueClient(commonName: String, publicKey: Certificate.PublicKey) throws(BrokerError) -> Certificate {
        try Self.checkName(commonName)
        return try certificate(commonName, .clientAuth, [], publicKey)
    }

    /// The file's name for a common name.
    static func fileName(_ commonName: String) -> String {
        String(commonName.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." ? $0 : "_" })
    }

    private static func checkName(_ commonName: String) throws(BrokerError) {
        // A wildcard or level separator in a user name would change the meaning of the broker's patterns.
        let isPlain = commonName.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"+#/%\"\\".utf8.contains($0) }
        guard isPlain, 1...Self.maximumCommonName ~= commonName.utf8.count else {
            throw BrokerError(
                .name,
                "'\(commonName)' cannot be a user name: 1 to \(Self.maximumCommonName) visible ASCII characters "
                    + "without + # / %"
            )
        }
    }

    private func issue(
        _ commonName: String, _ usage: ExtendedKeyUsage.Usage, _ names: [GeneralName], _ file: String
    ) throws(BrokerError) -> CertificateFiles {
        let leafKey = P256.Signing.PrivateKey()
        let certificate = try certificate(commonName, usage, names, Certificate.PublicKey(leafKey.publicKey))
        let files = CertificateFiles(
            authority: certificateFile, certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key.pem")
        try PrivateFile.write(leafKey.pemRepresentation, to: files.key)
        try PrivateFile.write(try Self.pem(certificate), to: files.certificate)
        return files
    }

    private func certificate(
        _ commonName: String, _ usage: ExtendedKeyUsage.Usage, _ names: [GeneralName],
        _ publicKey: Certificate.PublicKey
    ) throws(BrokerError) -> Certificate {
        let certificate: Certificate
        let now = Date()
        do {
            certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(),
                publicKey: publicKey, notValidBefore: now - Self.clockAllowance,
                notValidAfter: now + TimeInterval(Self.leafDays) * 86_400, issuer: root.subject,
                subject: DistinguishedName { CommonName(commonName) },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([usage])
                    if !names.isEmpty { SubjectAlternativeNames(names) }
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
        } catch {
            throw BrokerError(.authority, "cannot issue a certificate for '\(commonName)': \(error)")
        }
        try record(certificate, commonName: commonName)
        return certificate
    }

    private static func makeRoot(_ name: String, _ key: P256.Signing.PrivateKey) throws(BrokerError) -> Certificate {
        let now = Date()
        do {
            let subject = try DistinguishedName { CommonName(name) }
            return try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(),
                publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: now - clockAllowance,
                notValidAfter: now + TimeInterval(rootYears) * 365 * 86_400, issuer: subject, subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
        } catch {
            throw BrokerError(.authority, "cannot make a root certificate: \(error)")
        }
    }

    static func pem(_ certificate: Certificate) throws(BrokerError) -> String {
        do {
            return try certificate.serializeAsPEM().pemString + "\n"
        } catch {
            throw BrokerError(.authority, "cannot write a certificate: \(error)")
        }
    }
}
