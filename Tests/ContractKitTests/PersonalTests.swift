import ContractKit
import Ledger
import TestSupport
import Testing

/// Personal data never on the ledger, and its erasure recorded (COMMON-18, COMMON-32).
struct PersonalTests {
    private static let id = String(repeating: "0a", count: 16)
    private static let other = String(repeating: "0b", count: 16)
    private static let farm = ContractContext.Sender(id: "farm", member: "m", roles: [])
    private static let shop = ContractContext.Sender(id: "shop", member: "m", roles: [])

    private let runner = ContractRunner(PersonalContract())

    /// nil when accepted, else the error number.
    private func commit(
        _ id: String = Self.id, _ seed: UInt8 = 1, dataClass: String = "contact", purpose: String = "delivery",
        days: UInt64 = 10, as sender: ContractContext.Sender = Self.farm, more: [(String, Value)] = []
    ) -> UInt64? {
        runner.run(
            "commit",
            [
                ("id", .text(id)), ("commitment", .hash(Hash32.sha256([seed]))), ("class", .text(dataClass)),
                ("purpose", .text(purpose)), ("retainUntil", .unsigned(runner.time + days * 86_400_000)),
            ] + more, as: sender)
    }

    private func erase(
        _ id: String = Self.id, _ reason: String = "asked", as sender: ContractContext.Sender = Self.farm
    ) -> UInt64? {
        runner.run("erase", [("id", .text(id)), ("reason", .text(reason))], as: sender)
    }

    @Test func aRecordIsCommittedToOnce() throws {
        #expect(commit() == nil)
        #expect(commit(Self.id, 2) == 8, "an id is used once")
        #expect(commit(Self.other, 1, as: Self.shop) == 101, "nobody takes another's commitment")
        #expect(commit(Self.other, 2) == nil)
        let record = try #require(try runner.state.get(PersonalContract.records, Self.id))
        #expect(record.holder == "farm" && record.commitment == Hash32.sha256([1]) && record.erasure == nil)
        #expect(try PersonalRecord(cbor: record.cbor) == record)
        #expect(try runner.violations() == [])
    }

    @Test func noArgumentHasRoomForAPerson() {
        #expect(commit("Jane Doe") == 3)
        #expect(commit(String(repeating: "0A", count: 16)) == 3)
        #expect(commit(dataClass: "+49 170 1234567") == 3)
        #expect(commit(purpose: "For Jane") == 3)
        #expect(commit(purpose: String(repeating: "a", count: 41)) == 3)
        #expect(commit(more: [("name", "Jane")]) == 4)
        #expect(commit() == nil)
        #expect(erase(Self.id, "because Jane asked") == 3)
    }

    @Test func retentionHasBounds() {
        #expect(commit(days: 0) == 100)
        #expect(commit(days: 30 * 365 + 1) == 100)
        #expect(commit(days: 30 * 365) == nil)
    }

    @Test func theHolderErasesOnce() throws {
        #expect(commit() == nil)
        #expect(erase(as: Self.shop) == 5)
        #expect(erase(Self.other) == 7)
        #expect(erase(Self.id, "retention-ended") == 103)
        #expect(erase() == nil)
        #expect(erase() == 102)
        let erasure = try #require(try runner.state.get(PersonalContract.records, Self.id)?.erasure)
        #expect(erasure.reason == .asked && erasure.time == runner.time && erasure.height < runner.height)
        let record = try #require(try runner.state.get(PersonalContract.records, Self.id))
        #expect(try PersonalRecord(cbor: record.cbor) == record)
        #expect(commit(Self.id, 3) == 8, "an erased id is not used again")
        #expect(runner.events.last?.name == "erased")
        #expect(try runner.violations() == [])
    }

    @Test func theHolderIsToldWhenRetentionEnds() throws {
        #expect(commit(days: 1) == nil)
        #expect(commit(Self.other, 2, days: 1) == nil)
        #expect(erase(Self.other) == nil)
        try runner.advance(to: runner.time + 86_400_000)
        let ended = runner.events.filter { $0.name == "retentionEnded" }
        #expect(ended.map(\.subject) == [Self.id], "what is erased already has no end to tell of")
        #expect(erase(Self.id, "retention-ended") == nil)
    }

    @Test func unreadableArgumentsAreRefused() {
        #expect(runner.run("commit", [], as: Self.farm) == 2)
        #expect(runner.run("erase", [("id", 1)], as: Self.farm) == 3)
        #expect(runner.run("read", [], as: Self.farm) == 1)
    }
}
