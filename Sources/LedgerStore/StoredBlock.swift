import Ledger

/// A block as a member keeps it: header, ordered statements and what became of each.
public struct StoredBlock: Sendable {
    public struct Item: Sendable {
        public let statement: Bytes
        public let result: TransactionResult
        private let known: Ledger.Statement?

        /// What was executed just now; followers need not decode it again.
        public init(_ statement: Ledger.Statement, result: TransactionResult) {
            self.statement = statement.bytes
            self.result = result
            known = statement
        }

        init(stored statement: Bytes, result: TransactionResult) {
            self.statement = statement
            self.result = result
            known = nil
        }

        public func decoded() throws(LedgerError) -> Ledger.Statement {
            if let known { return known }
            return try Ledger.Statement(decoding: statement)
        }
    }

    public let headerBytes: Bytes
    public let header: BlockHeader
    /// Events of timers that fired before the first statement.
    public let timer: TransactionResult?
    public let items: [Item]
    /// Index in the log of the block's first leaf.
    public let firstLeaf: UInt64
    /// The slot of an order that outlives the process; nil where there is none.
    public let slot: UInt64?

    public init(
        headerBytes: Bytes, header: BlockHeader, timer: TransactionResult?, items: [Item], firstLeaf: UInt64,
        slot: UInt64? = nil
    ) {
        self.headerBytes = headerBytes
        self.header = header
        self.timer = timer
        self.items = items
        self.firstLeaf = firstLeaf
        self.slot = slot
    }

    /// The leaf index of an accepted item; nil for a rejected one.
    public func leafIndex(of position: Int) -> UInt64? {
        guard items[position].result.rejection == nil else { return nil }
        return firstLeaf + UInt64(items[..<position].count { $0.result.rejection == nil })
    }

    /// Leaves that the block added: accepted statements and the SEAL.
    public var leaves: [Bytes] {
        items.filter { $0.result.rejection == nil }.map(\.statement) + [headerBytes]
    }

    /// The results in the order of the results tree.
    public var results: [TransactionResult] { (timer.map { [$0] } ?? []) + items.map(\.result) }

    func encodedBody() -> Bytes {
        var encoder = CBOREncoder(capacity: 64 + items.reduce(0) { $0 + $1.statement.count + 16 })
        encoder.array(items.count)
        for item in items {
            encoder.array(2)
            encoder.bytes(item.statement)
            let plain = item.result.rejection == nil && item.result.events.isEmpty
            if plain { encoder.null() } else { encoder.bytes(item.result.encoded()) }
        }
        return encoder.bytes
    }

    static func decodeBody(_ body: Bytes) throws(LedgerError) -> [Item] {
        let malformed = LedgerError(.block, "a block's body is a list of [statement, result]")
        guard let parts = try CBOR.decode(body, limits: .large).array else { throw malformed }
        var items: [Item] = []
        items.reserveCapacity(parts.count)
        for part in parts {
            guard let pair = part.array, pair.count == 2, let statement = pair[0].bytes else { throw malformed }
            let result: TransactionResult
            if let encoded = pair[1].bytes {
                result = try TransactionResult(decoding: encoded)
            } else {
                result = TransactionResult(
                    transaction: try Ledger.Statement.id(of: statement), rejection: nil, events: [])
            }
            items.append(Item(stored: statement, result: result))
        }
        return items
    }
}
