import Foundation
import X509

/// Where a certificate, its key and the certificate of its issuer lie, all PEM.
public struct CertificateFiles: Sendable, Hashable {
    /// The issuer's certificate.
    public var authority: String
    /// The certificate.
    public var certificate: String
    /// The private key, readable by its owner only.
    public var key: String

    /// Names the three files.
    public init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    /// All certificates of an authority's folder, by the names of their files.
    public static func all(in folder: String) -> [(name: String, files: CertificateFiles)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { $0.hasSuffix(".pem") && !$0.hasSuffix(".key.pem") }.map { file in
            let name = String(file.dropLast(4))
            return (
                name,
                CertificateFiles(
                    authority: folder + "/ca.pem", certificate: "\(folder)/\(file)",
                    key: "\(folder)/\(name).key.pem")
            )
        }
    }

    /// When the certificate ends; for `cairn_certificate_expiry_timestamp_seconds` and the warning before the day.
    ///
    /// - Throws: ``BrokerError`` with `file` or `authority`.
    public func notValidAfter() throws(BrokerError) -> Date {
        let text = try PrivateFile.read(certificate)
        do {
            return try Certificate(pemEncoded: text).notValidAfter
        } catch {
            throw BrokerError(.authority, "\(certificate) is not a certificate: \(error)")
        }
    }
}
