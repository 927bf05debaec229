import ContractKit
import Foundation
import GRDB
import GRDBSQLite
import Ledger

/// The writing side of a ledger's database, inside one transaction.
///
/// The rows written for every transaction go through SQLite's own bind calls: they are most of what a commit costs.
public final class StoreWriter {
    let db: Database
    private let store: LedgerStore
    private let upsertState: GRDB.Statement
    private let deleteState: GRDB.Statement

    init(_ db: Database, store: LedgerStore) throws {
        self.db = db
        self.store = store
        upsertState = try db.cachedStatement(
            sql: """
                INSERT INTO state (key, value, checksum) VALUES (?, ?, ?)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value, checksum = excluded.checksum
                """)
        deleteState = try db.cachedStatement(sql: "DELETE FROM state WHERE key = ?")
    }

    public func state(cache: StateCache) -> any StateReader { DatabaseState(db, cache: cache) }

    public func setIdentity(genesis: Bytes, member: String) throws {
        try db.execute(
            sql: "INSERT INTO identity (single, genesis, member) VALUES (1, ?, ?)",
            arguments: [Data(genesis), member])
    }

    /// Takes a transaction id for a place; false if the ledger has it already. What was taken is kept in memory until a run of ids is written.
    public func claim(_ id: Hash32, height: UInt64, position: Int) -> Bool {
        let place = TransactionIndex.place(height, position)
        let (isKnown, runs) = store.index.withLock { index -> (Bool, [Int]) in
            if index.recentPlace(of: id) != nil { return (true, []) }
            let runs = index.candidates(for: id)
            if runs.isEmpty { index.add(id, place) }
            return (false, runs)
        }
        if isKnown { return false }
        if runs.isEmpty { return true }
        do {
            for run in runs where try TransactionIndex.storedPlace(of: id, run: run, db) != nil { return false }
        } catch {
            fatalError("the ledger's transaction index cannot be read: \(error)")
        }
        store.index.withLock { $0.add(id, place) }
        return true
    }

    /// Writes the ids of the last blocks, this one's among them, once they are enough for a run.
    private func writeRun(through height: UInt64) throws {
        let taken = store.index.withLock { $0.isRunDue ? $0.takeRun(through: height) : nil }
        guard let (number, rows) = taken else { return }
        try db.execute(
            sql: "INSERT INTO runs (number, last_height) VALUES (?, ?)", arguments: [number, Int64(height)])
        let statement = try db.cachedStatement(sql: "INSERT INTO transaction_runs (run, id, place) VALUES (?, ?, ?)")
            .sqliteStatement
        for row in rows {
            sqlite3_reset(statement)
            sqlite3_bind_int64(statement, 1, Int64(number))
            bind(statement, 2, row.id)
            sqlite3_bind_int64(statement, 3, row.place)
            step(statement)
        }
    }

    /// Adds the next block.
    ///
    /// - Parameter isKept: whether its statements are kept, too.
    public func insert(_ block: StoredBlock, isKept: Bool = true) throws {
        let body = block.encodedBody()
        let timer = block.timer.map { $0.encoded() }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO blocks (height, header, timer, body, digest, first_leaf, slot, is_bare)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Int64(block.header.height), Data(block.headerBytes), timer.map { Data($0) }, Data(body),
            Data(LedgerStore.digest(block.headerBytes, timer, body).bytes), Int64(block.firstLeaf),
            block.slot.map { Int64($0) }, !isKept,
        ])
        try writeRun(through: block.header.height)
    }

    public func setCertificate(_ votes: Bytes, at height: UInt64) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO certificates (height, votes, checksum) VALUES (?, ?, ?)")
        try statement.execute(arguments: [Int64(height), Data(votes), StateChecksum.of(Hash32.sha256(votes))])
    }

    public func setMembers(_ members: MemberSet, from height: UInt64) throws {
        try db.execute(
            sql: "INSERT INTO member_sets (from_height, members) VALUES (?, ?)",
            arguments: [Int64(height), Data(members.cbor.encoded())])
    }

    public func setTiles(_ tiles: [(TileCoordinate, Bytes)]) throws {
        let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO tiles (coordinate, hashes) VALUES (?, ?)")
        for (coordinate, hashes) in tiles {
            try statement.execute(arguments: [coordinate.rowID, Data(hashes)])
        }
    }

    /// Writes the block's changes of state and returns them as changes of the state tree.
    public func apply(
        _ changes: [(key: Bytes, value: Bytes?)], cache: StateCache
    ) -> [StateTree.Change] {
        changes.map { key, value in
            cache.set(key, value)
            let path = Hash32.sha256(key)
            guard let value else {
                let statement = deleteState.sqliteStatement
                sqlite3_reset(statement)
                bind(statement, 1, key)
                step(statement)
                return StateTree.Change(path: path, valueHash: nil)
            }
            let valueHash = Hash32.sha256(value)
            let statement = upsertState.sqliteStatement
            sqlite3_reset(statement)
            bind(statement, 1, key)
            bind(statement, 2, value)
            sqlite3_bind_int64(statement, 3, StateChecksum.of(path, valueHash))
            step(statement)
            return StateTree.Change(path: path, valueHash: valueHash)
        }
    }

    /// Records that the member is about to sign this header; refuses a second one at an epoch and height.
    public func setSignState(epoch: UInt64, height: UInt64, headerHash: Hash32) throws {
        if let row = try Row.fetchOne(db, sql: "SELECT epoch, height, header_hash FROM sign_state") {
            let signed = (epoch: row["epoch"] as Int64, height: row["height"] as Int64)
            let same = signed == (Int64(epoch), Int64(height))
            if same, Hash32(row["header_hash"] as Data) != headerHash {
                throw StoreError(
                    .conflictingVote, at: "block \(height)", "another header was signed here in epoch \(epoch)")
            }
            if signed.epoch > Int64(epoch) || (signed.epoch == Int64(epoch) && signed.height > Int64(height)) {
                throw StoreError(
                    .conflictingVote, at: "block \(height)", "block \(signed.height) was signed already")
            }
        }
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO sign_state (single, epoch, height, header_hash) VALUES (1, ?, ?, ?)")
        try statement.execute(arguments: [Int64(epoch), Int64(height), Data(headerHash.bytes)])
    }

    // MARK: SQLite

    // SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private func bind(_ statement: SQLiteStatement, _ index: Int32, _ bytes: Bytes) {
        bytes.withUnsafeBytes { buffer in
            // A null pointer would bind NULL instead of an empty blob.
            let base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            _ = sqlite3_bind_blob(statement, index, base, Int32(buffer.count), Self.transient)
        }
    }

    private func bind(_ statement: SQLiteStatement, _ index: Int32, _ hash: Hash32) {
        hash.withUnsafeBytes { _ = sqlite3_bind_blob(statement, index, $0.baseAddress, 32, Self.transient) }
    }

    private func step(_ statement: SQLiteStatement) {
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE else {
            fatalError(
                "the ledger's database cannot be written: \(String(cString: sqlite3_errmsg(db.sqliteConnection)))")
        }
        sqlite3_reset(statement)
    }
}

/// A word that tells a damaged row from a sound one.
enum StateChecksum {
    static func of(_ hash: Hash32) -> Int64 { hash.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) } }

    static func of(_ path: Hash32, _ valueHash: Hash32) -> Int64 {
        path.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
            ^ valueHash.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    }
}
