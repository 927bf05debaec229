import Foundation
import GRDB
import Ledger

/// A signed batch as it waits for the node.
struct StoredBatch: Sendable {
    let id: Int64
    let stream: Int64
    let first: UInt64
    let last: UInt64
    /// Of the key that it is sealed with; 0 for none.
    let epoch: UInt64
    let statement: Bytes
    let validUntil: UInt64
    /// The node may have it, so its outcome must be asked for before anything else is signed in its place.
    let wasSent: Bool
    let rejectionCode: String?
    let rejections: Int

    var count: Int { Int(last - first + 1) }
}

extension GatewayStore {
    /// Stores new batches and takes their readings out of the open ones, in one transaction.
    func insert(_ batches: [SignedBatch]) async throws {
        try await pool.write { db in
            for batch in batches {
                try db.execute(
                    sql:
                        "INSERT INTO batch (stream, first, last, statement, validUntil, epoch) VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        batch.stream, Int64(batch.first), Int64(batch.last), Foundation.Data(batch.statement.bytes),
                        Int64(batch.statement.validUntil), Int64(batch.epoch),
                    ])
                try db.execute(
                    sql: "UPDATE stream SET batched = ? WHERE id = ?",
                    arguments: [Int64(batch.last) + 1, batch.stream])
            }
        }
    }

    /// The oldest batches of a stream that are not settled, in order.
    func unsettled(stream: Int64, limit: Int) async throws -> [StoredBatch] {
        try await pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM batch WHERE stream = ? AND settledAt IS NULL ORDER BY first LIMIT ?",
                arguments: [stream, limit]
            ).map {
                StoredBatch(
                    id: $0["id"], stream: stream, first: UInt64($0["first"] as Int64),
                    last: UInt64($0["last"] as Int64), epoch: UInt64($0["epoch"] as Int64),
                    statement: Bytes($0["statement"] as Foundation.Data),
                    validUntil: UInt64($0["validUntil"] as Int64), wasSent: $0["wasSent"],
                    rejectionCode: $0["rejectionCode"], rejections: $0["rejections"])
            }
        }
    }

    /// Notes, before they are sent, that the node may get these.
    func markSent(_ ids: [Int64]) async throws {
        try await pool.write { db in
            for id in ids { try db.execute(sql: "UPDATE batch SET wasSent = 1 WHERE id = ?", arguments: [id]) }
        }
    }

    /// Notes outcomes. Of readings that are final on the ledger only the signature stays here.
    func settle(_ ids: [Int64], rejected: [(id: Int64, code: String, reason: String)], now: UInt64) async throws {
        if ids.isEmpty && rejected.isEmpty { return }
        try await pool.write { db in
            for id in ids {
                try db.execute(sql: "UPDATE batch SET settledAt = ? WHERE id = ?", arguments: [Int64(now), id])
                try db.execute(
                    sql: """
                        UPDATE reading SET encoded = x'' FROM batch WHERE batch.id = ? AND reading.stream = batch.stream
                            AND reading.position BETWEEN batch.first AND batch.last
                        """, arguments: [id])
            }
            for rejection in rejected {
                try db.execute(
                    sql: """
                        UPDATE batch SET rejectionCode = ?, rejectionReason = ?, rejections = rejections + 1
                        WHERE id = ?
                        """, arguments: [rejection.code, rejection.reason, rejection.id])
            }
        }
    }

    /// Puts a newly signed statement of the same readings in a batch's place.
    func replace(_ id: Int64, with batch: SignedBatch) async throws {
        try await pool.write { db in
            try db.execute(
                sql: """
                    UPDATE batch SET statement = ?, validUntil = ?, epoch = ?, wasSent = 0, rejectionCode = NULL
                    WHERE id = ?
                    """,
                arguments: [
                    Foundation.Data(batch.statement.bytes), Int64(batch.statement.validUntil), Int64(batch.epoch), id,
                ])
        }
    }

    /// Batches that the node rejected last time, oldest first.
    func rejectedBatches(limit: Int) async throws -> [RejectedBatch] {
        try await pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT stream.name AS stream, first, last, rejectionCode, rejectionReason, rejections
                    FROM batch JOIN stream ON stream.id = batch.stream
                    WHERE settledAt IS NULL AND rejectionReason IS NOT NULL ORDER BY batch.id LIMIT ?
                    """, arguments: [limit]
            ).map {
                RejectedBatch(
                    stream: $0["stream"], first: UInt64($0["first"] as Int64), last: UInt64($0["last"] as Int64),
                    code: $0["rejectionCode"], reason: $0["rejectionReason"], rejections: $0["rejections"])
            }
        }
    }
}

/// A batch that the node did not accept; it is signed and sent again until it does.
public struct RejectedBatch: Sendable, Hashable {
    /// The stream.
    public let stream: String
    /// Positions of the first and last reading.
    public let first: UInt64
    public let last: UInt64
    /// The last rejection's code; nil when the batch was signed again since.
    public let code: String?
    /// The last rejection's reason.
    public let reason: String
    /// How often it was rejected.
    public let rejections: Int
}
