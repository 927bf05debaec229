import Foundation
import GRDB
import Ledger
import ProjectionKit

/// Opened values of sealed batches, of one participant. It is the only place at a node where they are, and is filled anew
/// from the ledger and the participant's keys when deleted.
public final class ReadingVault: Sendable {
    private let pool: DatabasePool

    init(path: String) throws {
        pool = try DatabasePool(path: path, configuration: SecretFile.configuration)
        try SecretFile.protect(path)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE opened (batch BLOB PRIMARY KEY, stream TEXT NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE reading (
                        stream TEXT NOT NULL, device TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL,
                        value REAL NOT NULL, time INTEGER NOT NULL, quality INTEGER NOT NULL, batch BLOB NOT NULL,
                        batchNumber INTEGER NOT NULL, position INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
                    CREATE INDEX readingByTime ON reading (device, quantity, time);
                    CREATE INDEX readingByStream ON reading (stream);
                    """)
        }
        try migrator.migrate(pool)
    }

    func isOpened(_ batch: Hash32) throws -> Bool {
        try pool.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM opened WHERE batch = ?)", arguments: [Data(batch.bytes)])
                ?? false
        }
    }

    /// Puts an opened batch in, once.
    func insert(_ readings: [Bytes], batch: Hash32, number: Int64, stream: String) throws {
        try pool.write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO opened VALUES (?, ?)", arguments: [Data(batch.bytes), stream])
            guard db.changesCount == 1 else { return }
            let insert = try db.cachedStatement(sql: "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            for (position, bytes) in readings.enumerated() {
                guard let reading = try? Reading(decoding: bytes), let device = reading.device,
                    reading.sequence <= UInt64(Int64.max)
                else { continue }
                for value in ReadingValues.numbers(in: reading) {
                    try insert.execute(arguments: [
                        stream, device, value.quantity, value.unit, value.value, Int64(value.time),
                        Int64(reading.quality.rawValue & 0xFF), Data(batch.bytes), number, position,
                        Int64(reading.sequence),
                    ])
                }
            }
        }
    }

    /// Forgets the streams that the participant may no longer read.
    func keep(where isKept: (_ stream: String) -> Bool) throws {
        let streams = try pool.read { try String.fetchAll($0, sql: "SELECT DISTINCT stream FROM opened") }
        let gone = streams.filter { !isKept($0) }
        guard !gone.isEmpty else { return }
        try pool.write { db in
            for stream in gone {
                try db.execute(sql: "DELETE FROM reading WHERE stream = ?", arguments: [stream])
                try db.execute(sql: "DELETE FROM opened WHERE stream = ?", arguments: [stream])
            }
        }
        SecretFile.truncateLog(pool)
    }
}

// MARK: - Reading

extension ReadingVault {
    /// A quantity of a device in a stream, and how many values of it there are.
    public struct Quantity: Sendable, Hashable {
        public let stream: String
        public let device: String
        public let quantity: String
        public let count: Int
    }

    /// What the vault holds of these streams.
    public func quantities(_ access: ReadAccess) throws -> [Quantity] {
        try pool.read { db in
            let (condition, arguments) = access.condition
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT stream, device, quantity, count(*) AS count FROM reading WHERE \(condition)
                    GROUP BY stream, device, quantity ORDER BY stream, device, quantity
                    """, arguments: arguments
            ).map { .init(stream: $0["stream"], device: $0["device"], quantity: $0["quantity"], count: $0["count"]) }
        }
    }

    /// Values of a device's quantity by its own clock, oldest first, evenly thinned to at most `limit`.
    func readings(
        _ access: ReadAccess, device: String, quantity: String, from: UInt64, to: UInt64, limit: Int
    ) throws -> [IndexedReading] {
        try pool.read { db in
            var (condition, arguments) = access.condition
            condition += " AND device = ? AND quantity = ? AND time >= ? AND time < ?"
            arguments += [device, quantity, Int64(from), Int64(clamping: to)]
            let count =
                try Int.fetchOne(db, sql: "SELECT count(*) FROM reading WHERE \(condition)", arguments: arguments) ?? 0
            let step = max(1, (count + limit - 1) / limit)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM (SELECT *, row_number() OVER (ORDER BY time) AS place FROM reading WHERE \(condition))
                    WHERE place % \(step) = \(step == 1 ? 0 : 1) ORDER BY time
                    """, arguments: arguments
            ).map(Self.reading)
        }
    }

    /// Values as they came, newest first, with the height of their batch.
    func messages(
        _ access: ReadAccess, device: String, quantity: String?, sequence: UInt64?, from: UInt64, to: UInt64, limit: Int
    ) throws -> [(reading: IndexedReading, height: UInt64)] {
        try pool.read { db in
            var (condition, arguments) = access.condition
            condition += " AND device = ? AND time >= ? AND time < ?"
            arguments += [device, Int64(clamping: from), Int64(clamping: to)]
            if let quantity {
                condition += " AND quantity = ?"
                arguments += [quantity]
            }
            if let sequence {
                condition += " AND sequence = ?"
                arguments += [Int64(clamping: sequence)]
            }
            return try Row.fetchAll(
                db, sql: "SELECT * FROM reading WHERE \(condition) ORDER BY time DESC LIMIT \(limit)",
                arguments: arguments
            ).map { (Self.reading($0), RecordIndex.height(of: $0["batchNumber"])) }
        }
    }

    /// The latest value of each quantity of a device.
    func latestReadings(_ access: ReadAccess, device: String) throws -> [IndexedReading] {
        try pool.read { db in
            var (condition, arguments) = access.condition
            condition += " AND device = ?"
            arguments += [device]
            return try Row.fetchAll(
                db,
                sql: "SELECT *, max(time) FROM reading WHERE \(condition) GROUP BY quantity ORDER BY quantity",
                arguments: arguments
            ).map(Self.reading)
        }
    }

    private static func reading(_ row: Row) -> IndexedReading {
        IndexedReading(
            device: row["device"], quantity: row["quantity"], unit: row["unit"], value: row["value"],
            time: UInt64(row["time"] as Int64), quality: UInt64(row["quality"] as Int64),
            batch: Hash32(row["batch"] as Data) ?? .zero, batchNumber: row["batchNumber"], position: row["position"],
            sequence: UInt64(row["sequence"] as Int64))
    }
}
