import Crypto
import Foundation
import X509

/// A new device's side of its TLS certificate: the key is made and kept here, and only the request (PKCS #10) goes out.
public struct CertificateRequest: Sendable {
    /// What is sent, PEM.
    public let pem: String
    /// Where the certificate goes once it is issued, beside its key and its authority's certificate.
    public let files: CertificateFiles

    /// Makes a P-256 key in a folder and a request for a certificate with a common name.
    ///
    /// - Throws: ``BrokerError``: `file`, `request`.
    public init(commonName: String, folder: String) throws(BrokerError) {
        try PrivateFile.createFolder(folder)
        let name = CertificateAuthority.fileName(commonName)
        files = CertificateFiles(
            authority: "\(folder)/ca.pem", certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key.pem")
        let key = P256.Signing.PrivateKey()
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName { CommonName(commonName) },
                privateKey: Certificate.PrivateKey(key), attributes: CertificateSigningRequest.Attributes(),
                signatureAlgorithm: .ecdsaWithSHA256)
            pem = try request.serializeAsPEM().pemString + "\n"
        } catch {
            throw BrokerError(.request, "cannot make a certification request for '\(commonName)': \(error)")
        }
        try PrivateFile.write(key.pemRepresentation, to: files.key)
    }

    /// Keeps the certificate that was issued.
    public func keep(certificate: String, authority: String) throws(BrokerError) {
        try PrivateFile.write(authority, to: files.authority)
        try PrivateFile.write(certificate, to: files.certificate)
    }
}
