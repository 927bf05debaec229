import Ledger

/// A command to a device and its outcome; `devices/commands/<device>/<id>`.
public struct CommandRecord: StateValue, Hashable {
    /// What became of a command.
    public enum Word: String, Sendable, Hashable, CaseIterable {
        /// The device did it and said so.
        case done
        /// The device answered that it would not.
        case refused
        /// Nobody answered in time. Whether it was done is not known.
        case timeout
    }

    /// How a command ended.
    public struct Outcome: Sendable, Hashable {
        public var word: Word
        /// The device's answer as it came, or why there is none.
        public var reply: Bytes
        /// Ledger time, ms since 1970.
        public var time: UInt64
    }

    /// Who gave it: a participant, or `contract:<name>`.
    public var by: String
    /// The gateway that passes it on.
    public var gateway: String
    /// As in the topic `cmd/<name>`.
    public var name: String
    /// What the device gets as payload.
    public var arguments: Bytes
    /// Ledger time at which it was given, ms since 1970.
    public var issued: UInt64
    /// Ledger time at which it is not carried out any more, ms since 1970.
    public var deadline: UInt64
    /// The transaction that gave it.
    public var transaction: Hash32
    public var height: UInt64
    public var outcome: Outcome?

    init(
        by: String, gateway: String, name: String, arguments: Bytes, issued: UInt64, deadline: UInt64,
        transaction: Hash32, height: UInt64
    ) {
        self.by = by
        self.gateway = gateway
        self.name = name
        self.arguments = arguments
        self.issued = issued
        self.deadline = deadline
        self.transaction = transaction
        self.height = height
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let by = map["by"]?.text, let gateway = map["gateway"]?.text,
            let name = map["name"]?.text, let arguments = map["arguments"]?.bytes,
            let issued = map["issued"]?.unsigned, let deadline = map["deadline"]?.unsigned,
            let transaction = map["transaction"]?.hash32, let height = map["height"]?.unsigned
        else { throw .corrupt("of a command") }
        self.init(
            by: by, gateway: gateway, name: name, arguments: arguments, issued: issued, deadline: deadline,
            transaction: transaction, height: height)
        if let word = map["outcome"]?.text.flatMap(Word.init), let reply = map["reply"]?.bytes,
            let time = map["settled"]?.unsigned
        {
            outcome = Outcome(word: word, reply: reply, time: time)
        }
    }

    public var cbor: Value {
        [
            "by": .text(by), "gateway": .text(gateway), "name": .text(name), "arguments": .bytes(arguments),
            "issued": .unsigned(issued), "deadline": .unsigned(deadline), "transaction": .hash(transaction),
            "height": .unsigned(height), "outcome": outcome.map { .text($0.word.rawValue) } ?? .null,
            "reply": outcome.map { .bytes($0.reply) } ?? .null, "settled": .optional(outcome?.time),
        ]
    }
}
