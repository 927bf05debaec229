import Foundation
import GRDB
import Ledger

/// A key of a stream as the gateway keeps it.
struct StoredEpoch: Sendable {
    let number: UInt64
    /// Nil once it was handed to the owner and is of no more use here.
    var key: Bytes?
    let commitment: Hash32
    /// The gateway's clock, ms since 1970.
    let openedAt: UInt64
    /// What the ledger said when it was made; another number wants another key.
    let rotation: UInt64
    /// It is on the ledger.
    var isRegistered: Bool
    /// The owner's key service has it.
    var isDelivered: Bool
}

extension GatewayStore {
    /// The latest epoch of a stream.
    func latestEpoch(stream: Int64) async throws -> StoredEpoch? {
        try await pool.read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM epoch WHERE stream = ? ORDER BY number DESC LIMIT 1", arguments: [stream]
            ).map(Self.epoch)
        }
    }

    func epoch(stream: Int64, number: UInt64) async throws -> StoredEpoch? {
        try await pool.read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM epoch WHERE stream = ? AND number = ?", arguments: [stream, Int64(number)]
            ).map(Self.epoch)
        }
    }

    /// Stores a new epoch. Its key is on the disk before anything is sealed with it.
    func insert(_ epoch: StoredEpoch, stream: Int64) async throws {
        try await pool.write { db in
            try db.execute(
                sql:
                    "INSERT INTO epoch (stream, number, key, commitment, openedAt, rotation) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    stream, Int64(epoch.number), epoch.key.map { Foundation.Data($0) },
                    Foundation.Data(epoch.commitment.bytes), Int64(epoch.openedAt), Int64(epoch.rotation),
                ])
        }
    }

    func markRegistered(stream: Int64, number: UInt64) async throws {
        try await set("isRegistered = 1", stream: stream, number: number)
    }

    func markDelivered(stream: Int64, number: UInt64) async throws {
        try await set("isDelivered = 1", stream: stream, number: number)
    }

    /// Forgets the key of an epoch that has ended, where the owner has it.
    func dropKey(stream: Int64, number: UInt64) async throws {
        try await set("key = NULL", stream: stream, number: number)
    }

    /// Forgets the keys of epochs that a newer one followed, where the owner has them.
    ///
    /// - Returns: how many.
    func dropSupersededKeys() async throws -> Int {
        try await pool.write { db in
            try db.execute(
                sql: """
                    UPDATE epoch SET key = NULL WHERE key IS NOT NULL AND isDelivered = 1 AND number <
                        (SELECT MAX(number) FROM epoch AS newer WHERE newer.stream = epoch.stream)
                    """)
            return db.changesCount
        }
    }

    /// Brings everything into the file itself, so that nothing deleted stays in the log beside it.
    ///
    /// - Returns: false while somebody reads what is older; it is worth another try in a moment.
    func truncateLog() async throws -> Bool {
        do {
            try await pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
            return true
        } catch let error as DatabaseError where Self.passing.contains(error.resultCode) {
            return false
        }
    }

    private func set(_ change: String, stream: Int64, number: UInt64) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "UPDATE epoch SET \(change) WHERE stream = ? AND number = ?", arguments: [stream, Int64(number)])
        }
    }

    private static func epoch(_ row: Row) -> StoredEpoch {
        StoredEpoch(
            number: UInt64(row["number"] as Int64), key: (row["key"] as Foundation.Data?).map { Bytes($0) },
            commitment: Hash32(row["commitment"] as Foundation.Data) ?? .zero,
            openedAt: UInt64(row["openedAt"] as Int64), rotation: UInt64(row["rotation"] as Int64),
            isRegistered: row["isRegistered"], isDelivered: row["isDelivered"])
    }
}
