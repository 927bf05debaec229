import Foundation

/// Keys of programs, each with scopes and an end. Only hashes are kept, in one file that its owner alone can read.
public final class APIKeys: Sendable {
    public enum Limits {
        public static let perSigner = 20
        /// Longest life, ms: 400 days.
        public static let age: UInt64 = 400 * 24 * 3600 * 1000
    }

    /// What is known of a key.
    public struct Key: Sendable, Codable, Hashable {
        public let id: String
        public let name: String
        public let signer: String
        public let scopes: [String]
        /// ms since 1970.
        public let created: UInt64
        public let expires: UInt64
        /// SHA-256 of the token, hex.
        let hash: String
    }

    private static let prefix = "cairn_"

    private let clock: @Sendable () -> UInt64
    private let keys: PrivateList<Key>

    public init(file: URL, clock: @escaping @Sendable () -> UInt64) throws {
        self.clock = clock
        keys = try PrivateList(file: file)
    }

    /// Makes a key; the token is told this once.
    public func make(
        name: String, signer: String, scopes: [String], expires: UInt64
    ) throws -> (token: String, key: Key) {
        let now = clock()
        guard expires > now, expires - now <= Limits.age else {
            throw Problem.badRequest("a key ends at a time in the future, at most 400 days ahead")
        }
        let token = Self.prefix + Sessions.random()
        let key = Key(
            id: String(Sessions.random().prefix(16)), name: name, signer: signer, scopes: scopes.sorted(), created: now,
            expires: expires, hash: Sessions.digest(of: token))
        try keys.change { keys in
            guard keys.count(where: { $0.signer == signer }) < Limits.perSigner else {
                throw Problem(409, "too-many-keys", "there are \(Limits.perSigner) keys; delete one first")
            }
            keys.append(key)
        }
        return (token, key)
    }

    public func keys(of signer: String) -> [Key] { keys.all.filter { $0.signer == signer } }

    /// Deletes a key of a signer; false where there is none.
    public func delete(_ id: String, of signer: String) throws -> Bool {
        guard keys.all.contains(where: { $0.id == id && $0.signer == signer }) else { return false }
        try keys.change { $0.removeAll { $0.id == id && $0.signer == signer } }
        return true
    }

    /// The key that a token is of, while it lasts.
    func key(_ token: String) -> Key? {
        guard token.hasPrefix(Self.prefix) else { return nil }
        let (hash, now) = (Sessions.digest(of: token), clock())
        return keys.all.first { $0.hash == hash && $0.expires > now }
    }
}
