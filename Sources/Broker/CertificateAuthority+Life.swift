import Crypto
import Foundation
import SwiftASN1
import X509

/// The life of certificates after their issue: what was issued, requests of devices (PKCS #10), revocation.
extension CertificateAuthority {
    /// The list of revoked certificates, PEM, for the broker's `crlfile`.
    public var revocationFile: String { folder + "/revoked.crl" }
    private var issuedFile: String { folder + "/issued.txt" }
    private var revokedFile: String { folder + "/revoked.txt" }

    /// Largest request, octets.
    public static let maximumRequest = 8 * 1024

    /// Signs a device's certification request (RFC 2986). The key stays with the device.
    ///
    /// - Parameters:
    ///   - request: PEM.
    ///   - commonName: what the certificate will say; the request must say the same.
    /// - Returns: the certificate, PEM, and the SHA-256 of its DER.
    /// - Throws: ``BrokerError`` with `request` or `name`.
    public func sign(request: String, commonName: String) throws(BrokerError) -> (pem: String, hash: [UInt8]) {
        guard request.utf8.count <= Self.maximumRequest,
            let wanted = try? CertificateSigningRequest(pemEncoded: request)
        else { throw BrokerError(.request, "the certification request is no PKCS #10 in PEM") }
        guard wanted.publicKey.isValidSignature(wanted.signature, for: wanted) else {
            throw BrokerError(.request, "the certification request is not signed by its own key")
        }
        guard "\(wanted.subject)" == "CN=\(commonName)" else {
            throw BrokerError(.request, "the certification request must be for CN=\(commonName)")
        }
        let certificate = try issueClient(commonName: commonName, publicKey: wanted.publicKey)
        var serializer = DER.Serializer()
        do {
            try serializer.serialize(certificate)
        } catch {
            throw BrokerError(.authority, "cannot write a certificate: \(error)")
        }
        let text = try Self.pem(certificate)
        try PrivateFile.write(text, to: "\(folder)/\(Self.fileName(commonName)).pem")
        return (text, Array(SHA256.hash(data: serializer.serializedBytes)))
    }

    /// Notes an issue, so that all certificates of a name can be revoked.
    func record(_ certificate: Certificate, commonName: String) throws(BrokerError) {
        try append("\(Self.hex(Array(certificate.serialNumber.bytes))) \(commonName)\n", to: issuedFile)
    }

    /// Whether a certificate of this name was ever revoked.
    public func hasRevoked(_ commonName: String) -> Bool {
        let revoked = Set(lines(revokedFile).map { $0[0] })
        return lines(issuedFile).contains { $0.last == commonName && revoked.contains($0[0]) }
    }

    /// Revokes all certificates of a name but one, and writes the list anew.
    ///
    /// - Parameter kept: the file of a certificate that stays good.
    public func revoke(_ commonName: String, except kept: CertificateFiles? = nil) throws(BrokerError) {
        var serial: String?
        if let kept, let certificate = try? Certificate(pemEncoded: try PrivateFile.read(kept.certificate)) {
            serial = Self.hex(Array(certificate.serialNumber.bytes))
        }
        let revoked = Set(lines(revokedFile).map { $0[0] })
        for line in lines(issuedFile) where line.last == commonName && line[0] != serial && !revoked.contains(line[0]) {
            try append("\(line[0])\n", to: revokedFile)
        }
        try writeRevocations()
    }

    /// Writes the list of revoked certificates anew.
    public func writeRevocations() throws(BrokerError) {
        let serials = lines(revokedFile).map { Self.octets($0[0]) }
        do {
            try PrivateFile.write(
                try RevocationList(serials: serials, issuer: root.subject, now: Date()).pem(signedBy: key),
                to: revocationFile)
        } catch let error as BrokerError {
            throw error
        } catch {
            throw BrokerError(.authority, "cannot write the list of revoked certificates: \(error)")
        }
    }

    // MARK: Files

    private func lines(_ path: String) -> [[String]] {
        let text = (try? PrivateFile.read(path)) ?? ""
        return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }.filter { !$0.isEmpty }
    }

    private func append(_ line: String, to path: String) throws(BrokerError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BrokerError(.file, "cannot open \(path)") }
        defer { close(descriptor) }
        let octets = Array(line.utf8)
        // One write of one line: other processes append to the same file.
        guard octets.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == octets.count,
            fsync(descriptor) == 0
        else { throw BrokerError(.file, "cannot write \(path)") }
    }

    private static func hex(_ octets: [UInt8]) -> String {
        octets.map { (($0 < 16) ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func octets(_ hex: String) -> [UInt8] {
        var octets: [UInt8] = []
        var rest = hex[...]
        while rest.count >= 2 {
            octets.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return octets
    }
}
