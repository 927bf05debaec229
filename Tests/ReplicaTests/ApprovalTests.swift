import ContractKit
import Foundation
import Ledger
import Replica
import TestSupport
import Testing

@Suite("Second persons")
struct ApprovalTests {
    private let consortium: TestConsortium
    private let clerk = SigningKey.generate()
    private let boss = SigningKey.generate()

    init() throws {
        consortium = try TestConsortium()
    }

    private func send(
        _ contract: String, _ name: String, _ arguments: [(String, Value)], by issuer: String, _ key: SigningKey,
        to node: LedgerNode
    ) async throws -> TransactionOutcome {
        let statement = try Statement.sign(
            Ledger.Operation(contract, name, arguments), issuer: issuer, subject: "test",
            validUntil: UInt64(Date().timeIntervalSince1970) + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: consortium.genesis.id, with: key)
        return try await consortium.send(statement, to: node)
    }

    private func enrol(
        _ id: String, _ key: SigningKey, roles: [Value], _ node: LedgerNode
    ) async throws -> TransactionOutcome {
        try await send(
            "membership", "enrolPerson",
            [
                ("id", .text(id)), ("name", .text(id)), ("roles", .array(roles)), ("validUntil", .null),
                ("key", .bytes(key.verifyingKey.coseKey)),
            ], by: "person1", consortium.people[1].key, to: node)
    }

    private func money(of id: String, _ node: LedgerNode) throws -> UInt64 {
        guard let value = try node.serving.stateValue(WalletContract.accounts.key("EUR/\(id)")) else { return 0 }
        return try Account(cbor: CBOR.decode(value)).balance
    }

    @Test("COMMON-21: a listed operation waits for a second person of the organisation, and then happens once")
    func twoPersons() async throws {
        defer { consortium.remove() }
        try await consortium.run { node in
            _ = try await consortium.send(consortium.issue(100, to: 1), to: node)
            _ = try await enrol("clerk", clerk, roles: [], node)
            _ = try await enrol("boss", boss, roles: ["approver"], node)
            let list = try await send(
                "membership", "requireApproval", [("operations", ["wallet.transfer"])], by: "person1",
                consortium.people[1].key, to: node)
            #expect(list.result.rejection == nil)

            let pay: [(String, Value)] = [("to", "person2"), ("amount", 40), ("currency", "EUR")]
            let asked = try await send("wallet", "transfer", pay, by: "clerk", clerk, to: node)
            #expect(asked.result.events.map(\.name) == ["approvalNeeded"])
            #expect(try money(of: "person1", node) == 100, "nothing has moved")
            let approval: [(String, Value)] = [("transaction", .hash(asked.result.transaction))]
            let alone = try await send("membership", "approve", approval, by: "clerk", clerk, to: node)
            #expect(alone.result.rejection?.code == 107)
            let foreign = try await send(
                "membership", "approve", approval, by: "person2", consortium.people[2].key, to: node)
            #expect(foreign.result.rejection?.code == 5)
            let approved = try await send("membership", "approve", approval, by: "boss", boss, to: node)
            #expect(approved.result.rejection == nil)
            #expect(try money(of: "person1", node) == 60, "the organisation's money, not the clerk's")
            #expect(try money(of: "person2", node) == 40)
            let again = try await send("membership", "approve", approval, by: "boss", boss, to: node)
            #expect(again.result.rejection?.code == 7)

            let lifted = try await send(
                "membership", "requireApproval", [("operations", [])], by: "person1", consortium.people[1].key,
                to: node)
            #expect(lifted.result.events.map(\.name) == ["approvalNeeded"], "the list itself takes two")
            let refused = try await send(
                "wallet", "transfer", [("to", "person2"), ("amount", 400), ("currency", "EUR")], by: "clerk", clerk,
                to: node)
            let short = try await send(
                "membership", "approve", [("transaction", .hash(refused.result.transaction))], by: "boss", boss,
                to: node)
            #expect(short.result.rejection?.contract == "wallet")
            #expect(short.result.rejection?.code == 100)
        }
    }

    @Test(
        "COMMON-19: when nobody vouches for an organisation, its people are refused too; what they did still verifies")
    func withdrawn() async throws {
        defer { consortium.remove() }
        try await consortium.run { node in
            let enrolled = try await send(
                "membership", "enrolParticipant",
                [
                    ("id", "farm"), ("member", "m0"), ("name", "Farm"), ("roles", []), ("validUntil", .null),
                    ("key", .bytes(boss.verifyingKey.coseKey)),
                ], by: "person0", consortium.people[0].key, to: node)
            #expect(enrolled.result.rejection == nil)
            _ = try await send(
                "membership", "enrolPerson",
                [
                    ("id", "clerk"), ("name", "clerk"), ("roles", []), ("validUntil", .null),
                    ("key", .bytes(clerk.verifyingKey.coseKey)),
                ], by: "farm", boss, to: node)
            _ = try await consortium.send(consortium.issue(5, to: 1), to: node)
            let before = try await send(
                "wallet", "limit", [("currency", "EUR"), ("perDay", 10)], by: "clerk", clerk, to: node)
            #expect(before.result.rejection == nil)
            _ = try await send(
                "membership", "revokeParticipant", [("id", "farm")], by: "person0", consortium.people[0].key, to: node)
            let after = try await send(
                "wallet", "limit", [("currency", "EUR"), ("perDay", 20)], by: "clerk", clerk, to: node)
            #expect(after.result.rejection?.contract == "ledger")
            #expect(after.result.rejection?.code == 4)
            let status = try node.status(of: before.result.transaction)
            guard case .final(let outcome) = status else {
                Issue.record("the earlier record is gone")
                return
            }
            #expect(outcome.result.rejection == nil)
            #expect(try !(node.ownReceipts(for: before.result.transaction) ?? []).isEmpty)
        }
    }
}
