import APIKit
import Foundation
import Synchronization

/// Challenges that were given out: random, good for one answer and for a short time.
public final class Challenges: Sendable {
    public enum Limits {
        /// How long an answer may take, ms.
        public static let age: UInt64 = 2 * 60 * 1000
        /// Challenges that are open at once; beyond, the oldest are forgotten.
        public static let open = 10_000
    }

    private let open = Mutex<[String: UInt64]>([:])
    private let clock: @Sendable () -> UInt64

    /// - Parameter clock: ms since 1970.
    public init(clock: @escaping @Sendable () -> UInt64) {
        self.clock = clock
    }

    /// A new challenge, 32 bytes in hex, and when it ends.
    public func make() -> (challenge: String, expires: UInt64) {
        let (challenge, now) = (Sessions.random(), clock())
        open.withLock { open in
            if open.count >= Limits.open {
                open = open.filter { $0.value > now }
                while open.count >= Limits.open, let oldest = open.min(by: { $0.value < $1.value }) {
                    open.removeValue(forKey: oldest.key)
                }
            }
            open[challenge] = now + Limits.age
        }
        return (challenge, now + Limits.age)
    }

    /// Takes a challenge; false if it was never given, was answered before, or has ended.
    public func take(_ challenge: String) -> Bool {
        let now = clock()
        return open.withLock { $0.removeValue(forKey: challenge) }.map { $0 > now } ?? false
    }
}
