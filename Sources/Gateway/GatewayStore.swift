import Foundation
import GRDB
import Logging

/// The gateway's SQLite file: readings, signed batches, dead letters. A commit is on the disk when it returns.
final class GatewayStore: Sendable {
    let path: String
    let pool: DatabasePool
    private let logger: Logger

    /// Opens or makes the file.
    ///
    /// - Throws: ``GatewayError`` with `store`.
    init(path: String, logger: Logger) throws(GatewayError) {
        self.path = path
        self.logger = logger
        var configuration = Configuration()
        configuration.label = "gateway"
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // What is deleted is overwritten: settled readings and old keys must not be found in free space.
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            guard try !pool.read({ try DatabaseMigrator.gateway.hasBeenSuperseded($0) }) else {
                throw GatewayError(.store, "a later version wrote \(path); run that version, or use another file")
            }
            try DatabaseMigrator.gateway.migrate(pool)
            self.pool = pool
        } catch let error as GatewayError {
            throw error
        } catch {
            throw GatewayError(.store, "cannot open the gateway's store \(path): \(error)")
        }
    }

    func close() throws { try pool.close() }

    /// Repeats a write for as long as the disk is full or fails: what it holds was not acknowledged to anybody yet, so
    /// waiting loses nothing and going on would.
    func persist<Result: Sendable>(_ write: @Sendable () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await write()
            } catch let error as DatabaseError where Self.passing.contains(error.resultCode) {
                logger.error("the store cannot be written, trying again: \(error.message ?? "\(error)")")
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// What may be over in a moment.
    static let passing: [ResultCode] = [
        .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN,
    ]

    // MARK: Settings

    // What is read without `await` is for the start only, and the compiler holds to that: a thread of the tasks' that waits
    // for a reader, while tasks that hold readers wait for a thread, waits for ever.
    @available(*, noasync) func settingAtStart(_ name: String) throws -> [UInt8]? {
        try pool.read { try Self.setting($0, name) }
    }

    func setting(_ name: String) async throws -> [UInt8]? { try await pool.read { try Self.setting($0, name) } }

    private static func setting(_ db: Database, _ name: String) throws -> [UInt8]? {
        try Foundation.Data.fetchOne(db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
            .map { [UInt8]($0) }
    }

    func setSetting(_ name: String, _ value: [UInt8]) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                arguments: [name, Foundation.Data(value)])
        }
    }

    // MARK: Size

    /// Octets of the file, the part that is free for reuse left out.
    func size() async throws -> Int {
        try await pool.read { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            let page = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            return (pages - free) * page
        }
    }

    /// Readings that are not in a settled batch.
    @available(*, noasync) func backlog() throws -> Int {
        try pool.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT COALESCE((SELECT SUM(next - batched) FROM stream), 0)
                        + COALESCE((SELECT SUM(last - first + 1) FROM batch WHERE settledAt IS NULL), 0)
                    """) ?? 0
        }
    }

    /// Removes settled batches beyond the newest `keep` of each stream, with their readings.
    func prune(keep: Int) async throws {
        try await pool.write { db in
            for stream in try Int64.fetchAll(db, sql: "SELECT id FROM stream") {
                let boundary = try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT last FROM batch WHERE stream = ? AND settledAt IS NOT NULL
                        ORDER BY first DESC LIMIT 1 OFFSET ?
                        """, arguments: [stream, keep])
                guard let boundary else { continue }
                // Batches settle in order, so everything up to the boundary is settled.
                try db.execute(
                    sql: "DELETE FROM batch WHERE stream = ? AND last <= ? AND settledAt IS NOT NULL",
                    arguments: [stream, boundary])
                try db.execute(
                    sql: "DELETE FROM reading WHERE stream = ? AND position <= ?", arguments: [stream, boundary])
            }
        }
    }
}
