import Foundation
import Synchronization

/// What a gateway has done since it started, and what it holds; for the metrics.
public struct GatewayCounters: Sendable, Hashable {
    /// `cairn_gateway_messages_total{result}`: `accepted`, `duplicate-delivery` (the broker gave an identical message
    /// again) and each ``Refusal/Reason``.
    public var messages: [String: UInt64] = [:]
    /// `cairn_gateway_backlog`: readings taken and not yet final.
    public var backlog = 0
    /// Readings whose batch became final.
    public var settled: UInt64 = 0
    /// Batches that became final.
    public var batches: UInt64 = 0
    /// Answers of the node that rejected a batch, by code.
    public var rejections: [String: UInt64] = [:]
    /// Batches signed again, because they expired or were rejected.
    public var resigned: UInt64 = 0
    /// Attempts to reach the node that failed.
    public var nodeFailures: UInt64 = 0
    /// Commands by outcome: `cairn_gateway_commands_total{outcome}`.
    public var commands: [String: UInt64] = [:]
    /// Dead letters that gave way to newer ones.
    public var deadLettersEvicted: UInt64 = 0
    /// The store is full, and no messages are taken from the broker.
    public var isFull = false
    /// Connected to the broker.
    public var isBrokerConnected = false
    /// The node answered the last request.
    public var isNodeReachable = false
    /// When it last answered, ms since 1970; nil before it did.
    public var nodeReachedAt: UInt64?
    /// Octets of the store's file that are in use.
    public var storeOctets = 0

    /// All zero.
    public init() {}
}

/// The counters behind their lock.
final class CounterBoard: Sendable {
    private let counters = Mutex(GatewayCounters())

    var snapshot: GatewayCounters { counters.withLock { $0 } }

    /// The node answered.
    func noteNode() {
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        update { counters in
            counters.isNodeReachable = true
            counters.nodeReachedAt = now
        }
    }

    func update(_ body: (inout sending GatewayCounters) -> Void) { counters.withLock { body(&$0) } }
}
