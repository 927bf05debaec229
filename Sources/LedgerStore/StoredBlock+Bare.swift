import Ledger

/// Blocks without their statements. What became of each statement is kept, for its id has to be known as long as the ledger exists: a statement
/// that comes a second time makes another block where nobody knows it any more.
extension StoredBlock {
    /// Whether all statements are here.
    public var isWhole: Bool { items.allSatisfy { $0.statement != nil } }

    /// The block without its statements.
    public var bare: StoredBlock {
        with(items.map { Item(leaf: $0.leafHash, result: $0.result) })
    }

    /// The block with its statements; nil where these are not the ones that it was made of.
    public func filled(with statements: [Bytes]) -> StoredBlock? {
        guard statements.count == items.count else { return nil }
        var filled: [Item] = []
        for (item, statement) in zip(items, statements) {
            guard (try? Ledger.Statement.id(of: statement)) == item.result.transaction else { return nil }
            // The log has the hash of an accepted statement with its signature, of a rejected one nothing.
            let whole = Item(stored: statement, result: item.result)
            guard whole.leafHash == item.leafHash else { return nil }
            filled.append(whole)
        }
        return with(filled)
    }

    private func with(_ items: [Item]) -> StoredBlock {
        StoredBlock(
            headerBytes: headerBytes, header: header, timer: timer, items: items, firstLeaf: firstLeaf, slot: slot)
    }

    /// A block without its statements, as a member hands it on: [header, slot / null, timer / null, body].
    public var bareCBOR: CBOR {
        .array([
            .bytes(headerBytes), .optional(slot), timer.map { .bytes($0.encoded()) } ?? .null,
            .bytes(bare.encodedBody()),
        ])
    }

    /// - Parameter firstLeaf: the log's size before the block.
    public init(bareCBOR cbor: CBOR, firstLeaf: UInt64) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 4, let header = parts[0].bytes, let body = parts[3].bytes,
            parts[1].unsigned ?? 0 <= Int64.max
        else {
            throw LedgerError(.block, "a bare block is [header, slot, timer, body]")
        }
        var timer: TransactionResult?
        if let encoded = parts[2].bytes { timer = try TransactionResult(decoding: encoded) }
        self.init(
            headerBytes: header, header: try BlockHeader(decoding: header), timer: timer,
            items: try Self.decodeBody(body), firstLeaf: firstLeaf, slot: parts[1].unsigned)
    }

    static func bareItem(_ parts: [CBOR]) throws(LedgerError) -> Item {
        guard let id = parts[1].hash32 else {
            throw LedgerError(.block, "an item without its statement is [leaf, id, result]")
        }
        let result =
            if let encoded = parts[2].bytes {
                try TransactionResult(decoding: encoded)
            } else {
                TransactionResult(transaction: id, rejection: nil, events: [])
            }
        guard result.transaction == id, (parts[0].hash32 != nil) == (result.rejection == nil) else {
            throw LedgerError(.block, "an accepted statement has a leaf and a rejected one has none")
        }
        return Item(leaf: parts[0].hash32, result: result)
    }
}
