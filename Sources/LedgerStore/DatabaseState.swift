import ContractKit
import Foundation
import GRDB
import Ledger

/// Committed state as the writer's transaction sees it, with values that were read or written lately kept in memory.
final class DatabaseState: StateReader {
    private let db: Database
    private let cache: StateCache

    init(_ db: Database, cache: StateCache) {
        self.db = db
        self.cache = cache
    }

    func value(_ key: Bytes) -> Bytes? {
        if let cached = cache.value(key) { return cached }
        do {
            let found = try Self.value(db, key)
            cache.set(key, found)
            return found
        } catch {
            fatalError("the ledger's state cannot be read: \(error)")
        }
    }

    func entries(from start: Bytes, to end: Bytes, limit: Int) -> [(key: Bytes, value: Bytes)] {
        do {
            return try Self.entries(db, from: start, to: end, limit: limit)
        } catch {
            fatalError("the ledger's state cannot be read: \(error)")
        }
    }

    static func entries(
        _ db: Database, from start: Bytes, to end: Bytes, limit: Int
    ) throws -> [(key: Bytes, value: Bytes)] {
        let statement = try db.cachedStatement(
            sql: "SELECT key, value, checksum FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?")
        return try Row.fetchAll(statement, arguments: [Data(start), Data(end), limit]).map { row in
            let key = Bytes(row["key"] as Data)
            return (key, try checked(row, key))
        }
    }

    static func value(_ db: Database, _ key: Bytes) throws -> Bytes? {
        let statement = try db.cachedStatement(sql: "SELECT value, checksum FROM state WHERE key = ?")
        return try Row.fetchOne(statement, arguments: [Data(key)]).map { try checked($0, key) }
    }

    /// A row whose bytes changed is never used: neither shown nor computed with.
    static func checked(_ row: Row, _ key: Bytes) throws -> Bytes {
        let value = Bytes(row["value"] as Data)
        guard StateChecksum.of(Hash32.sha256(key), Hash32.sha256(value)) == row["checksum"] as Int64 else {
            throw StoreError(
                .damaged, at: "state \(String(decoding: key, as: UTF8.self))",
                "its bytes are not those that were stored")
        }
        return value
    }
}

/// Two generations of recently used state values: when the young one is full it becomes the old one, and the old one is forgotten.
///
/// Not locked: it is used inside the one writer's transaction only, which is what makes `@unchecked` hold.
public final class StateCache: @unchecked Sendable {
    /// Entries of one generation.
    public static let generationSize = 100_000

    private var young: [StateKey: Bytes?] = [:]
    private var old: [StateKey: Bytes?] = [:]

    public init() {}

    func value(_ key: Bytes) -> Bytes?? {
        let key = StateKey(key)
        if let found = young[key] { return found }
        guard let found = old[key] else { return nil }
        set(key, found)
        return found
    }

    func set(_ key: Bytes, _ value: Bytes?) { set(StateKey(key), value) }

    private func set(_ key: StateKey, _ value: Bytes?) {
        if young.count >= Self.generationSize {
            old = young
            young = [:]
        }
        young[key] = .some(value)
    }

    /// After a transaction that was taken back nothing cached can be trusted.
    public func clear() {
        young = [:]
        old = [:]
    }
}
