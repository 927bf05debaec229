import Ledger

/// A block as a member keeps it: header, ordered statements and what became of each.
public struct StoredBlock: Sendable {
    public struct Item: Sendable {
        /// What is kept of a statement.
        private enum Kept: Sendable {
            /// Executed just now; followers need not decode it again.
            case decoded(Ledger.Statement)
            case bytes(Bytes)
            /// The leaf hash of an accepted statement alone; nil of a rejected one, which has no leaf.
            case leaf(Hash32?)
        }

        private let kept: Kept
        public let result: TransactionResult

        public init(_ statement: Ledger.Statement, result: TransactionResult) {
            kept = .decoded(statement)
            self.result = result
        }

        init(stored statement: Bytes, result: TransactionResult) {
            kept = .bytes(statement)
            self.result = result
        }

        init(leaf: Hash32?, result: TransactionResult) {
            kept = .leaf(leaf)
            self.result = result
        }

        /// The statement's bytes; nil where this member does not keep them.
        public var statement: Bytes? {
            switch kept {
            case .decoded(let statement): statement.bytes
            case .bytes(let bytes): bytes
            case .leaf: nil
            }
        }

        /// The statement.
        ///
        /// - Throws: ``StoreError/Code/notKept`` where this member does not keep it.
        public func decoded() throws -> Ledger.Statement {
            if case .decoded(let statement) = kept { return statement }
            return try Ledger.Statement(decoding: bytes())
        }

        /// The statement's bytes.
        ///
        /// - Throws: ``StoreError/Code/notKept`` where this member does not keep them.
        public func bytes() throws -> Bytes {
            guard let statement else { throw StoreError.notKept(transaction: result.transaction) }
            return statement
        }

        /// The leaf in the log; nil of a rejected statement, which has none.
        public var leafHash: Hash32? {
            switch kept {
            case _ where result.rejection != nil: nil
            case .decoded(let statement): statement.leafHash
            case .bytes(let bytes): MerkleTree.leafHash(bytes)
            case .leaf(let hash): hash
            }
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
    public func leaves() throws -> [Bytes] {
        try items.filter { $0.result.rejection == nil }.map { try $0.bytes() } + [headerBytes]
    }

    /// The results in the order of the results tree.
    public var results: [TransactionResult] { (timer.map { [$0] } ?? []) + items.map(\.result) }

    func encodedBody() -> Bytes {
        var encoder = CBOREncoder(capacity: 64 + items.reduce(0) { $0 + ($1.statement?.count ?? 70) + 16 })
        encoder.array(items.count)
        for item in items {
            if let statement = item.statement {
                encoder.array(2)
                encoder.bytes(statement)
            } else {
                // Without the statement its id is not known from anything else.
                encoder.array(3)
                if let leaf = item.leafHash { encoder.hash(leaf) } else { encoder.null() }
                encoder.hash(item.result.transaction)
            }
            let plain = item.result.rejection == nil && item.result.events.isEmpty
            if plain { encoder.null() } else { encoder.bytes(item.result.encoded()) }
        }
        return encoder.bytes
    }

    static func decodeBody(_ body: Bytes) throws(LedgerError) -> [Item] {
        let malformed = LedgerError(.block, "a block's body is a list of [statement, result] or [leaf, id, result]")
        guard let parts = try CBOR.decode(body, limits: .large).array else { throw malformed }
        var items: [Item] = []
        items.reserveCapacity(parts.count)
        for part in parts {
            if let bare = part.array, bare.count == 3 {
                items.append(try bareItem(bare))
                continue
            }
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
