import Crypto
import Foundation
import Ledger

/// A one-time code by which a device comes in: `<id>-<code>`. The ledger holds a salted hash of the code, in the form
/// that the broker's password file takes (mosquitto.conf(5), `$6$`).
///
/// The code is 128 random bits, so that a fast hash is no weakness.
public struct ClaimCode: Sendable, Hashable {
    /// User name at the broker.
    public let id: String
    /// Password at the broker.
    public let code: String
    public let salt: [UInt8]

    /// A new code.
    public static func random() -> ClaimCode {
        ClaimCode(id: "claim\(octets(6).hex)", code: octets(16).hex, salt: octets(12))
    }

    private init(id: String, code: String, salt: [UInt8]) {
        self.id = id
        self.code = code
        self.salt = salt
    }

    /// What the owner gives to the device.
    public var text: String { "\(id)-\(code)" }

    /// SHA-512 of code and salt.
    public var verifier: [UInt8] { Array(SHA512.hash(data: Array(code.utf8) + salt)) }

    /// The arguments of `devices.claim` that come from the code.
    public var arguments: [(String, CBOR)] {
        [("id", .text(id)), ("verifier", .bytes(verifier)), ("salt", .bytes(salt))]
    }

    private static func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }
}
