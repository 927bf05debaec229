import Foundation
import GRDB
import Ledger

/// What a member promised by signing for a new order: to sign no block of an earlier epoch above a height.
public struct OrderPromise: Sendable, Hashable {
    public let epoch: UInt64
    public let height: UInt64
    public let headerHash: Hash32

    public init(epoch: UInt64, height: UInt64, headerHash: Hash32) {
        self.epoch = epoch
        self.height = height
        self.headerHash = headerHash
    }
}

/// A statement in whose execution the process ended.
public struct Interruption: Sendable, Hashable {
    public let statement: Hash32
    /// Of the block that it was to be in.
    public let height: UInt64
    public var count: Int

    public init(statement: Hash32, height: UInt64, count: Int) {
        self.statement = statement
        self.height = height
        self.count = count
    }
}

// What members resolved outside of the order, and what led to it.
extension LedgerStore {
    public func resolutions() throws -> [Resolution] {
        try read { try Data.fetchAll($0, sql: "SELECT resolution FROM resolutions ORDER BY number") }
            .map { try Resolution(cbor: CBOR.decode(Bytes($0), limits: .large)) }
    }

    public func orderPromise() throws -> OrderPromise? {
        try read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM order_promise"),
                let hash = Hash32(row["header_hash"] as Data)
            else { return nil }
            return OrderPromise(
                epoch: UInt64(row["epoch"] as Int64), height: UInt64(row["height"] as Int64), headerHash: hash)
        }
    }

    public func interruptions() throws -> [Interruption] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM interruptions").compactMap { row in
                Hash32(row["statement"] as Data).map {
                    Interruption(statement: $0, height: UInt64(row["height"] as Int64), count: row["count"])
                }
            }
        }
    }
}

extension StoreWriter {
    public func insert(_ resolution: Resolution) throws {
        try db.execute(
            sql: "INSERT INTO resolutions (resolution) VALUES (?)", arguments: [Data(resolution.cbor.encoded())])
    }

    public func setOrderPromise(_ promise: OrderPromise) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO order_promise (single, epoch, height, header_hash) VALUES (1, ?, ?, ?)",
            arguments: [Int64(promise.epoch), Int64(promise.height), Data(promise.headerHash.bytes)])
    }

    /// Counts one more.
    public func insertInterruption(of statement: Hash32, at height: UInt64) throws {
        try db.execute(
            sql: """
                INSERT INTO interruptions (statement, height, count) VALUES (?, ?, 1)
                ON CONFLICT (statement) DO UPDATE SET count = count + 1, height = excluded.height
                """, arguments: [Data(statement.bytes), Int64(height)])
    }

    /// It was executed to its end, or refused.
    public func deleteInterruption(of statement: Hash32) throws {
        try db.execute(sql: "DELETE FROM interruptions WHERE statement = ?", arguments: [Data(statement.bytes)])
    }
}
