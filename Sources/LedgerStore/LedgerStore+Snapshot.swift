import Foundation
import GRDB
import Ledger

/// The state as it stands at one block, read in pages while the ledger goes on. As long as it exists the write-ahead log grows.
public final class StateAtHeight: Sendable {
    public let height: UInt64
    private let snapshot: DatabaseSnapshot

    init(_ snapshot: DatabaseSnapshot) throws {
        self.snapshot = snapshot
        height = UInt64(try snapshot.read { try Int64.fetchOne($0, sql: "SELECT max(height) FROM blocks") } ?? 0)
    }

    /// Entries after a key in the order of keys, until they have so many bytes; none after the last.
    public func entries(after key: Bytes, bytes: Int) throws -> [(key: Bytes, value: Bytes)] {
        try snapshot.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT key, value, checksum FROM state WHERE key > ? ORDER BY key", arguments: [Data(key)])
            var entries: [(key: Bytes, value: Bytes)] = []
            var size = 0
            while size < bytes, let row = try rows.next() {
                let key = Bytes(row["key"] as Data)
                let value = try DatabaseState.checked(row, key)
                entries.append((key, value))
                size += key.count + value.count
            }
            return entries
        }
    }
}

extension LedgerStore {
    /// The state as it stands now.
    public func stateAtHead() throws -> StateAtHeight {
        do {
            return try StateAtHeight(try pool.makeSnapshot())
        } catch let error as DatabaseError {
            throw StoreError(.damaged, at: path, error.message ?? "\(error)")
        }
    }

    /// Who signs from which height on, where other members than genesis names.
    public func memberSets() throws -> [(from: UInt64, members: MemberSet)] {
        try read { try Self.memberSets($0) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A copy of this file in which later blocks are put, to be verified before the member works with them. One that was left from an
    /// attempt before is thrown away.
    public func draft() throws -> LedgerStore {
        let draft = path + ".joining"
        for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: draft + suffix) }
        try DatabaseCopy.make(of: path, at: draft)
        return try LedgerStore(path: draft)
    }

    /// Closes a draft and removes its file.
    public func discard() {
        try? close()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// Takes over what an audited draft of this file holds: all in one transaction, or nothing. What the member signed and saw stays.
    ///
    /// - Parameter adopted: runs once it is on the disk, before anything else is written.
    public func adopt(_ draft: LedgerStore, adopted: @Sendable @escaping () -> Void) async throws {
        let index = draft.index.withLock { $0 }
        try draft.close()
        do {
            try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                pool.asyncWriteWithoutTransaction { db in
                    done.resume(
                        with: Result {
                            try Self.takeOver(draft.path, db)
                            self.index.withLock { $0 = index }
                            adopted()
                            try db.execute(sql: "DETACH DATABASE draft")
                        })
                }
            }
        } catch let error as DatabaseError {
            end(by: error)
        }
        draft.discard()
    }

    private static func takeOver(_ path: String, _ db: Database) throws {
        try db.execute(sql: "ATTACH DATABASE ? AS draft", arguments: [path])
        try db.inTransaction {
            // The draft began as a copy: what is here already is the same there, but for statements that were filled in meanwhile.
            for table in ["blocks", "certificates", "member_sets", "runs", "transaction_runs"] {
                try db.execute(sql: "INSERT OR IGNORE INTO main.\(table) SELECT * FROM draft.\(table)")
            }
            for table in ["state", "tiles"] {
                try db.execute(
                    sql: "DELETE FROM main.\(table); INSERT INTO main.\(table) SELECT * FROM draft.\(table)")
            }
            return .commit
        }
    }
}

extension StoreWriter {
    /// Removes all entries of the state, for those of a later block to be put in their place.
    public func clearState() throws { try db.execute(sql: "DELETE FROM state") }
}
