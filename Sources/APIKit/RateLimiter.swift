import Synchronization

/// Token buckets, one for each caller and kind of request.
public final class RateLimiter: Sendable {
    /// How much of what a caller may ask for.
    public struct Rate: Sendable, Hashable {
        /// Requests at once.
        public let burst: Double
        public let perSecond: Double
    }

    /// Reading and writing, for each address, session or key.
    public static let requests = Rate(burst: 600, perSecond: 200)
    /// Attempts to sign in, for each address: guessing 256 bits is hopeless anyway, but each costs a signature check.
    public static let signIn = Rate(burst: 60, perSecond: 2)
    /// Callers remembered; beyond, those whose bucket is full again are forgotten.
    private static let callers = 50_000

    private struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    public init() {}

    /// Takes one token of a caller.
    ///
    /// - Returns: nil, or the seconds after which there is one again.
    public func take(_ rate: Rate, of caller: String, now: ContinuousClock.Instant = .now) -> Double? {
        buckets.withLock { buckets in
            if buckets.count >= Self.callers {
                buckets = buckets.filter { (now - $0.value.filled).seconds < rate.burst / rate.perSecond }
            }
            var bucket = buckets[caller] ?? Bucket(tokens: rate.burst, filled: now)
            bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled).seconds * rate.perSecond)
            bucket.filled = now
            defer { buckets[caller] = bucket }
            guard bucket.tokens >= 1 else { return (1 - bucket.tokens) / rate.perSecond }
            bucket.tokens -= 1
            return nil
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
