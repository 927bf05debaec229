import Foundation
import GRDB
import Ledger

/// Where the sealed batches of each epoch are on the ledger. It holds nothing that is secret, and is rebuilt when deleted.
final class SealedBatchIndex: Sendable {
    struct Place: Sendable, Hashable {
        let id: Hash32
        let height: UInt64
        /// Among the ordered statements of its block.
        let position: Int
    }

    private let pool: DatabasePool

    init(path: String, ledger: Hash32) throws {
        pool = try DatabasePool(path: path)
        try pool.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS progress (ledger BLOB PRIMARY KEY, height INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS batch (
                        height INTEGER NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL, gateway TEXT NOT NULL,
                        stream TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (height, position)) WITHOUT ROWID;
                    CREATE INDEX IF NOT EXISTS batchByEpoch ON batch (gateway, stream, epoch);
                    """)
            let known = try Data.fetchOne(db, sql: "SELECT ledger FROM progress")
            if known != Data(ledger.bytes) {
                try db.execute(sql: "DELETE FROM progress; DELETE FROM batch")
                try db.execute(sql: "INSERT INTO progress VALUES (?, -1)", arguments: [Data(ledger.bytes)])
            }
        }
    }

    /// The next block to look at.
    func nextHeight() throws -> UInt64 {
        let height = try pool.read { try Int64.fetchOne($0, sql: "SELECT height FROM progress") }
        return UInt64((height ?? -1) + 1)
    }

    func apply(_ batches: [(place: Place, epoch: StreamEpoch)], height: UInt64) throws {
        try pool.write { db in
            for (place, epoch) in batches {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO batch VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        Int64(place.height), place.position, Data(place.id.bytes), epoch.gateway, epoch.stream,
                        Int64(epoch.number),
                    ])
            }
            try db.execute(sql: "UPDATE progress SET height = ?", arguments: [Int64(height)])
        }
    }

    /// The batches of an epoch in the order of the ledger.
    func batches(of epoch: StreamEpoch) throws -> [Place] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, height, position FROM batch WHERE gateway = ? AND stream = ? AND epoch = ?
                    ORDER BY height, position
                    """, arguments: [epoch.gateway, epoch.stream, Int64(epoch.number)]
            ).map {
                Place(
                    id: Hash32($0["id"] as Data) ?? .zero, height: UInt64($0["height"] as Int64),
                    position: $0["position"])
            }
        }
    }
}
