import LedgerStore

/// The states at single blocks that peers are reading: few, and none for long, since the write-ahead log grows while one is held.
struct ServedSnapshots: Sendable {
    /// At once.
    static let maximum = 2
    /// ms for which a new reader is given one that is there already.
    static let shared: UInt64 = 30_000
    /// ms after which one that nobody reads is let go, and one that somebody does.
    static let idle: UInt64 = 30_000, longest: UInt64 = 30 * 60_000

    private struct Served: Sendable {
        let state: StateAtHeight
        let begun: UInt64
        var used: UInt64
    }

    private var served: [Served] = []

    /// The state at some recent block; nil where others read as many as there may be.
    ///
    /// - Parameter now: ms since 1970, as for the others.
    mutating func recent(_ now: UInt64, make: () throws -> StateAtHeight) rethrows -> StateAtHeight? {
        forget(now)
        if let latest = served.last, now < latest.begun + Self.shared { return latest.state }
        guard served.count < Self.maximum else { return nil }
        let state = try make()
        served.append(Served(state: state, begun: now, used: now))
        return state
    }

    /// The state at a block, for one who reads on.
    mutating func state(at height: UInt64, _ now: UInt64) -> StateAtHeight? {
        forget(now)
        guard let index = served.firstIndex(where: { $0.state.height == height }) else { return nil }
        served[index].used = now
        return served[index].state
    }

    /// Lets go of those that nobody reads, or somebody for too long.
    mutating func forget(_ now: UInt64) {
        served.removeAll { now > $0.used + Self.idle || now > $0.begun + Self.longest }
    }
}
