import ContractKit
import Ledger
import TestSupport
import Testing

@Suite("Devices contract")
struct DevicesTests {
    private static let urn = "urn:dev:os:32473-1"
    private let owner = ContractContext.Sender(id: "farm", member: "m", roles: ["farmer"])
    private let gateway = ContractContext.Sender(id: "gate", member: "m", roles: ["gateway"])
    private let stranger = ContractContext.Sender(id: "other", member: "m", roles: ["gateway"])

    private func bench() -> ContractRunner {
        let runner = ContractRunner(DevicesContract())
        for (id, roles) in [("farm", ["farmer"]), ("gate", ["gateway"]), ("other", ["gateway"])] {
            runner.enrol(id, roles: roles)
        }
        runner.set(
            MembershipContract.devices.key(Self.urn),
            [
                "owner": "farm", "profile": "valve", "gateway": "gate", "attestedBy": "chamber", "generation": 1,
                "kid": .bytes(Bytes(repeating: 1, count: 32)), "thing": .null, "revokedAt": .null,
            ])
        return runner
    }

    private func command(
        _ id: String, _ runner: ContractRunner, by sender: ContractContext.Sender? = nil, arguments: Bytes = [],
        timeout: UInt64 = 10
    ) -> UInt64? {
        runner.run(
            "command",
            [
                ("id", .text(id)), ("device", .text(Self.urn)), ("name", "valve"), ("arguments", .bytes(arguments)),
                ("timeout", .unsigned(timeout)),
            ], as: sender ?? owner)
    }

    private func outcome(
        _ id: String, _ word: Value, _ runner: ContractRunner, by sender: ContractContext.Sender? = nil
    ) -> UInt64? {
        runner.run(
            "outcome",
            [("id", .text(id)), ("device", .text(Self.urn)), ("word", word), ("reply", .bytes([1]))],
            as: sender ?? gateway)
    }

    private func record(_ id: String, _ runner: ContractRunner) throws -> CommandRecord? {
        try runner.state.get(DevicesContract.commands, "\(Self.urn)/\(id)")
    }

    @Test("A command is the owner's, its outcome the gateway's, and each happens once")
    func once() throws {
        let runner = bench()
        #expect(command("a", runner, by: stranger) == 5)
        #expect(command("a", runner) == nil)
        #expect(command("a", runner) == 8)
        #expect(outcome("a", "done", runner, by: stranger) == 5)
        #expect(outcome("a", "done", runner, by: owner) == 5)
        #expect(outcome("a", "perhaps", runner) == 3)
        #expect(outcome("b", "done", runner) == 7)
        #expect(outcome("a", "done", runner) == nil)
        #expect(outcome("a", "refused", runner) == 102)
        #expect(try record("a", runner)?.outcome?.word == .done)
        #expect(try runner.violations() == [])
    }

    @Test("A command that nobody reports on is settled by ledger time, and its late outcome is refused")
    func timeout() throws {
        let runner = bench()
        #expect(command("a", runner) == nil)
        try runner.advance(to: runner.time + 10_000)
        #expect(try record("a", runner)?.outcome == nil)
        try runner.advance(to: runner.time + DevicesContract.grace)
        #expect(try record("a", runner)?.outcome?.word == .timeout)
        #expect(outcome("a", "done", runner) == 102)
        #expect(try runner.violations() == [])
    }

    @Test("A device has 32 open commands at most, and arguments of 1 KiB")
    func bounds() throws {
        let runner = bench()
        for number in 0..<DevicesContract.maximumOpen { #expect(command("c\(number)", runner) == nil) }
        #expect(command("more", runner) == 100)
        #expect(outcome("c0", "timeout", runner) == nil)
        #expect(command("more", runner, arguments: Bytes(repeating: 0, count: 1025)) == 3)
        #expect(command("more", runner, timeout: 0) == 3)
        #expect(command("more", runner) == nil)
        #expect(try runner.violations() == [])
    }

    @Test("COMMON-12: an interval is in force once the device has obeyed, and the record says since when")
    func interval() throws {
        let runner = bench()
        func set(_ seconds: UInt64, by sender: ContractContext.Sender) -> UInt64? {
            runner.run(
                "setInterval",
                [("device", .text(Self.urn)), ("channel", "soil"), ("seconds", .unsigned(seconds))], as: sender)
        }
        #expect(set(60, by: gateway) == 5)
        #expect(set(0, by: owner) == 3)
        #expect(set(60, by: owner) == nil)
        let place = "\(Self.urn)/soil"
        let asked = try #require(try runner.state.get(DevicesContract.intervals, place))
        #expect(asked.inForce == nil && asked.seconds == 60)
        #expect(outcome(asked.command, "done", runner) == nil)
        #expect(try runner.state.get(DevicesContract.intervals, place)?.inForce == runner.time)
    }

    @Test("Rules carry their own hash and grow in version; events come from the device's gateway")
    func rules() throws {
        let runner = bench()
        let rules = Bytes("{}".utf8)
        func set(_ hash: Hash32, _ gateway: Value = "gate") -> UInt64? {
            runner.run("rules", [("gateway", gateway), ("hash", .hash(hash)), ("rules", .bytes(rules))], as: owner)
        }
        #expect(set(.zero) == 105)
        #expect(set(Hash32.sha256(rules), "farm") == 104)
        #expect(set(Hash32.sha256(rules)) == nil)
        #expect(set(Hash32.sha256(rules)) == nil)
        #expect(try runner.state.get(DevicesContract.rules, "gate/farm")?.version == 2)
        func event(_ sender: ContractContext.Sender) -> UInt64? {
            runner.run(
                "event", [("device", .text(Self.urn)), ("name", "wet"), ("at", 1), ("details", .bytes([2]))],
                as: sender)
        }
        #expect(event(stranger) == 5)
        #expect(event(gateway) == nil)
        #expect(try runner.state.get(DevicesContract.lastEvents, "\(Self.urn)/wet")?.at == 1)
    }

    @Test("A claim brings in one device, through its gateway, before it ends")
    func claims() throws {
        let runner = bench()
        func make(_ id: String, device: Value = .null, days: UInt64 = 1, by sender: ContractContext.Sender) -> UInt64? {
            runner.run(
                "claim",
                [
                    ("id", .text(id)), ("gateway", "gate"), ("profile", "valve"), ("device", device),
                    ("verifier", .bytes(Bytes(repeating: 1, count: 64))),
                    ("salt", .bytes(Bytes(repeating: 2, count: 12))),
                    ("until", .unsigned(runner.time + days * 86_400_000)),
                ], as: sender)
        }
        func use(_ id: String, _ device: Value = "urn:dev:os:32473-2", by sender: ContractContext.Sender) -> UInt64? {
            runner.run(
                "claimed",
                [
                    ("id", .text(id)), ("device", device), ("generation", 1), ("key", .bytes([1])),
                    ("certificate", .hash(.zero)),
                ], as: sender)
        }
        #expect(make("a", days: 31, by: owner) == 106)
        #expect(make("a", by: owner) == nil)
        #expect(make("a", by: owner) == 8)
        #expect(make("b", device: .text(Self.urn), by: stranger) == 5)
        #expect(use("a", by: stranger) == 5)
        #expect(use("a", "lamp", by: gateway) == 108)
        #expect(use("a", by: gateway) == nil)
        #expect(use("a", by: gateway) == 107)
        #expect(make("late", by: owner) == nil)
        try runner.advance(to: runner.time + 2 * 86_400_000)
        #expect(use("late", by: gateway) == 107)
    }
}
