import Foundation
import GRDB
import Ledger

/// An operation that the gateway has to bring to the ledger, beside its readings.
struct OutboxEntry: Sendable {
    /// Names it; a second entry of the same name is not taken.
    let purpose: String
    let subject: String
    let operation: Ledger.Operation
}

/// An entry as it waits.
struct WaitingEntry: Sendable {
    let id: Int64
    let purpose: String
    let subject: String
    let operation: Bytes
    /// The signed bytes; nil before they exist.
    let statement: Bytes?
    let validUntil: UInt64
}

extension OutboxEntry {
    /// Within a transaction of the store.
    func insert(_ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO outbox (purpose, subject, operation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [purpose, subject, Foundation.Data(operation.encoded())])
    }
}

extension GatewayStore {
    func insert(_ entry: OutboxEntry) async throws {
        try await pool.write { db in try entry.insert(db) }
    }

    func hasOutboxEntry(_ purpose: String) async throws -> Bool {
        try await pool.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM outbox WHERE purpose = ?)", arguments: [purpose]) ?? false
        }
    }

    /// The oldest entry without an outcome.
    func nextOutboxEntry() async throws -> WaitingEntry? {
        try await pool.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM outbox WHERE settledAt IS NULL ORDER BY id LIMIT 1").map {
                WaitingEntry(
                    id: $0["id"], purpose: $0["purpose"], subject: $0["subject"],
                    operation: Bytes($0["operation"] as Foundation.Data),
                    statement: ($0["statement"] as Foundation.Data?).map { Bytes($0) },
                    validUntil: UInt64($0["validUntil"] as Int64? ?? 0))
            }
        }
    }

    func setOutboxStatement(_ id: Int64, _ statement: Ledger.Statement) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "UPDATE outbox SET statement = ?, validUntil = ? WHERE id = ?",
                arguments: [Foundation.Data(statement.bytes), Int64(statement.validUntil), id])
        }
    }

    /// Notes an outcome, and lets go of old ones.
    func settleOutbox(_ id: Int64, refusal: String?, now: UInt64, keep: Int) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "UPDATE outbox SET settledAt = ?, refusal = ? WHERE id = ?",
                arguments: [Int64(now), refusal, id])
            try db.execute(
                sql: "DELETE FROM outbox WHERE settledAt IS NOT NULL AND id <= ?", arguments: [id - Int64(keep)])
        }
    }
}
