import Foundation

extension MosquittoProcess {
    /// Has the broker read its access list, passwords and revocations again; connections stay.
    public func reload() { kill(processIdentifier, SIGHUP) }

    /// Puts the passwords of claims in force: `name:$6$salt$hash` (mosquitto_passwd(1), SHA-512).
    ///
    /// - Parameter claims: user name, salt, and SHA-512 of password and salt.
    public func setClaims(_ claims: [(id: String, salt: [UInt8], verifier: [UInt8])]) throws(BrokerError) {
        let lines = claims.map {
            let (salt, hash) = (
                Foundation.Data($0.salt).base64EncodedString(), Foundation.Data($0.verifier).base64EncodedString()
            )
            return "\($0.id):$6$\(salt)$\(hash)\n"
        }
        try PrivateFile.write(lines.joined(), to: configuration.passwordFile)
        reload()
    }
}
