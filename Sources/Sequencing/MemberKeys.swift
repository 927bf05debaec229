import Ledger
import Synchronization

/// The signing keys of one member: the one that the ledger names, and beside it the next or the last one while they change.
///
/// What depends on the ledger is signed with the key that it names for a height. A member that does not have that one signs nothing.
public final class MemberKeys: Sendable {
    private struct State {
        var held: [SigningKey]
        /// What the ledger names for the next block; nil before it names any.
        var named: Hash32?
        /// For which key the one before it was to be replaced; where that failed it is tried again at the next start.
        var promoted: Hash32?
    }

    private let state: Mutex<State>
    private let load: @Sendable () -> [SigningKey]
    private let promote: @Sendable (SigningKey) -> Void

    /// - Parameters:
    ///   - load: reads what the member has, the key in use first; asked again for one that is not among them.
    ///   - promote: is told when the key in use is another one for good.
    public init(
        promote: @escaping @Sendable (SigningKey) -> Void, load: @escaping @Sendable () -> [SigningKey]
    ) throws(LedgerError) {
        let held = load()
        guard !held.isEmpty else { throw LedgerError(.key, "a member's node needs the member's key") }
        state = Mutex(State(held: held))
        self.load = load
        self.promote = promote
    }

    /// One key that does not change.
    public init(_ key: SigningKey) {
        state = Mutex(State(held: [key]))
        load = { [key] }
        promote = { _ in }
    }

    /// The key with a thumbprint; nil where it is not here.
    public func key(_ kid: Hash32) -> SigningKey? {
        if let known = state.withLock({ $0.held.first { $0.kid == kid } }) { return known }
        return reloaded().first { $0.kid == kid }
    }

    /// All that are here, as they are kept by now.
    public func reloaded() -> [SigningKey] {
        let found = load()
        return state.withLock { state in
            if !found.isEmpty { state.held = found }
            return state.held
        }
    }

    /// Takes up which key the ledger names for the next block.
    public func use(_ kid: Hash32?) { state.withLock { $0.named = kid } }

    /// The key that the ledger names; nil where it is not here.
    public var current: SigningKey? {
        let (named, first) = state.withLock { ($0.named, $0.held[0]) }
        return named.map { key($0) } ?? first
    }

    /// What the node shows to others, who may know the ledger further than it does: the current key, or else what it has.
    public var shown: SigningKey { current ?? state.withLock { $0.held[0] } }

    /// Whether the key that is kept as the one in use is the one that the ledger names.
    public var isSettled: Bool {
        state.withLock { $0.named == nil || $0.held[0].kid == $0.named || $0.promoted == $0.named }
    }

    /// Lets the current key take the place of the one before it, once nothing takes the change back.
    public func settle() {
        guard !isSettled, let current else { return }
        state.withLock { $0.promoted = current.kid }
        promote(current)
        _ = reloaded()
    }
}
