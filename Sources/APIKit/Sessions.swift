import Crypto
import Foundation
import Synchronization

/// Who is signed in, in memory: a restart signs everybody out. Programs' keys are kept by ``APIKeys``.
///
/// Roles are not kept: each request asks the directory, so that a participant for whom nobody vouches any more is out at once.
public final class Sessions: Sendable {
    /// `__Host-` binds a cookie to this host, over TLS or loopback (RFC 6265bis §4.1.3.2). Ports of a host share their
    /// cookies, so nodes side by side add theirs.
    public static func cookieName(port: Int) -> String { "__Host-cairn-\(port)" }
    /// Header that carries the token against forged requests where there is no form.
    public static let forgeryHeader = "x-csrf-token"

    public enum Limits {
        /// A browser's session, ms.
        public static let cookieAge: UInt64 = 12 * 3600 * 1000
        /// A program's session by its signing key, ms.
        public static let tokenAge: UInt64 = 3600 * 1000
        /// A sign-in link, ms.
        public static let linkAge: UInt64 = 7 * 24 * 3600 * 1000
        /// Sessions at once; beyond, the oldest end.
        public static let sessions = 20_000
    }

    /// Finds a participant as the ledger knows them; nil for nobody, or where nobody vouches for them any more.
    public typealias Directory = @Sendable (_ signer: String) -> Identity?

    public enum Use: Sendable { case once, many }

    private struct Entry {
        let signer: String
        let csrfToken: String?
        let end: UInt64
    }

    private struct Link {
        let signer: String
        let use: Use
        let end: UInt64
    }

    private struct State {
        /// By SHA-256 of the token: what lies in memory opens nothing.
        var entries: [SHA256.Digest: Entry] = [:]
        var links: [SHA256.Digest: Link] = [:]
    }

    private let state = Mutex(State())
    private let cookieName: String
    private let directory: Directory
    private let keys: APIKeys?
    private let clock: @Sendable () -> UInt64

    /// - Parameters:
    ///   - port: where the site is reached.
    ///   - clock: ms since 1970.
    public init(
        port: Int, directory: @escaping Directory, keys: APIKeys?, clock: @escaping @Sendable () -> UInt64
    ) {
        cookieName = Self.cookieName(port: port)
        self.directory = directory
        self.keys = keys
        self.clock = clock
    }

    // MARK: Signing in

    /// Makes a sign-in link for a participant; whoever opens it is signed in as them.
    public func link(signer: String, use: Use) -> String {
        let token = Self.random()
        let end = clock() + Limits.linkAge
        state.withLock { $0.links[Self.hash(token)] = Link(signer: signer, use: use, end: end) }
        return "/sign-in/\(token)"
    }

    /// Signs in by a link's token; returns the `Set-Cookie` value.
    public func signIn(withLink token: String) -> String? {
        let (hash, now) = (Self.hash(token), clock())
        let link = state.withLock { state -> Link? in
            guard let link = state.links[hash], link.end > now else { return nil }
            if link.use == .once { state.links.removeValue(forKey: hash) }
            return link
        }
        return link.map { cookie(for: $0.signer) }
    }

    /// A browser's session for somebody who has shown who they are; the `Set-Cookie` value.
    public func cookie(for signer: String) -> String {
        let token = open(signer, csrfToken: Self.random(), age: Limits.cookieAge)
        return "\(cookieName)=\(token); Path=/; Secure; HttpOnly; SameSite=Lax"
    }

    /// A program's session for somebody who has shown who they are; sent as `Authorization: Bearer`.
    public func token(for signer: String) -> String { open(signer, csrfToken: nil, age: Limits.tokenAge) }

    private func open(_ signer: String, csrfToken: String?, age: UInt64) -> String {
        let token = Self.random()
        let now = clock()
        state.withLock { state in
            if state.entries.count >= Limits.sessions {
                state.entries = state.entries.filter { $0.value.end > now }
                if state.entries.count >= Limits.sessions,
                    let oldest = state.entries.min(by: { $0.value.end < $1.value.end })
                {
                    state.entries.removeValue(forKey: oldest.key)
                }
            }
            state.entries[Self.hash(token)] = Entry(signer: signer, csrfToken: csrfToken, end: now + age)
        }
        return token
    }

    // MARK: Recognising

    /// The session of a request by its `Authorization` and `Cookie` header fields.
    public func session(authorization: String?, cookie header: String?) -> Session? {
        if let authorization {
            guard authorization.hasPrefix("Bearer ") else { return nil }
            let token = String(authorization.dropFirst(7))
            if let key = keys?.key(token) { return session(key.signer, csrfToken: nil, scopes: Set(key.scopes)) }
            return entry(token).flatMap { $0.csrfToken == nil ? session($0.signer, csrfToken: nil, scopes: nil) : nil }
        }
        guard let entry = token(in: header).flatMap(entry), let token = entry.csrfToken else { return nil }
        return session(entry.signer, csrfToken: token, scopes: nil)
    }

    private func entry(_ token: String) -> Entry? {
        let now = clock()
        return state.withLock { $0.entries[Self.hash(token)] }.flatMap { $0.end > now ? $0 : nil }
    }

    private func session(_ signer: String, csrfToken: String?, scopes: Set<String>?) -> Session? {
        directory(signer).map {
            Session(
                participant: $0.participant, signer: $0.signer, name: $0.name, organisation: $0.organisation,
                roles: $0.roles, csrfToken: csrfToken, scopes: scopes)
        }
    }

    /// Ends the session of a cookie; the `Set-Cookie` value that takes it away.
    public func signOut(cookieHeader: String?) -> String {
        if let token = token(in: cookieHeader) {
            state.withLock { _ = $0.entries.removeValue(forKey: Self.hash(token)) }
        }
        return "\(cookieName)=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    }

    private func token(in header: String?) -> String? {
        header?.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            .first { $0.hasPrefix("\(cookieName)=") }.map { String($0.dropFirst(cookieName.count + 1)) }
    }

    static func hash(_ token: String) -> SHA256.Digest { SHA256.hash(data: Data(token.utf8)) }

    /// SHA-256 of a token, hex: what is kept of tokens in files.
    public static func digest(of token: String) -> String {
        hash(token).map { String(format: "%02x", $0) }.joined()
    }

    /// 256 random bits in hex.
    public static func random() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { bytes in
            bytes.map { String(format: "%02x", $0) }.joined()
        }
    }
}
