/// What became of one ordered statement; a leaf of the block's tree of results.
public struct TransactionResult: Sendable, Hashable {
    /// Something a contract tells the world; outside effects follow it once the block is final.
    public struct Event: Sendable, Hashable {
        public let contract: String
        public let name: String
        /// What the event is about, in the notation of a statement's `sub`.
        public let subject: String
        public let details: CBORMap

        public init(contract: String, name: String, subject: String, details: CBORMap) {
            self.contract = contract
            self.name = name
            self.subject = subject
            self.details = details
        }

        var cbor: CBOR { .array([.text(contract), .text(name), .text(subject), .map(details)]) }
    }

    /// Why a statement was refused: the contract and its stable error number.
    public struct Rejection: Sendable, Hashable {
        public let contract: String
        /// Above zero.
        public let code: UInt64
        public let message: String

        public init(contract: String, code: UInt64, message: String) {
            self.contract = contract
            self.code = code
            self.message = message
        }
    }

    /// The statement's id; 32 zero bytes for the events of timers that fired.
    public let transaction: Hash32
    public let rejection: Rejection?
    public let events: [Event]

    public init(transaction: Hash32, rejection: Rejection?, events: [Event]) {
        self.transaction = transaction
        self.rejection = rejection
        self.events = events
    }

    public var isTimer: Bool { transaction == .zero }

    public func encoded() -> Bytes {
        var encoder = CBOREncoder(capacity: 48)
        encoder.array(5)
        encoder.hash(transaction)
        if let rejection {
            encoder.text(rejection.contract)
            encoder.unsigned(rejection.code)
            encoder.text(rejection.message)
        } else {
            encoder.null()
            encoder.unsigned(0)
            encoder.null()
        }
        encoder.array(events.count)
        for event in events { encoder.encode(event.cbor) }
        return encoder.bytes
    }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        guard let parts = try CBOR.decode(bytes, limits: .large).array, parts.count == 5,
            let transaction = parts[0].hash32, let code = parts[2].unsigned, let items = parts[4].array
        else { throw LedgerError(.block, "a result is [id, contract, code, message, events]") }
        self.transaction = transaction
        if code == 0 {
            guard parts[1].isNull, parts[3].isNull else { throw LedgerError(.block, "an accepted result has no error") }
            rejection = nil
        } else {
            guard let contract = parts[1].text, let message = parts[3].text else {
                throw LedgerError(.block, "a rejection names its contract and says why")
            }
            rejection = Rejection(contract: contract, code: code, message: message)
        }
        var events: [Event] = []
        for item in items {
            guard let event = item.array, event.count == 4, let contract = event[0].text, let name = event[1].text,
                let subject = event[2].text, let details = event[3].map
            else { throw LedgerError(.block, "an event is [contract, name, subject, details]") }
            events.append(Event(contract: contract, name: name, subject: subject, details: details))
        }
        self.events = events
    }
}
