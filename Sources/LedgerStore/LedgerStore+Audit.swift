import Foundation
import GRDB
import Ledger

extension LedgerStore {
    /// What a full check of a file found and rebuilt.
    public struct Audit: Sendable {
        public let log: MerkleLog
        public let tree: StateTree
        public let head: BlockHeader
        public let headHash: Hash32
        /// The latest clock report of each member, ms since 1970.
        public let clocks: [String: UInt64]
        public let members: MemberHistory
        public let blocks: Int
        /// Those of which only the outcomes of their statements are kept.
        public let bareBlocks: Int
        /// The height from which on all statements are kept.
        public let keptFrom: UInt64
        public let stateEntries: Int
    }

    /// Recomputes everything from the stored bytes: header chain, log and its tiles, results, transaction index, certificates, state.
    ///
    /// Signatures of certificates are verified on request only: they cost more than all the rest, and a stored byte that changed shows in
    /// its checksum already. Throws ``StoreError`` that names the first place where a stored byte is not what was written; nil when the file is new.
    public func audit(verifyingSignatures: Bool = false) throws -> Audit? {
        guard let identity = try identity() else { return nil }
        let genesis: Genesis
        do { genesis = try Genesis(decoding: identity.genesis) } catch {
            throw StoreError(.damaged, at: "genesis", "\(error)")
        }
        let (audit, index) = try read { db in
            var check = BlockCheck(
                genesis: genesis, verifiesSignatures: verifyingSignatures, index: try TransactionIndex(db),
                memberSets: try Self.memberSets(db))
            for row in try IterableRows(db) { try check.block(try Self.block(row), db) }
            guard let head = check.head else { throw StoreError(.damaged, at: "block 0", "it is missing") }
            try check.tiles(db)
            try check.runs(db)
            guard check.memberSets.isEmpty else {
                throw StoreError(.damaged, at: "member sets", "there is one that no header names")
            }
            let tree = try Self.auditedState(db, root: head.stateRoot, height: head.height)
            let audit = Audit(
                log: check.log, tree: tree.tree, head: head, headHash: check.previous, clocks: check.clocks,
                members: check.members, blocks: check.count, bareBlocks: check.bare, keptFrom: check.keptFrom,
                stateEntries: tree.count)
            return (audit, check.index)
        }
        self.index.withLock { $0 = index }
        return audit
    }

    static func memberSets(_ db: Database) throws -> [UInt64: MemberSet] {
        var found: [UInt64: MemberSet] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT from_height, members FROM member_sets") {
            let height = UInt64(row["from_height"] as Int64)
            guard let cbor = try? CBOR.decode(Bytes(row["members"] as Data), limits: .large),
                let members = try? MemberSet(cbor: cbor)
            else { throw StoreError(.damaged, at: "members from block \(height) on", "they do not decode") }
            found[height] = members
        }
        return found
    }

    private static func auditedState(
        _ db: Database, root: Hash32, height: UInt64
    ) throws -> (tree: StateTree, count: Int) {
        var tree = StateTree()
        var changes: [StateTree.Change] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT key, value, checksum FROM state")
        while let row = try rows.next() {
            let key = Bytes(row["key"] as Data)
            let path = Hash32.sha256(key)
            let valueHash = Hash32.sha256(Bytes(row["value"] as Data))
            guard StateChecksum.of(path, valueHash) == row["checksum"] as Int64 else {
                throw StoreError(
                    .damaged, at: "state \(String(decoding: key, as: UTF8.self))",
                    "the value is not what block \(height) or one before it wrote")
            }
            changes.append(.init(path: path, valueHash: valueHash))
        }
        tree.apply(changes)
        guard tree.root == root else {
            throw StoreError(
                .damaged, at: "state of block \(height)", "its root is \(tree.root), the header says \(root)")
        }
        return (tree, changes.count)
    }
}

/// Reads all blocks in order, one at a time.
private struct IterableRows: Sequence, IteratorProtocol {
    private let cursor: RowCursor

    init(_ db: Database) throws {
        cursor = try Row.fetchCursor(db, sql: "SELECT * FROM blocks ORDER BY height")
    }

    mutating func next() -> Row? {
        // A read error ends the sequence; the missing head is then reported as damage.
        try? cursor.next()
    }
}

/// The chain as far as it has been recomputed.
private struct BlockCheck {
    let genesis: Genesis
    let verifiesSignatures: Bool
    /// Filled with the ids of the blocks.
    var index: TransactionIndex
    var log = MerkleLog()
    var previous = Hash32.zero
    var head: BlockHeader?
    var clocks: [String: UInt64] = [:]
    var count = 0
    /// Blocks without their statements.
    var bare = 0
    /// The height after the last of them.
    var keptFrom: UInt64 = 0
    var members: MemberHistory
    /// By the first height that they sign, as far as no header was found to name them.
    var memberSets: [UInt64: MemberSet]
    private var tiles: [TileCoordinate: Bytes] = [:]
    /// Ids found in their runs.
    private var indexed = 0

    init(
        genesis: Genesis, verifiesSignatures: Bool, index: TransactionIndex, memberSets: [UInt64: MemberSet]
    ) {
        self.index = index
        self.memberSets = memberSets
        members = MemberHistory(genesis.members)
        self.genesis = genesis
        self.verifiesSignatures = verifiesSignatures
    }

    mutating func block(_ block: StoredBlock, _ db: Database) throws {
        let height = block.header.height
        func require(_ condition: Bool, _ what: String) throws {
            guard condition else { throw StoreError(.damaged, at: "block \(height)", what) }
        }
        try require(height == UInt64(count) && block.header.ledger == genesis.id, "it is not the next of this ledger")
        try require(block.header.previous == previous, "it does not name its predecessor")
        try require(block.firstLeaf == log.size, "its place in the log is wrong")
        for item in block.items { if let leaf = item.leafHash { log.append(leaf) } }
        try require(
            block.header.logSize == log.size && block.header.logRoot == log.root,
            "its statements do not give its log root")
        let results = MerkleTree.root(block.results.map { MerkleTree.leafHash($0.encoded()) })
        try require(block.header.resultsRoot == results, "its results do not give its results root")
        log.append(MerkleTree.leafHash(block.headerBytes))
        for (coordinate, bytes) in log.takeChangedTiles() { tiles[coordinate] = bytes }
        try certificate(block, db)
        try transactions(block, db)
        if let next = memberSets.removeValue(forKey: height + 1) { members.append(next, announcedBy: block.header) }
        try require(block.header.nextMembers == members.current.hash, "it names other members than are kept")
        previous = Hash32.sha256(block.headerBytes)
        for report in block.header.clocks { clocks[report.member] = report.clock }
        head = block.header
        count += 1
        if !block.isWhole { (bare, keptFrom) = (bare + 1, height + 1) }
    }

    private func certificate(_ block: StoredBlock, _ db: Database) throws {
        let height = block.header.height
        let statement = try db.cachedStatement(sql: "SELECT votes, checksum FROM certificates WHERE height = ?")
        // The last blocks may lack theirs: members sign again after a start.
        guard let row = try Row.fetchOne(statement, arguments: [Int64(height)]) else { return }
        let bytes = Bytes(row["votes"] as Data)
        let place = "certificate of block \(height)"
        guard StateChecksum.of(Hash32.sha256(bytes)) == row["checksum"] as Int64 else {
            throw StoreError(.damaged, at: place, "its bytes are not those that were stored")
        }
        guard verifiesSignatures else { return }
        let votes = (try? FinalityCertificate(decoding: bytes))?.validVotes(
            over: block.headerBytes, in: members.members(at: height))
        guard let votes, votes >= members.members(at: height).quorum else {
            throw StoreError(.damaged, at: place, "it is not signed by a quorum")
        }
    }

    private mutating func transactions(_ block: StoredBlock, _ db: Database) throws {
        let run = index.run(holding: block.header.height)
        for (position, item) in block.items.enumerated() {
            let place = TransactionIndex.place(block.header.height, position)
            if let run {
                let stored = try TransactionIndex.storedPlace(of: item.result.transaction, run: run, db)
                guard stored == place else {
                    throw StoreError(
                        .damaged, at: "transaction \(item.result.transaction) in block \(block.header.height)",
                        "the index does not name its place")
                }
                indexed += 1
            }
            index.note(item.result.transaction, place, run: run)
        }
    }

    func runs(_ db: Database) throws {
        guard try Int.fetchOne(db, sql: "SELECT count(*) FROM transaction_runs") == indexed else {
            throw StoreError(.damaged, at: "transaction index", "it names transactions that no block of its runs holds")
        }
    }

    func tiles(_ db: Database) throws {
        for (coordinate, bytes) in tiles {
            let stored = try Data.fetchOne(
                db, sql: "SELECT hashes FROM tiles WHERE coordinate = ?", arguments: [coordinate.rowID])
            guard let stored, Bytes(stored.prefix(bytes.count)) == bytes else {
                throw StoreError(
                    .damaged, at: "log tile \(coordinate.level)/\(coordinate.index)",
                    "it does not follow from the blocks")
            }
        }
    }
}
