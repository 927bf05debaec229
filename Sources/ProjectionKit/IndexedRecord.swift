import Ledger

/// A transaction as the index knows it; its bytes are on the ledger.
public struct IndexedRecord: Sendable, Hashable {
    public let id: Hash32
    public let height: UInt64
    /// Among the ordered statements of its block.
    public let position: Int
    /// Ledger time of the block, ms since 1970.
    public let time: UInt64
    public let issuer: String
    public let subject: String
    public let contract: String
    public let operation: String
    /// The contract's error number; nil for an accepted one.
    public let rejection: UInt64?
}

/// One value of one device, as the chart of a page needs it.
public struct IndexedReading: Sendable, Hashable {
    public let device: String
    /// SenML name of the quantity, without the base name.
    public let quantity: String
    public let unit: String
    public let value: Double
    /// The device's clock, ms since 1970.
    public let time: UInt64
    public let quality: UInt64
    /// The batch that holds it, and its place there.
    public let batch: Hash32
    /// Of the batch's record in the index: height << 20 | position in the block.
    public let batchNumber: Int64
    public let position: Int
    public let sequence: UInt64

    public init(
        device: String, quantity: String, unit: String, value: Double, time: UInt64, quality: UInt64, batch: Hash32,
        batchNumber: Int64, position: Int, sequence: UInt64
    ) {
        self.device = device
        self.quantity = quantity
        self.unit = unit
        self.value = value
        self.time = time
        self.quality = quality
        self.batch = batch
        self.batchNumber = batchNumber
        self.position = position
        self.sequence = sequence
    }
}
