import Foundation
import GRDB
import Ledger

/// Which blocks' statements a member keeps. Headers, certificates, results, the log's hashes and the state stay of all of them.
extension LedgerStore {
    /// What was let go.
    public struct Pruned: Sendable, Equatable {
        public var blocks = 0
        /// Of statements, without what is kept in their place.
        public var bytes = 0

        public init() {}
    }

    /// The first block from a height on that is here with its statements.
    public func firstKept(from height: UInt64) throws -> UInt64? { try first(isBare: false, from: height) }

    /// The first block from a height on of which this member does not keep the statements.
    public func firstBare(from height: UInt64) throws -> UInt64? { try first(isBare: true, from: height) }

    private func first(isBare: Bool, from height: UInt64) throws -> UInt64? {
        try read { db in
            try Int64.fetchOne(
                db, sql: "SELECT min(height) FROM blocks WHERE is_bare = ? AND height >= ?",
                arguments: [isBare, Int64(clamping: height)]
            ).map { UInt64($0) }
        }
    }

    /// The lowest height that one of the other members is not known to have signed yet. A member that was away needs the blocks from there on.
    public func neededFrom() throws -> UInt64 {
        guard let identity = try identity() else { return 0 }
        let members = try memberSets().last?.members ?? Genesis(decoding: identity.genesis).members
        let seen = Dictionary(try seenVotes().map { ($0.member, $0.height + 1) }) { $1 }
        return members.members.filter { $0.id != identity.member }.map { seen[$0.id] ?? 0 }.min() ?? .max
    }

    /// Lets go of the statements of some blocks below a height, the oldest first.
    ///
    /// - Parameter limit: most blocks in this transaction, during which no other is written.
    public func prune(below height: UInt64, limit: Int) async throws -> Pruned {
        try await write { writer in
            var pruned = Pruned()
            // Genesis has no statements.
            let rows = try Row.fetchAll(
                writer.db,
                sql: "SELECT * FROM blocks WHERE is_bare = 0 AND height > 0 AND height < ? ORDER BY height LIMIT ?",
                arguments: [Int64(clamping: height), limit])
            for row in rows {
                let block = try Self.block(row)
                let body = block.bare.encodedBody()
                try writer.replaceBody(of: block, body, isBare: true)
                pruned.blocks += 1
                pruned.bytes += (row["body"] as Data).count - body.count
            }
            return pruned
        }
    }

    /// Takes statements of blocks whose outcomes alone are here.
    ///
    /// - Returns: false where they are not the ones that a block was made of; nothing is taken then.
    public func fill(_ blocks: [(height: UInt64, statements: [Bytes])]) async throws -> Bool {
        try await write { writer in
            var filled: [StoredBlock] = []
            for (height, statements) in blocks {
                let row = try Row.fetchOne(
                    writer.db, sql: "SELECT * FROM blocks WHERE height = ?", arguments: [Int64(height)])
                guard let block = try row.map({ try Self.block($0) })?.filled(with: statements) else { return false }
                filled.append(block)
            }
            for block in filled { try writer.replaceBody(of: block, block.encodedBody(), isBare: false) }
            return true
        }
    }

    /// Gives pages that nothing is on any more back to the disk, some at a time.
    ///
    /// - Returns: how many. A file that an earlier version made keeps them for later blocks instead, until ``rewrite()``.
    public func giveBackPages(limit: Int) async throws -> Int {
        try await write { writer in
            let count = "PRAGMA freelist_count"
            let before = try Int.fetchOne(writer.db, sql: count) ?? 0
            if before == 0 { return 0 }
            // Each step of the statement frees a page.
            let rows = try Row.fetchCursor(writer.db, sql: "PRAGMA incremental_vacuum(\(limit))")
            while try rows.next() != nil {}
            return before - (try Int.fetchOne(writer.db, sql: count) ?? 0)
        }
    }

    /// Merges the write-ahead log, as far as nobody reads in it, into the file, which then ends where its pages do.
    public func shorten() async throws {
        do {
            try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                pool.asyncWriteWithoutTransaction { db in
                    done.resume(with: Result { _ = try db.checkpoint(.passive) })
                }
            }
        } catch let error as DatabaseError {
            throw StoreError(.database, at: path, error.message ?? "\(error)")
        }
    }

    /// Writes the file anew without free pages. Nobody else may have it open.
    public func rewrite() throws {
        do {
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
                try db.execute(sql: "VACUUM")
                try db.checkpoint(.truncate)
            }
        } catch let error as DatabaseError {
            throw StoreError(.database, at: path, "it cannot be written anew: \(error.message ?? "\(error)")")
        }
    }

    /// Bytes of the file, without its log.
    public var fileSize: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}

extension StoreWriter {
    fileprivate func replaceBody(of block: StoredBlock, _ body: Bytes, isBare: Bool) throws {
        let digest = LedgerStore.digest(block.headerBytes, block.timer.map { $0.encoded() }, body)
        try db.cachedStatement(sql: "UPDATE blocks SET body = ?, digest = ?, is_bare = ? WHERE height = ?").execute(
            arguments: [Data(body), Data(digest.bytes), isBare, Int64(block.header.height)])
    }
}
