import Foundation
import GRDB
import Ledger
import LedgerStore
import Replica
import Synchronization
import Testing

/// Joining by the state of a final block, and keeping the statements of the latest blocks only.
@Suite struct SnapshotTests {
    private let network: MembersApart
    private var consortium: TestConsortium { network.consortium }

    init() throws { network = try MembersApart() }

    private func removeFile(_ member: Int) {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: consortium.path(member) + suffix)
        }
    }

    private func wait(_ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try !condition() {
            try #require(ContinuousClock.now < deadline, "it did not come about")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Merges the log into the file, whose size then says what it holds.
    private func checkpoint(_ store: LedgerStore) throws {
        try store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }

    /// Lets a node let go of statements until it keeps so many blocks, which waits for the others' votes.
    private func pruneAll(_ node: LedgerNode, keeping kept: UInt64) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try node.keptFrom() + kept <= node.finalHeight {
            try #require(ContinuousClock.now < deadline, "statements stay")
            try await node.prune(below: .max)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Some blocks of four members, one of which then loses its disk; a statement among them.
    private func fill(_ blocks: Int = 12) async throws -> (height: UInt64, statement: Ledger.Statement) {
        let first = try consortium.issue(7, to: 1)
        let height = try await network.run([0, 1, 2, 3]) { nodes in
            try await consortium.send(first, to: nodes[0])
            // A refused one too: it has no leaf, and an id.
            try await consortium.send(consortium.transfer(1_000_000, from: 1, to: 2), to: nodes[1])
            for _ in 0..<blocks { try await consortium.send(consortium.issue(1, to: 2), to: nodes[2]) }
            let height = nodes[0].finalHeight
            for node in nodes { try await node.waitForFinal(height) }
            return height
        }
        removeFile(3)
        return (height, first)
    }

    @Test func aStateThatWasTakenOverIsTheOneThatExecutionGives() async throws {
        defer { consortium.remove() }
        let (height, _) = try await fill()
        network.histories.withLock { $0[3] = .init(snapshotBeyond: 0) }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            #expect(network.pages.withLock { $0.values.reduce(0, +) } > 0, "it executed the blocks")
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[3])
            #expect(outcome.word == "FINAL" && outcome.height > height)
            // It signs: without it two of the other three are no quorum.
            for node in nodes { try await node.waitForFinal(outcome.height) }
            #expect(Set(nodes.map { $0.serving.head.stateRoot }).count == 1)
            #expect(Set(nodes.map { $0.serving.head.logRoot }).count == 1)
            // Then it fetches the statements, and has everything.
            try await wait { try nodes[3].keptFrom() == 1 }
            for height in 0...outcome.height {
                var blocks: [StoredBlock] = []
                for node in nodes { blocks.append(try await node.keptBlock(from: height).block) }
                #expect(Set(blocks.map { $0.items.map(\.statement) }).count == 1)
                #expect(blocks.allSatisfy { $0.header.height == height })
            }
            try await wait { try nodes[3].serving.store.heightsWithoutCertificate().isEmpty }
        }
        try await network.run([0, 1, 3]) { nodes in
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[2])
            #expect(outcome.word == "FINAL", "two and the one that took over are a quorum")
            for node in nodes { #expect(try node.contradictions().isEmpty) }
        }
        let audit = try #require(try LedgerStore(path: consortium.path(3)).audit(verifyingSignatures: true))
        #expect(audit.bareBlocks == 0 && audit.head.height > height)
    }

    @Test(arguments: MembersApart.SnapshotLie.allCases)
    func whatDoesNotGiveTheSignedRootsIsRefused(lie: MembersApart.SnapshotLie) async throws {
        defer { consortium.remove() }
        let (height, _) = try await fill()
        network.histories.withLock { $0[3] = .init(snapshotBeyond: 0) }
        network.snapshotLie.withLock { $0 = lie }
        // The liar claims to be ahead, so that it is asked first; its other lie is about blocks with their statements.
        network.liar.withLock { $0 = 0 }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[3])
            for node in nodes { try await node.waitForFinal(outcome.height) }
            #expect(Set(nodes.map { $0.serving.head.stateRoot }).count == 1)
            try await wait { try nodes[3].keptFrom() == 1 }
        }
        #expect(try LedgerStore(path: consortium.path(3)).audit(verifyingSignatures: true)?.bareBlocks == 0)
        #expect(!FileManager.default.fileExists(atPath: consortium.path(3) + ".joining"))
    }

    /// A statement that was in a block which this node never executed is known to it all the same.
    @Test func aRepeatedStatementIsRefusedAfterJoining() async throws {
        defer { consortium.remove() }
        let (height, statement) = try await fill()
        network.histories.withLock { $0[3] = .init(snapshotBeyond: 0) }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            let before = try #require(try nodes[0].status(of: statement.id))
            let outcome = try await consortium.send(statement, to: nodes[3])
            guard case .final(let known) = before else { throw ReplicaError(.notFound, "it is not final") }
            #expect(outcome.height == known.height && outcome.position == known.position)
            // In the order a second time, with a new one: nobody makes another block of it than the others.
            let new = try consortium.issue(1, to: 3)
            try await network.order([statement, new], by: 1)
            for node in nodes { try await wait { try node.status(of: new.id)?.word == "FINAL" } }
            #expect(Set(nodes.map { $0.serving.head.hash }).count == 1)
            for node in nodes { #expect(node.failure == nil) }
        }
    }

    /// What was left of an attempt that ended in the middle is thrown away.
    @Test func anAttemptThatEndedStartsOver() async throws {
        defer { consortium.remove() }
        let (height, _) = try await fill()
        let draft = consortium.path(3) + ".joining"
        try Data("half a page".utf8).write(to: URL(filePath: draft))
        try Data("of a log".utf8).write(to: URL(filePath: draft + "-wal"))
        network.histories.withLock { $0[3] = .init(snapshotBeyond: 0) }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            try await wait { try nodes[3].keptFrom() == 1 }
        }
        #expect(!FileManager.default.fileExists(atPath: draft))
        #expect(try LedgerStore(path: consortium.path(3)).audit(verifyingSignatures: true)?.bareBlocks == 0)
    }

    /// A node that has some blocks goes on from a later state, and keeps the statements that it had.
    @Test func aNodeThatLagsGoesOnFromALaterState() async throws {
        defer { consortium.remove() }
        _ = try await network.run([0, 1, 2, 3]) { nodes in
            for _ in 0..<4 { try await consortium.send(consortium.issue(2, to: 1), to: nodes[0]) }
            try await nodes[3].waitForFinal(nodes[0].finalHeight)
        }
        let height = try await network.run([0, 1, 2]) { nodes in
            for _ in 0..<8 { try await consortium.send(consortium.issue(2, to: 1), to: nodes[1]) }
            return nodes[0].finalHeight
        }
        network.histories.withLock { $0[3] = .init(snapshotBeyond: 3) }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            #expect(network.pages.withLock { $0.values.reduce(0, +) } > 0, "it executed the blocks")
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[3])
            for node in nodes { try await node.waitForFinal(outcome.height) }
            #expect(Set(nodes.map { $0.serving.head.stateRoot }).count == 1)
            try await wait { try nodes[3].keptFrom() == 1 }
        }
        #expect(try LedgerStore(path: consortium.path(3)).audit(verifyingSignatures: true)?.bareBlocks == 0)
    }

    // MARK: Pruning

    /// Statements that are let go are gone, and nothing else is: the file stays sound, outcomes and receipts are told.
    @Test func aPrunedFileIsSoundAndTellsOutcomes() async throws {
        defer { consortium.remove() }
        let (height, statement) = try await fill(20)
        network.histories.withLock { $0[0] = .init(keepBlocks: 5) }
        try await network.run([0, 1, 2]) { nodes in
            try await nodes[0].prune(below: 3)
            #expect(try nodes[0].keptFrom() == 3, "what read models have not seen stays")
            try await nodes[0].prune(below: .max)
            #expect(try nodes[0].keptFrom() == nodes[0].finalHeight - 4)
            #expect(nodes[0].prunedStatementBytes > 0)
            #expect(try nodes[0].status(of: statement.id)?.word == "FINAL")
            let receipt = try #require(try nodes[0].ownReceipts(for: statement.id)?.first)
            try Receipt.verify(receipt, for: statement.bytes, with: consortium.memberKeys[0].verifyingKey)
            await #expect(throws: StoreError.notKept(transaction: statement.id)) {
                try await nodes[0].evidence(for: [statement.id])
            }
            let bundle = try await nodes[1].evidence(for: [statement.id])
            #expect(EvidenceVerifier.verify(bundle.encoded(), expectedLedger: consortium.genesis.id).passed)
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[0])
            #expect(outcome.height > height)
            let first = try await nodes[0].keptBlock(from: 1).header.height
            #expect(try first == nodes[0].keptFrom())
        }
        let store = try LedgerStore(path: consortium.path(0))
        let audit = try #require(try store.audit(verifyingSignatures: true))
        #expect(audit.bareBlocks > 0)
        try store.close()
        // What is kept in their place is protected as they were.
        let queue = try DatabaseQueue(path: consortium.path(0))
        try await queue.write { db in
            var body = try #require(try Data.fetchOne(db, sql: "SELECT body FROM blocks WHERE height = 2"))
            body[body.count / 2] ^= 1
            try db.execute(sql: "UPDATE blocks SET body = ? WHERE height = 2", arguments: [body])
        }
        try queue.close()
        #expect(throws: StoreError(.damaged, at: "block 2", "")) { try LedgerStore(path: consortium.path(0)).audit() }
    }

    /// Nobody lets go of what a member that is away has not signed yet: it executes it when it returns.
    @Test func aMemberThatLagsFindsItsBlocks() async throws {
        defer { consortium.remove() }
        network.histories.withLock { histories in for member in 0..<3 { histories[member] = .init(keepBlocks: 3) } }
        let away = try await network.run([0, 1, 2, 3]) { nodes in
            for _ in 0..<8 { try await consortium.send(consortium.issue(1, to: 1), to: nodes[0]) }
            let height = nodes[0].finalHeight
            for node in nodes { try await node.waitForFinal(height) }
            try await pruneAll(nodes[0], keeping: 3)
            return height
        }
        let height = try await network.run([0, 1, 2]) { nodes in
            for _ in 0..<12 { try await consortium.send(consortium.issue(1, to: 1), to: nodes[0]) }
            for node in nodes { try await node.prune(below: .max) }
            #expect(try nodes[0].keptFrom() <= away + 1)
            #expect(try nodes[0].keptFrom() <= nodes[0].serving.store.neededFrom())
            return nodes[0].finalHeight
        }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            #expect(network.pages.withLock { $0.isEmpty }, "it took over a state")
            try await consortium.send(consortium.issue(1, to: 3), to: nodes[3])
            try await pruneAll(nodes[0], keeping: 3)
        }
    }

    /// Where no peer keeps the blocks that a node lacks it takes over a state, whatever it is told, and says which statements nobody has.
    @Test func whereNobodyKeepsTheBlocksAStateIsTakenOver() async throws {
        defer { consortium.remove() }
        let (height, statement) = try await fill(20)
        network.histories.withLock { histories in for member in 0..<3 { histories[member] = .init(keepBlocks: 5) } }
        try await network.run([0, 1, 2]) { nodes in for node in nodes { try await node.prune(below: .max) } }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(height)
            let outcome = try await consortium.send(consortium.issue(1, to: 3), to: nodes[3])
            #expect(outcome.word == "FINAL")
            let first = try await nodes[3].keptBlock(from: 1).header.height
            let kept = try nodes[0].keptFrom()
            #expect(first > 1 && first >= kept && first <= outcome.height)
            #expect(try nodes[3].status(of: statement.id)?.word == "FINAL")
            for node in nodes { try await node.waitForFinal(outcome.height) }
            #expect(Set(nodes.map { $0.serving.head.hash }).count == 1)
        }
    }

    /// A larger number of blocks to be kept is fetched from those that have them.
    @Test func whatIsToBeKeptAgainIsFetched() async throws {
        defer { consortium.remove() }
        let (height, _) = try await fill(20)
        network.histories.withLock { $0[0] = .init(keepBlocks: 5) }
        try await network.run([0, 1, 2]) { nodes in try await nodes[0].prune(below: .max) }
        network.histories.withLock { $0[0] = .init(keepBlocks: 10) }
        try await network.run([0, 1, 2]) { nodes in
            try await wait { try nodes[0].keptFrom() <= height - 9 }
            #expect(try nodes[0].keptFrom() > 1)
        }
    }

    /// Space that statements took is given back to the disk.
    @Test func theFileShrinks() async throws {
        defer { consortium.remove() }
        _ = try await fill(3)
        network.histories.withLock { $0[0] = .init(keepBlocks: 2) }
        let name = String(repeating: "x", count: 5_000)
        try await network.run([0, 1, 2, 3]) { nodes in
            for _ in 0..<60 {
                let statement = try consortium.statement(
                    Ledger.Operation("wallet", "note", [("text", .text(name))]), from: 1)
                _ = try await consortium.send(statement, to: nodes[1])
            }
            try await wait { nodes[0].finalHeight >= nodes[1].finalHeight }
            let store = nodes[0].serving.store
            try checkpoint(store)
            let before = store.fileSize
            try await pruneAll(nodes[0], keeping: 2)
            try checkpoint(store)
            #expect(before - store.fileSize > 55 * 4_000, "\(before) bytes before, \(store.fileSize) after")
        }
        let store = try LedgerStore(path: consortium.path(0))
        #expect(try store.audit(verifyingSignatures: true) != nil)
    }
}
