import Foundation
import GRDB
import Ledger
import LedgerStore
import Replica
import TestSupport
import Testing

/// An id is taken once, wherever it lies: in memory, in a run on the disk, after a start, in a file of an earlier version.
@Suite(.serialized)
struct TransactionIndexTests {
    /// More statements than memory keeps: the first ones are found in a run, before and after a start, and a damaged row is named.
    @Test func replayedFromARun() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let first = try consortium.issue(1_000_000, to: 1)
        var last = first
        let (old, new) = try await consortium.run { node in
            let old = try await consortium.send(first, to: node)
            for _ in 0..<17 {
                for _ in 0..<2000 {
                    last = try consortium.transfer(1, from: 1, to: 2)
                    try node.submit(last)
                }
                _ = try await node.outcome(of: last.id, within: 60_000)
            }
            let new = try #require(try await node.outcome(of: last.id, within: 60_000))
            try await expectReplay(of: first, as: old, on: node, consortium)
            return (old, new)
        }
        let queue = try DatabaseQueue(path: consortium.path(0))
        let rows = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM transaction_runs") } ?? 0
        #expect(rows >= 32_768 && rows <= 34_001)
        try await consortium.run { node in
            #expect(node.damaged.isEmpty)
            try await expectReplay(of: first, as: old, on: node, consortium)
            try await expectReplay(of: last, as: new, on: node, consortium)
        }
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE transaction_runs SET place = place + 1 WHERE run = 0 AND id = ?",
                arguments: [Data(first.id.bytes)])
        }
        try queue.close()
        try await consortium.run { node in
            #expect(node.damaged.map(\.member) == ["m0"])
            #expect(node.damaged[0].error.contains("transaction \(first.id)"))
        }
    }

    private func expectReplay(
        of statement: Ledger.Statement, as outcome: TransactionOutcome, on node: LedgerNode,
        _ consortium: TestConsortium
    ) async throws {
        let again = try await consortium.send(statement, to: node)
        #expect(again.height == outcome.height && again.position == outcome.position)
        #expect(node.finalHeight == node.serving.head.height)
    }

    /// The first version kept all ids in one table; its rows become the first run.
    @Test func fileOfTheFirstVersion() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let issue = try consortium.issue(100, to: 1)
        let outcome = try await consortium.run { node in try await consortium.send(issue, to: node) }
        for member in 0..<4 {
            let queue = try DatabaseQueue(path: consortium.path(member))
            try await queue.write { db in
                try db.execute(
                    sql: """
                        DROP TABLE runs; DROP TABLE transaction_runs;
                        CREATE TABLE transactions (id BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
                        DELETE FROM grdb_migrations WHERE identifier LIKE '2 %';
                        """)
                try db.execute(
                    sql: "INSERT INTO transactions (id, place) VALUES (?, ?)",
                    arguments: [Data(issue.id.bytes), Int64(outcome.height) << 20 | Int64(outcome.position)])
            }
            try queue.close()
        }
        try await consortium.run { node in
            #expect(node.damaged.isEmpty, "\(node.damaged)")
            try await expectReplay(of: issue, as: outcome, on: node, consortium)
            try await consortium.send(try consortium.issue(1, to: 2), to: node)
        }
    }
}
