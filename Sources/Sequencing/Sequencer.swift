import Ledger

/// What a slot of the total order holds.
public struct Batch: Sendable {
    /// Most bytes of statements in a batch; etcd accepts requests of 1.5 MiB.
    public static let maximumBytes = 1 << 20
    /// Most statements in a batch.
    public static let maximumCount = 4000

    /// Grows by one with each new orderer of the ledger.
    public let epoch: UInt64
    /// The member whose node brought it.
    public let proposer: String
    /// The clocks of members, as the proposer knows them.
    public let clocks: [SignedClock]
    public let statements: [Statement]

    public init(epoch: UInt64, proposer: String, clocks: [SignedClock], statements: [Statement]) {
        self.epoch = epoch
        self.proposer = proposer
        self.clocks = clocks
        self.statements = statements
    }
}

/// Gives batches a total order that all members read.
///
/// Appending is asynchronous and delivery is by slot, so that an engine with its own pace (etcd, or a BFT engine behind ABCI) fits.
/// An orderer that lies or forgets can stall a ledger; it cannot fork one, since members sign results.
public protocol Sequencer: Sendable {
    /// The slots that are kept now: the upper bound is the next one to be filled.
    func bounds() async throws -> Range<UInt64>
    /// Puts a batch in the next slot; returns when its place is decided. An orderer that cannot be reached is asked again until it can.
    func append(_ batch: Batch) async throws -> UInt64
    /// The batch in a slot, as soon as there is one: what another than `members` brought is an empty one. Who they are follows from the slots
    /// before it.
    ///
    /// - Throws: ``SequencingError``: `trimmed` for a slot before ``bounds()``; `rewound` or `broken` where the order does not hold;
    ///   `superseded` for another epoch than that of the present order.
    func batch(in slot: UInt64, of epoch: UInt64, from members: MemberSet) async throws -> Batch
    /// Tells that this process has a block of this slot on its disk: it will not ask for it or those before it again. What is to be kept depends
    /// on how far the other members are.
    func release(through slot: UInt64, of epoch: UInt64, by members: MemberSet) async
    /// Goes over to the order of a later epoch, whose first slot is 0; calls about the one before it end with `superseded`.
    func begin(_ epoch: UInt64)
    /// What keeps the orderer from working at the moment, for people.
    var trouble: String? { get }
    /// Ends all waiting calls with a cancellation.
    func close()
}
