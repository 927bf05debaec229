import APIKit
import Foundation
import Ledger

/// What the browser says of a ceremony: §5.8.1.
struct ClientData: Decodable {
    let type: String
    let challenge: String
    let origin: String
    let crossOrigin: Bool?

    init(json: Bytes) throws {
        guard let decoded = try? JSONDecoder().decode(ClientData.self, from: Data(json)) else {
            throw Passkeys.malformed("clientDataJSON is no JSON object with type, challenge and origin")
        }
        self = decoded
    }

    /// The challenge in hex, if this is the ceremony asked for, on one of our own pages.
    func check(type expected: String, origins: [String]) throws -> String {
        guard type == expected else { throw Passkeys.malformed("the ceremony is \(type), not \(expected)") }
        guard origins.contains(origin), crossOrigin != true else {
            throw Passkeys.refused("the page \(origin) is not one of this portal")
        }
        guard let bytes = Base64URL.decode(challenge) else {
            throw Passkeys.malformed("the challenge is not base64url")
        }
        return bytes.hex
    }
}

/// Unpadded base64url (RFC 4648 §5), as WebAuthn's JSON has it.
enum Base64URL {
    static func encode(_ bytes: Bytes) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    static func decode(_ text: String) -> Bytes? {
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)).map { Bytes($0) }
    }
}
