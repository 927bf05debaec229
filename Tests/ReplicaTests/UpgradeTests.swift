import ContractKit
import Foundation
import Ledger
import LedgerStore
import Replica
import Testing

/// Another version of a contract runs from the block on that members decided; old blocks keep theirs.
@Suite struct UpgradeTests {
    /// Notes a word in capitals, or, in its second version, in small letters.
    private struct Notes: Contract {
        static let words = StateMap<String>("notes", "words")
        let name = "notes"
        let version: UInt64

        func execute(_ operation: Ledger.Operation, in context: ContractContext) throws(ContractError) {
            var arguments = Arguments(operation.arguments)
            let word = try arguments.text("word")
            try arguments.finish()
            context.set(Self.words, "last", version == 1 ? word.uppercased() : word.lowercased())
        }
    }

    private let consortium: TestConsortium

    init() throws { consortium = try TestConsortium(contracts: [MembershipContract(), Notes(version: 1)]) }

    private func note(_ word: String, at node: LedgerNode) async throws -> (height: UInt64, word: String?) {
        let statement = try consortium.statement(Ledger.Operation("notes", "note", [("word", .text(word))]), from: 1)
        let outcome = try await consortium.send(statement, to: node)
        return (outcome.height, try StoreReader(store: node.serving.store).get(Notes.words, "last"))
    }

    private func decide(_ height: UInt64, at node: LedgerNode) async throws {
        func send(_ name: String, _ arguments: [(String, CBOR)], of member: Int) async throws -> Hash32 {
            let statement = try Statement.sign(
                Ledger.Operation("membership", name, arguments), issuer: "member-m\(member)", subject: "notes",
                validUntil: UInt64(Date().timeIntervalSince1970) + 600,
                nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: consortium.genesis.id,
                with: consortium.memberKeys[member])
            #expect(try await consortium.send(statement, to: node).word == "FINAL")
            return statement.id
        }
        let proposal = try await send(
            "proposeUpgrade", [("contract", "notes"), ("version", 2), ("height", .unsigned(height))], of: 0)
        for member in [1, 2] {
            _ = try await send("voteOnMember", [("proposal", .hash(proposal)), ("approve", true)], of: member)
        }
    }

    @Test func runsFromItsBlockOnAndOldBlocksReplay() async throws {
        defer { consortium.remove() }
        let both: [any Contract] = [MembershipContract(), Notes(version: 1), Notes(version: 2)]
        var last: UInt64 = 0
        try await consortium.run(with: both) { node in
            let first = try await note("Hello", at: node)
            #expect(first.word == "HELLO")
            try await decide(first.height + 6, at: node)
            var next = try await note("Again", at: node)
            while next.height < first.height + 6 {
                #expect(next.word == "AGAIN", "block \(next.height)")
                next = try await note("Again", at: node)
            }
            #expect(next.height == first.height + 6 && next.word == "again")
            #expect(try node.violations().isEmpty)
            last = next.height
        }
        // A program without the second version does not go on, and does not refuse what others accept.
        try await consortium.run(with: [MembershipContract(), Notes(version: 1)]) { node in
            await #expect(throws: ReplicaError.self) { try await note("More", at: node) }
            #expect(
                node.failure?.message.contains("version 2 of the contract notes") ?? false, "\(node.failure as Any)")
            #expect(node.finalHeight == last)
        }
        // One member lost its disk: it executes the old blocks again, each with the version of its height.
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: consortium.path(3) + suffix)
        }
        try await consortium.run(with: both) { node in
            let more = try await note("More", at: node)
            #expect(more.word == "more")
            #expect(Set(node.replicas.map(\.head.stateRoot)).count == 1 && node.replicas.count == 4)
        }
    }
}
