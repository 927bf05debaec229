import Foundation
import GRDB
import Ledger
import Synchronization

/// One member's database of one ledger: blocks, state, log tiles and what the member has signed.
///
/// Write-ahead log with `synchronous=FULL`: a commit is on the disk when it returns. Reads run beside the writer and verify what they return.
public final class LedgerStore: Sendable {
    /// Pages of the write-ahead log after which it is merged into the file.
    private static let checkpointPages = 4_000
    /// Seconds that a write waits for somebody outside this process.
    private static let patience: TimeInterval = 10

    public let path: String
    package let pool: DatabasePool
    /// Whole once the file was audited.
    let index = Mutex(TransactionIndex())

    /// Opens or creates the file; refuses one that a later version wrote.
    public init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.label = "ledger \(path)"
        configuration.maximumReaderCount = 4
        // Who looks into the file from outside, a backup for instance, may hold it for a moment.
        configuration.busyMode = .timeout(Self.patience)
        configuration.prepareDatabase { db in
            // Of a new file: pages of statements that are not kept any more can be given back to the disk.
            if !db.configuration.readonly { try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        let migrator = DatabaseMigrator.ledger
        if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StoreError(
                .newerFile, at: path, "a later version wrote this file; start that version, or restore a backup")
        }
        try migrator.migrate(pool)
    }

    public func close() throws {
        try pool.close()
    }

    /// Runs `body` in one transaction, durable when this returns. It runs to its end though the caller's task be cancelled, since a block is
    /// executed whole or not at all. SQLite errors stop the process: after a failed fsync nobody knows what the disk holds.
    public func write<R: Sendable>(_ body: @Sendable @escaping (StoreWriter) throws -> R) async throws -> R {
        do {
            return try await withCheckedThrowingContinuation { written in
                pool.asyncWrite {
                    try body(try StoreWriter($0, store: self))
                } completion: {
                    written.resume(with: $1)
                }
            }
        } catch let error as DatabaseError {
            end(by: error)
        }
    }

    /// What an error of SQLite's leads to while it writes; see ``write(_:)``.
    func end(by error: DatabaseError) -> Never {
        fatalError("the ledger's database cannot be written: \(error.message ?? "\(error)") (\(path))")
    }

    /// As ``write(_:)``, on the thread of the caller: for a file that nobody else works with.
    public func writeAlone<R>(_ body: (StoreWriter) throws -> R) throws -> R {
        do {
            return try pool.write { try body(try StoreWriter($0, store: self)) }
        } catch let error as DatabaseError {
            throw StoreError(.database, at: path, error.message ?? "\(error)")
        }
    }

    func read<R>(_ body: (Database) throws -> R) throws -> R {
        do {
            return try pool.read(body)
        } catch let error as DatabaseError {
            throw StoreError(.damaged, at: path, error.message ?? "\(error)")
        }
    }
}

// MARK: - Reading

extension LedgerStore: TileReader {
    /// Genesis and member of this file; nil when it is new.
    public func identity() throws -> (genesis: Bytes, member: String)? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT genesis, member FROM identity").map {
                (Bytes($0["genesis"] as Data), $0["member"])
            }
        }
    }

    public func headHeight() throws -> UInt64? {
        try read { try Int64.fetchOne($0, sql: "SELECT max(height) FROM blocks").map { UInt64($0) } }
    }

    /// The block with its body checked against its digest.
    public func block(at height: UInt64) throws -> StoredBlock? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM blocks WHERE height = ?", arguments: [Int64(height)])
                .map { try Self.block($0) }
        }
    }

    /// Blocks from `start` on, ascending.
    public func blocks(from start: UInt64, limit: Int) throws -> [StoredBlock] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM blocks WHERE height >= ? ORDER BY height LIMIT ?",
                arguments: [Int64(start), limit]
            ).map { try Self.block($0) }
        }
    }

    /// The block that holds a leaf of the log.
    public func block(holdingLeaf index: UInt64) throws -> StoredBlock? {
        try read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM blocks WHERE first_leaf <= ? ORDER BY first_leaf DESC LIMIT 1",
                arguments: [Int64(index)]
            ).map { try Self.block($0) }
        }
    }

    public func certificate(at height: UInt64) throws -> Bytes? {
        try read {
            try Data.fetchOne($0, sql: "SELECT votes FROM certificates WHERE height = ?", arguments: [Int64(height)])
                .map { Bytes($0) }
        }
    }

    /// Blocks whose certificate did not reach the disk, ascending.
    public func heightsWithoutCertificate() throws -> [UInt64] {
        try read {
            try Int64.fetchAll(
                $0,
                sql: "SELECT height FROM blocks WHERE height NOT IN (SELECT height FROM certificates) ORDER BY height"
            ).map { UInt64($0) }
        }
    }

    /// Height and position of a transaction, of a file that was audited; those of a block under way are told too.
    public func place(of id: Hash32) throws -> (height: UInt64, position: Int)? {
        let (recent, runs) = index.withLock { ($0.recentPlace(of: id), $0.candidates(for: id)) }
        let place =
            try recent
            ?? read { db in
                for run in runs {
                    if let place = try TransactionIndex.storedPlace(of: id, run: run, db) { return place }
                }
                return nil
            }
        return place.map { (UInt64($0 >> 20), Int($0 & 0xFFFFF)) }
    }

    public func tile(_ coordinate: TileCoordinate) throws -> Bytes? {
        try read {
            try Data.fetchOne(
                $0, sql: "SELECT hashes FROM tiles WHERE coordinate = ?", arguments: [coordinate.rowID]
            ).map { Bytes($0) }
        }
    }

    /// The value under a state key, compared with the checksum beside it.
    public func stateValue(_ key: Bytes) throws -> Bytes? {
        try read { db in try DatabaseState.value(db, key) }
    }

    public func stateEntries(from start: Bytes, to end: Bytes, limit: Int) throws -> [(key: Bytes, value: Bytes)] {
        try read { try DatabaseState.entries($0, from: start, to: end, limit: limit) }
    }

    static func block(_ row: Row) throws -> StoredBlock {
        let height = row["height"] as Int64
        let body = Bytes(row["body"] as Data)
        let headerBytes = Bytes(row["header"] as Data)
        let timer = (row["timer"] as Data?).map { Bytes($0) }
        guard digest(headerBytes, timer, body) == Hash32(row["digest"] as Data) else {
            throw StoreError(.damaged, at: "block \(height)", "its bytes are not those that were stored")
        }
        let block: StoredBlock
        do {
            block = StoredBlock(
                headerBytes: headerBytes, header: try BlockHeader(decoding: headerBytes),
                timer: try timer.map { bytes throws(LedgerError) in try TransactionResult(decoding: bytes) },
                items: try StoredBlock.decodeBody(body), firstLeaf: UInt64(row["first_leaf"] as Int64),
                slot: (row["slot"] as Int64?).map { UInt64($0) })
        } catch {
            throw StoreError(.damaged, at: "block \(height)", "\(error)")
        }
        // Whoever changes a row can make its digest fit. What the members signed they cannot: the header names the results,
        // and a result its statement.
        guard MerkleTree.root(block.results.map { MerkleTree.leafHash($0.encoded()) }) == block.header.resultsRoot,
            try block.items.allSatisfy({ item in
                try item.statement.map { try Ledger.Statement.id(of: $0) == item.result.transaction } ?? true
            })
        else {
            throw StoreError(
                .damaged, at: "block \(height)", "its statements are not those that the header was made for")
        }
        return block
    }

    static func digest(_ header: Bytes, _ timer: Bytes?, _ body: Bytes) -> Hash32 {
        Hash32.sha256(header + (timer ?? []) + body)
    }
}

extension TileCoordinate {
    var rowID: Int64 { Int64(level) << 56 | Int64(index) }
}
