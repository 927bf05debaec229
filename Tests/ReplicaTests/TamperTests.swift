import ContractKit
import Foundation
import GRDB
import Ledger
import LedgerStore
import Replica
import TestSupport
import Testing

/// COMMON-3: a flipped byte in a member's store is found and located, and never served.
@Suite(.serialized)
struct TamperTests {
    @Test(arguments: [
        ("UPDATE blocks SET body = ? WHERE height = 2", "SELECT body FROM blocks WHERE height = 2", "block 2"),
        ("UPDATE blocks SET header = ? WHERE height = 1", "SELECT header FROM blocks WHERE height = 1", "block 1"),
        (
            "UPDATE state SET value = ? WHERE key = CAST('wallet/accounts/EUR/person1' AS BLOB)",
            "SELECT value FROM state WHERE key = CAST('wallet/accounts/EUR/person1' AS BLOB)",
            "state wallet/accounts/EUR/person1"
        ),
        (
            "UPDATE tiles SET hashes = ? WHERE coordinate = 0", "SELECT hashes FROM tiles WHERE coordinate = 0",
            "log tile 0/0"
        ),
        (
            "UPDATE certificates SET votes = ? WHERE height = 1", "SELECT votes FROM certificates WHERE height = 1",
            "certificate of block 1"
        ),
    ])
    func flippedByteIsLocated(update: String, select: String, location: String) async throws {
        var random = SeededGenerator.fresh()
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        let transfer = try consortium.transfer(30, from: 1, to: 2)
        try await consortium.run { node in
            try await consortium.send(try consortium.issue(100, to: 1), to: node)
            try await consortium.send(transfer, to: node)
            for replica in node.replicas {
                while try !replica.store.heightsWithoutCertificate().isEmpty {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        let queue = try DatabaseQueue(path: consortium.path(0))
        try await queue.write { [random] db in
            var random = random
            var bytes = try #require(try Data.fetchOne(db, sql: select))
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
            try db.execute(sql: update, arguments: [bytes])
        }
        try queue.close()
        _ = random.next()
        // The damaged member is left out and the place is named; the other three go on.
        try await consortium.run { node in
            #expect(node.replicas.count == 3)
            #expect(node.damaged.map(\.member) == ["m0"])
            #expect(node.damaged[0].error.contains(location), "\(node.damaged[0].error)")
            let outcome = try await consortium.send(try consortium.issue(1, to: 1), to: node)
            #expect(outcome.word == "FINAL")
            let record = try node.record(of: transfer.id)
            #expect(record != nil)
        }
    }

    /// Damage that happens while the node runs: the read that meets it fails instead of answering.
    @Test func damagedWhileRunning() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        try await consortium.run { node in
            try await consortium.send(try consortium.issue(100, to: 1), to: node)
            let transfer = try consortium.transfer(30, from: 1, to: 2)
            let outcome = try await consortium.send(transfer, to: node)
            let queue = try DatabaseQueue(path: consortium.path(0))
            try await queue.write { db in
                try db.execute(
                    sql: "UPDATE blocks SET body = CAST(replace(hex(body), '', '') AS BLOB) WHERE height = ?",
                    arguments: [Int64(outcome.height)])
                try db.execute(
                    sql: "UPDATE state SET value = X'1903E8' WHERE key = CAST('wallet/accounts/EUR/person1' AS BLOB)")
            }
            #expect(throws: StoreError.self) { try node.record(of: transfer.id) }
            // A query that meets the damage fails, and the node goes on.
            #expect(throws: ContractError.corrupt("")) {
                try StoreReader(store: node.serving.store).get(WalletContract.accounts, "EUR/person1")?.balance
            }
            #expect(throws: StoreError.self) { try node.serving.stateValue(Bytes("wallet/accounts/EUR/person1".utf8)) }
        }
    }

    /// Whoever can change a row can change the digest beside it; the results that the members signed still tell.
    @Test func digestMadeToFit() async throws {
        let consortium = try TestConsortium()
        defer { consortium.remove() }
        try await consortium.run { node in
            try await consortium.send(try consortium.issue(100, to: 1), to: node)
            let outcome = try await consortium.send(try consortium.transfer(30, from: 1, to: 2), to: node)
            let queue = try DatabaseQueue(path: consortium.path(0))
            try await queue.write { db in
                let height = Int64(outcome.height)
                let row = try #require(
                    try Row.fetchOne(db, sql: "SELECT * FROM blocks WHERE height = ?", arguments: [height]))
                var body = row["body"] as Data
                let payee = try #require(body.range(of: Data("person2".utf8)))
                body[payee.upperBound - 1] = UInt8(ascii: "3")
                let whole = (row["header"] as Data) + ((row["timer"] as Data?) ?? Data()) + body
                try db.execute(
                    sql: "UPDATE blocks SET body = ?, digest = ? WHERE height = ?",
                    arguments: [body, Data(Hash32.sha256(Bytes(whole)).bytes), height])
            }
            let damage = #expect(throws: StoreError.self) { try node.serving.store.block(at: outcome.height) }
            #expect(damage?.description.contains("block \(outcome.height)") == true)
        }
    }
}
