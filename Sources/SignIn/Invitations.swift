import APIKit
import Foundation

/// Invitations, each good for one key and for a week: of organisations to people who will act for them, and of registrars
/// to participants from outside, whose claim waits for the registrar's second look.
public final class Invitations: Sendable {
    /// How long an invitation lasts, ms.
    public static let age: UInt64 = 7 * 24 * 3600 * 1000

    public struct Invitation: Sendable, Codable, Hashable {
        /// The participant that the person will be.
        public let id: String
        public let function: String
        public let roles: [String]
        public let organisation: String
        /// The administrator or registrar who invites; the enrolment is signed in this name.
        public let administrator: String
        /// The member that a participant from outside will belong to; nil for people of an organisation.
        public let member: String?
        /// The COSE_Key, hex, of a participant from outside who has claimed the enrolment.
        public internal(set) var key: String?
        /// ms since 1970.
        public let expires: UInt64
        /// SHA-256 of the token, hex.
        let hash: String
    }

    private let invitations: PrivateList<Invitation>
    private let clock: @Sendable () -> UInt64

    public init(file: URL, clock: @escaping @Sendable () -> UInt64) throws {
        invitations = try PrivateList(file: file)
        self.clock = clock
    }

    /// Makes an invitation; the token of its link.
    ///
    /// - Parameter member: the member of a participant from outside.
    public func make(
        id: String, function: String, roles: [String], organisation: String, administrator: String,
        member: String? = nil
    ) throws -> String {
        let (token, now) = (Sessions.random(), clock())
        let invitation = Invitation(
            id: id, function: function, roles: roles, organisation: organisation, administrator: administrator,
            member: member, expires: now + Self.age, hash: Self.hash(token))
        try invitations.change { invitations in
            invitations.removeAll { $0.expires <= now || ($0.id == id && $0.organisation == organisation) }
            invitations.append(invitation)
        }
        return token
    }

    /// The invitation of a token, while it lasts.
    public func invitation(_ token: String) -> Invitation? {
        let (hash, now) = (Self.hash(token), clock())
        return invitations.all.first { $0.hash == hash && $0.expires > now }
    }

    /// Puts a key to the invitation of a participant from outside; the first one counts.
    ///
    /// - Returns: whether it is the key that waits now.
    public func claim(_ token: String, key: String) throws -> Bool {
        let hash = Self.hash(token)
        try invitations.change { all in
            guard let place = all.firstIndex(where: { $0.hash == hash && $0.key == nil }) else { return }
            all[place].key = key
        }
        return invitation(token)?.key == key
    }

    /// Claimed invitations that wait for a registrar.
    public func claims(for registrar: String) -> [Invitation] {
        let now = clock()
        return invitations.all.filter { $0.organisation == registrar && $0.key != nil && $0.expires > now }
    }

    /// Ends an invitation that a registrar has decided on.
    public func remove(id: String, of registrar: String) throws {
        try invitations.change { $0.removeAll { $0.id == id && $0.organisation == registrar } }
    }

    /// Ends an invitation that was taken up.
    public func remove(_ token: String) throws {
        let hash = Self.hash(token)
        try invitations.change { $0.removeAll { $0.hash == hash } }
    }

    private static func hash(_ token: String) -> String { Sessions.digest(of: token) }
}
