import Ledger

/// What a slot of the total order holds.
public struct Batch: Sendable {
    /// Most bytes of statements in a batch; etcd accepts requests of 1.5 MiB.
    public static let maximumBytes = 1 << 20
    /// Most statements in a batch.
    public static let maximumCount = 4000

    /// Grows by one with each new orderer of the ledger.
    public let epoch: UInt64
    /// The clocks of the members that brought the batch.
    public let clocks: [BlockHeader.ClockReport]
    public let statements: [Statement]

    public init(epoch: UInt64, clocks: [BlockHeader.ClockReport], statements: [Statement]) {
        self.epoch = epoch
        self.clocks = clocks
        self.statements = statements
    }
}

/// Gives batches a total order that all members read.
///
/// Appending is asynchronous and delivery is by slot, so that an engine with its own pace (etcd, or a BFT engine behind ABCI) fits.
/// An orderer that lies or forgets can stall a ledger; it cannot fork one, since members sign results.
public protocol Sequencer: Sendable {
    /// Puts a batch in the next slot; returns when its place is decided.
    func append(_ batch: Batch) async throws -> UInt64
    /// The batch in a slot, as soon as there is one.
    func batch(in slot: UInt64) async throws -> Batch
    /// Tells that no member will ask for this slot and those before it again.
    func release(through slot: UInt64) async
}
