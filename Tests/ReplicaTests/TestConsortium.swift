import ContractKit
import Foundation
import Ledger
import Replica
import Sequencing
import Synchronization
import TestSupport

/// Four members in one process on real files, with a few participants who have money.
struct TestConsortium {
    let folder: URL
    let genesis: Genesis
    let memberKeys: [SigningKey]
    let people: [(id: String, key: SigningKey)]
    let contracts: [any Contract]

    /// - Parameter folder: of an earlier one, which another process made; its keys follow from the folder's name.
    init(
        people count: Int = 4, name: String = "test",
        contracts: [any Contract] = [MembershipContract(), WalletContract(), TelemetryContract()],
        folder: URL = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
    ) throws {
        func key(of id: String) throws -> SigningKey {
            try SigningKey(ed25519Seed: Hash32.sha256(Bytes("\(folder.lastPathComponent) \(id)".utf8)).bytes)
        }
        self.contracts = contracts
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        memberKeys = try (0..<4).map { try key(of: "m\($0)") }
        people = try (0..<count).map { ("person\($0)", try key(of: "person\($0)")) }
        genesis = Genesis(
            name: name, time: 1_700_000_000_000,
            members: try MemberSet(memberKeys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) }),
            memberNames: (0..<4).map { ("m\($0)", "Member \($0)") },
            participants: people.map {
                .init(
                    id: $0.id, member: "m0", roles: $0.id == "person0" ? ["registrar", "gateway"] : [], name: $0.id,
                    key: $0.key.verifyingKey)
            },
            contracts: contracts.map { .init(contract: $0.name, version: 1, height: 0) },
            parameters: CBORMap([("wallet", ["issuers": ["EUR": "person0"]])]))
    }

    func path(_ member: Int) -> String { folder.appending(path: "m\(member).sqlite").path }

    /// - Parameter others: contracts of the program, where they are not those of genesis.
    func open(with others: [any Contract]? = nil) async throws -> LedgerNode {
        try await LedgerNode.embedded(
            genesis: genesis,
            members: (0..<4).map { .init(id: "m\($0)", storePath: path($0), keys: .init(memberKeys[$0])) },
            contracts: others ?? contracts, clock: { UInt64(Date().timeIntervalSince1970 * 1000) })
    }

    /// Runs `body` against a running node and stops the node afterwards.
    func run<R: Sendable>(
        with others: [any Contract]? = nil, _ body: (LedgerNode) async throws -> R
    ) async throws -> R {
        let node = try await open(with: others)
        let task = Task { await node.run() }
        do {
            let result = try await body(node)
            task.cancel()
            await task.value
            return result
        } catch {
            task.cancel()
            await task.value
            throw error
        }
    }

    func statement(
        _ operation: Ledger.Operation, from person: Int, subject: String = "test", validFor seconds: UInt64 = 600
    ) throws -> Statement {
        try Statement.sign(
            operation, issuer: people[person].id, subject: subject,
            validUntil: UInt64(Date().timeIntervalSince1970) + seconds,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: genesis.id, with: people[person].key)
    }

    func transfer(_ amount: UInt64, from payer: Int, to payee: Int) throws -> Statement {
        try statement(
            Ledger.Operation(
                "wallet", "transfer",
                [("to", .text(people[payee].id)), ("amount", .unsigned(amount)), ("currency", "EUR")]),
            from: payer)
    }

    func issue(_ amount: UInt64, to payee: Int) throws -> Statement {
        try statement(
            Ledger.Operation(
                "wallet", "issue",
                [("to", .text(people[payee].id)), ("amount", .unsigned(amount)), ("currency", "EUR")]),
            from: 0)
    }

    @discardableResult
    func send(_ statement: Statement, to node: LedgerNode) async throws -> TransactionOutcome {
        try node.submit(try node.admit(statement.bytes))
        guard let outcome = try await node.outcome(of: statement.id, within: 20_000) else {
            throw ReplicaError(.busy, "no outcome within 20 s")
        }
        return outcome
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
