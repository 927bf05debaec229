import DeviceKit
import Ledger
import SenML

/// A reading that was verified and is durable.
public struct AcceptedReading: Sendable {
    /// The device.
    public let device: DeviceURN
    /// The last level of the topic.
    public let channel: String
    /// The device's sequence number.
    public let sequence: UInt64
    /// The values.
    public let records: [ResolvedRecord]
    /// What the gateway thinks of them.
    public let quality: Reading.Quality
    /// The gateway's clock, ms since 1970.
    public let received: UInt64
}

/// What became of a message.
public enum MessageOutcome: Sendable, Hashable {
    /// Stored.
    case accepted
    /// An identical message was stored before: the broker delivered it again.
    case duplicateDelivery
    /// Not taken.
    case refused(Refusal)
}
