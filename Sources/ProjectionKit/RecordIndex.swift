import Foundation
import GRDB
import Ledger
import LedgerStore
import SenML

/// A read model of a ledger for pages and searches: records by what they mention, and readings by device.
///
/// It holds nothing that the ledger does not hold, so it can be deleted at any time and is then rebuilt.
public final class RecordIndex: Sendable {
    /// What else than its subject a statement is about; given by the use case, for search.
    public typealias Mentions = @Sendable (Ledger.Statement) -> [String]

    /// Grows whenever the tables or what is put in them change; an index of another version is rebuilt.
    static let version = 6

    /// Pages of the write-ahead log after which it is merged into the file.
    private static let checkpointPages = 4_000

    let pool: DatabasePool
    private let mentions: Mentions

    public init(path: String, mentions: @escaping Mentions) throws {
        self.mentions = mentions
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)") }
        pool = try DatabasePool(path: path, configuration: configuration)
        try pool.write { db in
            try db.execute(
                sql:
                    "CREATE TABLE IF NOT EXISTS progress (single INTEGER PRIMARY KEY, version INTEGER, ledger BLOB, height INTEGER)"
            )
            let version = try Int.fetchOne(db, sql: "SELECT version FROM progress")
            if version != Self.version { try Self.reset(db) }
        }
    }

    /// Empties the index; following the ledger then fills it again.
    public func rebuild() throws {
        try pool.write { try Self.reset($0) }
    }

    private static func reset(_ db: Database) throws {
        try db.execute(
            sql: """
                DROP TABLE IF EXISTS records; DROP TABLE IF EXISTS mentions; DROP TABLE IF EXISTS readings;
                DROP TABLE IF EXISTS movements;
                DELETE FROM progress;
                -- number: height << 20 | position in the block, so that rows are added at the end.
                CREATE TABLE records (
                    number INTEGER PRIMARY KEY, id BLOB NOT NULL, time INTEGER NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, contract TEXT NOT NULL,
                    operation TEXT NOT NULL, rejection INTEGER);
                CREATE TABLE mentions (
                    name TEXT NOT NULL, number INTEGER NOT NULL REFERENCES records, PRIMARY KEY (name, number)) WITHOUT ROWID;
                CREATE TABLE readings (
                    device TEXT NOT NULL, quantity TEXT NOT NULL, time INTEGER NOT NULL, unit TEXT NOT NULL,
                    value REAL NOT NULL, quality INTEGER NOT NULL, batch INTEGER NOT NULL REFERENCES records,
                    position INTEGER NOT NULL, sequence INTEGER NOT NULL);
                CREATE INDEX readings_by_time ON readings (device, quantity, time);
                -- Money that moved otherwise than by a plain transfer or issue, whose statements tell it.
                CREATE TABLE movements (
                    account TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, change INTEGER NOT NULL,
                    kind TEXT NOT NULL, other TEXT NOT NULL, time INTEGER NOT NULL,
                    PRIMARY KEY (account, number, place)) WITHOUT ROWID;
                INSERT INTO progress (single, version, height) VALUES (1, \(version), -1);
                """)
    }

    /// The next block to put in; another ledger's index is emptied.
    public func nextHeight(of ledger: Hash32) throws -> UInt64 {
        try pool.write { db in
            let known = try Data.fetchOne(db, sql: "SELECT ledger FROM progress")
            if known != Data(ledger.bytes) {
                if known != nil { try Self.reset(db) }
                try db.execute(sql: "UPDATE progress SET ledger = ?", arguments: [Data(ledger.bytes)])
            }
            return UInt64(try (Int64.fetchOne(db, sql: "SELECT height FROM progress") ?? -1) + 1)
        }
    }

    /// Puts final blocks in, which follow each other; all or none.
    public func apply(_ blocks: [StoredBlock]) async throws {
        let mentions = self.mentions
        try await pool.write { db in
            for block in blocks {
                if let timer = block.timer {
                    try Self.insertMovements(timer.events, IndexedMovement.numberOfTimers(in: block.header), block, db)
                }
                for (position, item) in block.items.enumerated() {
                    try Self.insert(item, position, block, mentions, db)
                }
            }
            guard let last = blocks.last?.header.height else { return }
            try db.execute(sql: "UPDATE progress SET height = ?", arguments: [Int64(last)])
        }
    }

    private static func insert(
        _ item: StoredBlock.Item, _ position: Int, _ block: StoredBlock, _ mentions: Mentions, _ db: Database
    ) throws {
        let statement = try item.decoded()
        let number = Self.number(height: block.header.height, position: position)
        try db.cachedStatement(
            sql: """
                INSERT INTO records (number, id, time, issuer, subject, contract, operation, rejection)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            number, Data(statement.id.bytes), Int64(block.header.time), statement.issuer, statement.subject,
            statement.operation.contract, statement.operation.name, item.result.rejection.map { Int64($0.code) },
        ])
        let mention = try db.cachedStatement(sql: "INSERT OR IGNORE INTO mentions (name, number) VALUES (?, ?)")
        for name in [statement.subject, statement.issuer] + mentions(statement) {
            try mention.execute(arguments: [name, number])
        }
        if !item.result.events.isEmpty {
            for event in item.result.events {
                try mention.execute(arguments: [event.subject, number])
                // Whoever gets money is concerned as much as whoever pays it.
                guard event.contract == "wallet", let payee = event.details["to"]?.text ?? event.details["for"]?.text
                else { continue }
                try mention.execute(arguments: [payee, number])
            }
            try insertMovements(item.result.events, number, block, db)
        }
        if statement.operation.contract == "telemetry", item.result.rejection == nil {
            try insertReadings(of: statement, batch: number, db)
        }
    }

    private static func insertReadings(of statement: Ledger.Statement, batch: Int64, _ db: Database) throws {
        guard statement.operation.arguments["sealed"] == .bool(false),
            let body = statement.operation.arguments["body"]?.bytes, let items = try? CBOR.decode(body).array
        else { return }
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO readings (device, quantity, time, unit, value, quality, batch, position, sequence)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        let mention = try db.cachedStatement(sql: "INSERT OR IGNORE INTO mentions (name, number) VALUES (?, ?)")
        for (position, item) in items.enumerated() {
            guard let bytes = item.bytes, let reading = try? Reading(decoding: bytes), let device = reading.device,
                reading.sequence <= UInt64(Int64.max)
            else { continue }
            // A text that a device reports, the code on a box for instance, is something that its batch is about.
            for text in ReadingValues.texts(in: reading) { try mention.execute(arguments: [text, batch]) }
            for value in ReadingValues.numbers(in: reading) {
                try insert.execute(arguments: [
                    device, value.quantity, Int64(value.time), value.unit, value.value,
                    Int64(reading.quality.rawValue & 0xFF),
                    batch, position, Int64(reading.sequence),
                ])
            }
        }
    }
}

// MARK: - Reading

extension RecordIndex {
    private static let columns = "number, id, time, issuer, subject, contract, operation, rejection"

    /// Records that mention any of these names, or all where none are given, oldest first.
    ///
    /// - Parameters:
    ///   - own: where given, only records that mention one of these too.
    ///   - first: the number from which on; see ``number(height:position:)``.
    public func records(
        mentioning names: [String]?, and own: [String]? = nil, from first: Int64 = 0, limit: Int = 500
    ) throws -> [IndexedRecord] {
        try pool.read { db in
            let filters = try [names, own].compactMap { try $0.map { try Self.mentioning($0) } }
            return try SQLRequest<Row>(
                literal: """
                    SELECT \(sql: Self.columns) FROM records
                    WHERE \((["number >= \(first)"] + filters).joined(separator: " AND "))
                    ORDER BY number LIMIT \(limit)
                    """
            ).fetchAll(db).map(Self.record)
        }
    }

    /// Accepted records that mention any of these names, without batches of readings: those nearest to a time, oldest first.
    ///
    /// - Parameter own: where given, only records that mention one of these too.
    public func accepted(
        mentioning names: [String], and own: [String]?, nearest time: UInt64, limit: Int
    ) throws -> [IndexedRecord] {
        try pool.read { db in
            let filters = [try Self.mentioning(names)] + (try own.map { [try Self.mentioning($0)] } ?? [])
            return try SQLRequest<Row>(
                literal: """
                    SELECT \(sql: Self.columns) FROM records WHERE \(filters.joined(separator: " AND "))
                    AND rejection IS NULL AND contract <> 'telemetry'
                    ORDER BY abs(time - \(Int64(clamping: time))) LIMIT \(limit)
                    """
            ).fetchAll(db).map(Self.record).sorted { ($0.height, $0.position) < ($1.height, $1.position) }
        }
    }

    /// The latest records, newest first, of a contract where given.
    ///
    /// - Parameters:
    ///   - own: where given, only records that mention one of these.
    ///   - number: only those before this place; see ``number(height:position:)``.
    public func latest(
        contract: String? = nil, issuer: String? = nil, own: [String]? = nil, before number: Int64 = .max, limit: Int
    ) throws -> [IndexedRecord] {
        try pool.read { db in
            let filter: SQL = try own.map { try Self.mentioning($0) } ?? "1"
            return try SQLRequest<Row>(
                literal: """
                    SELECT \(sql: Self.columns) FROM records WHERE \(filter) AND number < \(number)
                    AND (\(contract) IS NULL OR contract = \(contract)) AND (\(issuer) IS NULL OR issuer = \(issuer))
                    ORDER BY number DESC LIMIT \(limit)
                    """
            ).fetchAll(db).map(Self.record)
        }
    }

    /// Whether a record mentions one of these names.
    public func mentions(_ names: [String], height: UInt64, position: Int) throws -> Bool {
        let number = Self.number(height: height, position: position)
        return try pool.read { db in
            let filter = try Self.mentioning(names)
            return try SQLRequest<Int>(literal: "SELECT 1 FROM records WHERE number = \(number) AND \(filter)")
                .fetchOne(db) != nil
        }
    }

    /// As one argument, however many names there are.
    private static func mentioning(_ names: [String]) throws -> SQL {
        let list = String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
        return "number IN (SELECT number FROM mentions WHERE name IN (SELECT value FROM json_each(\(list))))"
    }

    /// The record of a place on the ledger: height << 20 | position in the block.
    public func record(number: Int64) throws -> IndexedRecord? {
        try pool.read { db in
            try Row.fetchOne(
                db, sql: "SELECT \(Self.columns) FROM records WHERE number = ?", arguments: [number]
            ).map(Self.record)
        }
    }

    /// Values of a device's quantity by its own clock, oldest first; evenly thinned to at most `limit`.
    public func readings(
        device: String, quantity: String, from: UInt64 = 0, to: UInt64 = UInt64(Int64.max), limit: Int = 500
    ) throws -> [IndexedReading] {
        try pool.read { db in
            let range: StatementArguments = [device, quantity, Int64(from), Int64(to)]
            let filter = "device = ? AND quantity = ? AND time >= ? AND time < ?"
            let count =
                try Int.fetchOne(db, sql: "SELECT count(*) FROM readings WHERE \(filter)", arguments: range) ?? 0
            let step = max(1, (count + limit - 1) / limit)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM (
                        SELECT readings.*, records.id AS batch_id, row_number() OVER (ORDER BY readings.time) AS place
                        FROM readings JOIN records ON records.number = readings.batch WHERE \(filter.replacing("time", with: "readings.time")))
                    WHERE place % \(step) = \(step == 1 ? 0 : 1) ORDER BY time
                    """, arguments: range
            ).map(Self.reading)
        }
    }

    /// The latest value of each quantity of a device.
    public func latestReadings(device: String) throws -> [IndexedReading] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT readings.*, records.id AS batch_id, max(readings.time) FROM readings
                    JOIN records ON records.number = readings.batch WHERE device = ? GROUP BY quantity ORDER BY quantity
                    """, arguments: [device]
            ).map(Self.reading)
        }
    }

    /// Values as they came, newest first, with the height of their batch; by the device's clock from a time to another.
    public func messages(
        device: String, quantity: String?, sequence: UInt64?, from: UInt64 = 0, to: UInt64 = .max, limit: Int
    ) throws -> [(reading: IndexedReading, height: UInt64)] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT readings.*, records.id AS batch_id FROM readings
                    JOIN records ON records.number = readings.batch
                    WHERE device = ?1 AND (?2 IS NULL OR quantity = ?2) AND (?3 IS NULL OR sequence = ?3)
                    AND readings.time >= ?4 AND readings.time < ?5 ORDER BY readings.time DESC LIMIT ?6
                    """,
                arguments: [
                    device, quantity, sequence.map { Int64($0) }, Int64(clamping: from), Int64(clamping: to), limit,
                ]
            ).map { (Self.reading($0), UInt64(($0["batch"] as Int64) >> 20)) }
        }
    }

    /// Distinct messages of each device on the ledger.
    public func messageCounts() throws -> [String: Int] {
        try pool.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT device, count(DISTINCT sequence) AS messages FROM readings GROUP BY device")
            return Dictionary(rows.map { ($0["device"] as String, $0["messages"] as Int) }, uniquingKeysWith: +)
        }
    }

    /// A record's number: its place on the ledger.
    public static func number(height: UInt64, position: Int) -> Int64 { Int64(height) << 20 | Int64(position) }

    /// The height in a record's number.
    public static func height(of number: Int64) -> UInt64 { UInt64(number >> 20) }

    private static func record(_ row: Row) -> IndexedRecord {
        let number = row["number"] as Int64
        return IndexedRecord(
            id: Hash32(row["id"] as Data) ?? .zero, height: UInt64(number >> 20), position: Int(number & 0xFFFFF),
            time: UInt64(row["time"] as Int64), issuer: row["issuer"], subject: row["subject"],
            contract: row["contract"], operation: row["operation"],
            rejection: (row["rejection"] as Int64?).map { UInt64($0) })
    }

    private static func reading(_ row: Row) -> IndexedReading {
        IndexedReading(
            device: row["device"], quantity: row["quantity"], unit: row["unit"], value: row["value"],
            time: UInt64(row["time"] as Int64), quality: UInt64(row["quality"] as Int64),
            batch: Hash32(row["batch_id"] as Data) ?? .zero, batchNumber: row["batch"], position: row["position"],
            sequence: UInt64(row["sequence"] as Int64))
    }
}
