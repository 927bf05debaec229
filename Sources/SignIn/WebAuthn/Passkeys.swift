import APIKit
import Foundation
import Ledger

/// Passkeys of the people of this node: W3C Web Authentication Level 3, §7. Public keys alone are kept, in one file.
public final class Passkeys: Sendable {
    public enum Limits {
        public static let perSigner = 10
    }

    /// A passkey.
    public struct Passkey: Sendable, Codable, Hashable {
        /// The credential's id, base64url.
        public let id: String
        public let signer: String
        /// What its owner calls it.
        public let name: String
        /// ms since 1970.
        public let created: UInt64
        let coseKey: String
        var counter: UInt32
    }

    private let challenges: Challenges
    private let clock: @Sendable () -> UInt64
    private let passkeys: PrivateList<Passkey>

    public init(file: URL, challenges: Challenges, clock: @escaping @Sendable () -> UInt64) throws {
        self.challenges = challenges
        self.clock = clock
        passkeys = try PrivateList(file: file)
    }

    static func malformed(_ why: String) -> Problem { Problem(403, "passkey-malformed", why) }
    static func refused(_ why: String) -> Problem { Problem(403, "passkey-refused", why) }

    public func passkeys(of signer: String) -> [Passkey] {
        passkeys.all.filter { $0.signer == signer }
    }

    // MARK: Registration, §7.1

    /// `PublicKeyCredentialCreationOptionsJSON` (§5.4), for a page of `relyingParty`.
    public func creationOptions(for session: Session, relyingParty: String) -> [String: Any] {
        [
            "challenge": Base64URL.encode(Bytes(hex: challenges.make().challenge) ?? []),
            "rp": ["id": relyingParty, "name": "Cairn"],
            "user": [
                // A handle that tells nobody who it is of (§14.6.1).
                "id": Base64URL.encode(Hash32.sha256(Bytes(session.signer.utf8)).bytes), "name": session.signer,
                "displayName": session.name,
            ],
            "pubKeyCredParams": [-8, -7].map { ["type": "public-key", "alg": $0] },
            "authenticatorSelection": ["residentKey": "required", "userVerification": "required"],
            "attestation": "none",
            "excludeCredentials": passkeys(of: session.signer).map { ["type": "public-key", "id": $0.id] },
        ]
    }

    /// Keeps a new passkey, if the browser's answer is in order.
    public func register(
        _ credential: Credential, name: String, signer: String, relyingParty: String, origins: [String]
    ) throws -> Passkey {
        let client = try ClientData(json: credential.clientDataJSON)
        guard challenges.take(try client.check(type: "webauthn.create", origins: origins)) else {
            throw Self.refused("the challenge is unknown or too old; begin again")
        }
        guard let object = credential.attestationObject, let map = try? CBOR.decode(object).map,
            let bytes = map["authData"]?.bytes
        else { throw Self.malformed("the attestation object lacks authData") }
        let authenticator = try AuthenticatorData(bytes)
        try check(authenticator, relyingParty)
        guard let made = authenticator.credential, Base64URL.encode(made.id) == credential.id else {
            throw Self.malformed("the authenticator's data has no credential of this id")
        }
        let passkey = Passkey(
            id: credential.id, signer: signer, name: name, created: clock(),
            coseKey: Base64URL.encode(made.key.verifying.coseKey), counter: authenticator.counter)
        try passkeys.change { passkeys in
            guard !passkeys.contains(where: { $0.id == passkey.id }) else {
                throw Problem(409, "exists", "this passkey is registered already")
            }
            guard passkeys.count(where: { $0.signer == signer }) < Limits.perSigner else {
                throw Problem(409, "too-many-passkeys", "there are \(Limits.perSigner) passkeys; delete one first")
            }
            passkeys.append(passkey)
        }
        return passkey
    }

    // MARK: Authentication, §7.2

    /// `PublicKeyCredentialRequestOptionsJSON` (§5.5): the authenticator knows whose passkeys it has.
    public func requestOptions(relyingParty: String) -> [String: Any] {
        [
            "challenge": Base64URL.encode(Bytes(hex: challenges.make().challenge) ?? []), "rpId": relyingParty,
            "userVerification": "required",
        ]
    }

    /// Who signed in.
    public func verify(_ credential: Credential, relyingParty: String, origins: [String]) throws -> String {
        let client = try ClientData(json: credential.clientDataJSON)
        guard challenges.take(try client.check(type: "webauthn.get", origins: origins)) else {
            throw Self.refused("the challenge is unknown or too old; begin again")
        }
        guard let passkey = passkeys.all.first(where: { $0.id == credential.id }),
            let stored = Base64URL.decode(passkey.coseKey)
        else {
            throw Self.refused("this passkey is not registered here")
        }
        guard let bytes = credential.authenticatorData, let signature = credential.signature else {
            throw Self.malformed("the answer lacks authenticatorData or signature")
        }
        let authenticator = try AuthenticatorData(bytes)
        try check(authenticator, relyingParty)
        let message = bytes + Hash32.sha256(credential.clientDataJSON).bytes
        guard try PasskeyKey(stored: stored).isValid(signature, for: message) else {
            throw Self.refused("the passkey's signature does not hold")
        }
        // §6.1.1: a counter that does not grow tells of a copy; authenticators without one stay at zero.
        guard (authenticator.counter == 0 && passkey.counter == 0) || authenticator.counter > passkey.counter else {
            throw Self.refused("the passkey's counter went back; it may have been copied")
        }
        try passkeys.change { passkeys in
            for index in passkeys.indices where passkeys[index].id == passkey.id {
                passkeys[index].counter = authenticator.counter
            }
        }
        return passkey.signer
    }

    public func delete(_ id: String, of signer: String) throws -> Bool {
        guard passkeys.all.contains(where: { $0.id == id && $0.signer == signer }) else { return false }
        try passkeys.change { $0.removeAll { $0.id == id && $0.signer == signer } }
        return true
    }

    private func check(_ authenticator: AuthenticatorData, _ relyingParty: String) throws {
        guard authenticator.relyingPartyHash == Hash32.sha256(Bytes(relyingParty.utf8)).bytes else {
            throw Self.refused("the passkey is for another site")
        }
        guard authenticator.isUserPresent, authenticator.isUserVerified else {
            throw Self.refused("the authenticator did not verify its user")
        }
    }
}

extension Passkeys {
    /// A browser's answer: `PublicKeyCredential.toJSON()` (§5.1), as far as it is used.
    public struct Credential: Sendable, Decodable {
        let id: String
        let clientDataJSON: Bytes
        let attestationObject: Bytes?
        let authenticatorData: Bytes?
        let signature: Bytes?

        private enum Keys: String, CodingKey {
            case id, response, clientDataJSON, attestationObject, authenticatorData, signature
        }

        public init(from decoder: any Decoder) throws {
            let outer = try decoder.container(keyedBy: Keys.self)
            id = try outer.decode(String.self, forKey: .id)
            let inner = try outer.nestedContainer(keyedBy: Keys.self, forKey: .response)
            func bytes(_ key: Keys) throws -> Bytes? {
                guard let text = try inner.decodeIfPresent(String.self, forKey: key) else { return nil }
                guard let bytes = Base64URL.decode(text) else {
                    throw Passkeys.malformed("\(key.rawValue) is not base64url")
                }
                return bytes
            }
            guard let client = try bytes(.clientDataJSON) else {
                throw Problem.badRequest("response.clientDataJSON is missing")
            }
            clientDataJSON = client
            attestationObject = try bytes(.attestationObject)
            authenticatorData = try bytes(.authenticatorData)
            signature = try bytes(.signature)
        }
    }
}
