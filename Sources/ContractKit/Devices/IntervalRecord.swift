import Ledger

/// How often a device is asked to report on a channel; `devices/intervals/<device>/<channel>`.
public struct IntervalRecord: StateValue, Hashable {
    /// Seconds between two readings.
    public var seconds: UInt64
    /// The command that tells the device; its record has the outcome.
    public var command: String
    /// Ledger time at which the change was asked for, ms since 1970.
    public var since: UInt64
    /// Ledger time at which the device was known to obey, ms since 1970.
    public var inForce: UInt64?

    init(seconds: UInt64, command: String, since: UInt64) {
        self.seconds = seconds
        self.command = command
        self.since = since
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let seconds = map["seconds"]?.unsigned, let command = map["command"]?.text,
            let since = map["since"]?.unsigned
        else { throw .corrupt("of an interval") }
        self.init(seconds: seconds, command: command, since: since)
        inForce = map["inForce"]?.unsigned
    }

    public var cbor: Value {
        [
            "seconds": .unsigned(seconds), "command": .text(command), "since": .unsigned(since),
            "inForce": .optional(inForce),
        ]
    }
}
