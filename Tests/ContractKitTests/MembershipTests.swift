import ContractKit
import Ledger
import TestSupport
import Testing

@Suite("Membership contract")
struct MembershipTests {
    private let registrar = ContractContext.Sender(id: "chamber", member: "m", roles: ["registrar"])

    private func register() -> ContractRunner {
        let runner = ContractRunner(MembershipContract())
        runner.enrol("chamber", roles: ["registrar"])
        return runner
    }

    private func key() -> SigningKey { SigningKey.generate() }

    private func enrol(
        _ id: String, roles: [Value] = ["farmer"], _ key: SigningKey, _ runner: ContractRunner
    ) -> UInt64? {
        runner.run(
            "enrolParticipant",
            [
                ("id", .text(id)), ("member", "m"), ("name", .text(id)), ("roles", .array(roles)),
                ("validUntil", .null), ("key", .bytes(key.verifyingKey.coseKey)),
            ], as: registrar)
    }

    private func person(
        _ id: String, roles: [Value], _ key: SigningKey, by sender: ContractContext.Sender, _ runner: ContractRunner
    ) -> UInt64? {
        runner.run(
            "enrolPerson",
            [
                ("id", .text(id)), ("name", .text(id)), ("roles", .array(roles)), ("validUntil", .null),
                ("key", .bytes(key.verifyingKey.coseKey)),
            ], as: sender)
    }

    private func farm(_ signer: String = "farm", _ roles: [String] = ["farmer"]) -> ContractContext.Sender {
        .init(id: "farm", signer: signer, member: "m", roles: roles)
    }

    @Test("COMMON-11: members admit and put out by a quorum of votes, and leave by themselves")
    func members() throws {
        let runner = register()
        let keys = (0..<4).map { _ in key() }
        for (index, key) in keys.enumerated() { runner.admit("m\(index)", key.verifyingKey) }
        func member(_ index: Int) -> ContractContext.Sender {
            .init(id: "member-m\(index)", member: "m\(index)", roles: ["member"])
        }
        func propose(_ id: String, _ key: SigningKey, by index: Int) -> UInt64? {
            runner.run(
                "proposeMember",
                [
                    ("id", .text(id)), ("name", .text(id)), ("key", .bytes(key.verifyingKey.coseKey)),
                    ("address", .null),
                ], as: member(index))
        }
        func vote(_ approve: Bool, by index: Int) throws -> UInt64? {
            let open = try #require(runner.state.scan(MembershipContract.proposals, limit: 1).first?.key)
            return runner.run(
                "voteOnMember",
                [("proposal", .hash(try #require(Hash32(hex: open)))), ("approve", .bool(approve))],
                as: member(index))
        }
        func ids() throws -> [String] { try MembershipContract.memberSet(in: runner.state).members.map(\.id) }
        #expect(runner.run("proposeRemoval", [("id", "m1")], as: registrar) == 5, "a registrar is no member")
        #expect(propose("m1", key(), by: 0) == 100 && propose("m4", keys[2], by: 0) != nil, "id or key is taken")
        let newcomer = key()
        #expect(propose("m4", newcomer, by: 0) == nil && propose("m4", key(), by: 1) == 100)
        #expect(try vote(true, by: 0) == 104 && vote(true, by: 1) == nil && ids().count == 4)
        #expect(try vote(true, by: 2) == nil && ids() == ["m0", "m1", "m2", "m3", "m4"])
        #expect(try runner.state.get(MembershipContract.members, "m4")?.from == runner.height + 1)
        #expect(try runner.state.get(MembershipContract.participants, "member-m4")?.roles == ["member"])
        // Two of five refuse: four approvals cannot come together any more.
        #expect(runner.run("proposeRemoval", [("id", "m3")], as: member(0)) == nil)
        #expect(try vote(false, by: 3) == nil && vote(false, by: 4) == nil)
        #expect(try runner.state.scan(MembershipContract.proposals, limit: 1).isEmpty && ids().count == 5)
        #expect(runner.run("leaveMembers", [], as: member(4)) == nil)
        #expect(try ids().count == 4 && runner.run("proposeRemoval", [("id", "m0")], as: member(4)) == 5)
        #expect(propose("m4", key(), by: 0) == 100, "an id is used once")
        // Votes of who left count for nothing, and a proposal ends after a week.
        #expect(propose("m5", key(), by: 3) == nil && runner.run("leaveMembers", [], as: member(3)) == nil)
        #expect(try vote(true, by: 0) == nil && ids().count == 3, "two of three are needed, and one of two has left")
        runner.time += MembershipContract.proposalAge + 1
        #expect(try vote(true, by: 1) == nil && ids().count == 3)
        #expect(
            runner.run("leaveMembers", [], as: member(2)) == nil && runner.run("leaveMembers", [], as: member(1)) == nil
        )
        #expect(runner.run("leaveMembers", [], as: member(0)) == 102, "a ledger keeps one member")
        #expect(try runner.violations() == [])
    }

    @Test func aMemberTakesAnotherKeyThatItHas() throws {
        let runner = register()
        let keys = (0..<2).map { _ in key() }
        for (index, key) in keys.enumerated() { runner.admit("m\(index)", key.verifyingKey) }
        let member = ContractContext.Sender(id: "member-m0", member: "m0", roles: ["member"])
        let next = key()
        func rotate(to key: VerifyingKey, _ proof: Bytes, as sender: ContractContext.Sender? = nil) -> UInt64? {
            runner.run(
                "rotateMember", [("key", .bytes(key.coseKey)), ("proof", .bytes(proof))], as: sender ?? member)
        }
        func proof(_ signer: SigningKey, of member: String = "m0", after old: SigningKey? = nil) -> Bytes {
            signer.sign(MembershipContract.possession(of: member, after: (old ?? keys[0]).kid))
        }
        #expect(rotate(to: next.verifyingKey, proof(keys[0])) == 3, "the old key does not speak for the new one")
        #expect(rotate(to: next.verifyingKey, proof(next, of: "m1")) == 3, "nor is it said of another member")
        #expect(rotate(to: next.verifyingKey, proof(next, after: keys[1])) == 3, "nor of another key")
        #expect(rotate(to: keys[1].verifyingKey, proof(keys[1])) != nil, "which is another's")
        #expect(rotate(to: next.verifyingKey, proof(next), as: registrar) == 5, "a registrar is no member")
        let other = try SigningKey(p256Scalar: Bytes(repeating: 1, count: 32))
        #expect(rotate(to: other.verifyingKey, proof(other)) == 3, "a member's key is Ed25519")
        #expect(try MembershipContract.memberSet(in: runner.state).members[0].key == keys[0].verifyingKey)
        #expect(rotate(to: next.verifyingKey, proof(next)) == nil)
        let (height, set) = (runner.height, try MembershipContract.memberSet(in: runner.state))
        #expect(set.members.map(\.id) == ["m0", "m1"] && set.members[0].key == next.verifyingKey)
        let (old, new) = (
            try runner.state.get(MembershipContract.keys, keys[0].kid.hex),
            try runner.state.get(MembershipContract.keys, next.kid.hex)
        )
        #expect(old?.until == height + 1 && new?.from == height + 1 && new?.owner == "member-m0")
        #expect(rotate(to: keys[0].verifyingKey, proof(keys[0], after: next)) != nil, "a key is used once")
        #expect(try runner.violations() == [])
    }

    @Test("COMMON-26: members decide which version of a contract runs from which block on")
    func upgrades() throws {
        let runner = register()
        let member = ContractContext.Sender(id: "member-m0", member: "m0", roles: ["member"])
        runner.admit("m0", key().verifyingKey)
        func propose(_ version: UInt64, _ height: UInt64) -> UInt64? {
            runner.run(
                "proposeUpgrade",
                [("contract", "wallet"), ("version", .unsigned(version)), ("height", .unsigned(height))], as: member)
        }
        #expect(propose(2, runner.height) == 3, "a block that is past")
        #expect(propose(2, 100) == nil, "one member alone is a quorum")
        #expect(propose(2, 200) == 100 && propose(3, 90) == 100 && propose(3, 200) == nil)
        #expect(try MembershipContract.upgrades(in: runner.state).map(\.height) == [100, 200])
    }

    @Test("COMMON-20: an organisation's people have own keys, and no role that it does not have")
    func people() throws {
        let runner = register()
        #expect(enrol("farm", key(), runner) == nil)
        #expect(person("boss", roles: ["farmer", "administrator"], key(), by: farm(), runner) == nil)
        #expect(person("hand", roles: ["bank"], key(), by: farm(), runner) == 5)
        #expect(person("hand", roles: ["farmer"], key(), by: farm("boss", ["farmer", "administrator"]), runner) == nil)
        #expect(person("more", roles: ["farmer"], key(), by: farm("hand"), runner) == 5, "the hand is no administrator")
        #expect(runner.run("revokeParticipant", [("id", "boss")], as: farm("hand")) == 5)
        #expect(runner.run("revokeParticipant", [("id", "hand")], as: farm("boss", ["administrator"])) == nil)
        #expect(try runner.violations() == [])
    }

    @Test("COMMON-19: who vouches withdraws, and another registrar may vouch then")
    func registrars() throws {
        let runner = register()
        let other = ContractContext.Sender(id: "board", member: "m", roles: ["registrar"])
        _ = enrol("farm", key(), runner)
        #expect(runner.run("attestParticipant", [("id", "farm"), ("validUntil", .null)], as: other) == 5)
        #expect(runner.run("revokeParticipant", [("id", "farm")], as: other) == 5)
        #expect(runner.run("revokeParticipant", [("id", "farm"), ("reason", "left")], as: registrar) == nil)
        #expect(try runner.state.get(MembershipContract.participants, "farm")?.isVouchedFor(at: runner.time) == false)
        #expect(runner.run("attestParticipant", [("id", "farm"), ("validUntil", .null)], as: other) == nil)
        #expect(try runner.state.get(MembershipContract.participants, "farm")?.attestedBy == "board")
    }

    @Test("COMMON-20: a lost key is replaced by two administrators who name the same one")
    func recovery() throws {
        let runner = register()
        let (lost, next) = (key(), key())
        _ = enrol("farm", key(), runner)
        for id in ["a", "b"] { _ = person(id, roles: ["administrator"], key(), by: farm(), runner) }
        _ = person("hand", roles: [], lost, by: farm(), runner)
        func recover(_ key: SigningKey, as signer: String, _ roles: [String] = ["administrator"]) -> UInt64? {
            runner.run(
                "recoverKey", [("id", "hand"), ("key", .bytes(key.verifyingKey.coseKey))], as: farm(signer, roles))
        }
        #expect(recover(next, as: "hand", []) == 5)
        #expect(recover(next, as: "a") == nil)
        #expect(recover(next, as: "a") == 104, "one administrator is not two")
        #expect(recover(key(), as: "b") == 105)
        #expect(recover(next, as: "b") == nil)
        let old = try runner.state.get(MembershipContract.keys, lost.verifyingKey.kid.hex)
        #expect(old?.isValid(at: runner.height + 1) == false)
        #expect(old?.isValid(at: 5) == true, "what it signed before stays signed")
        #expect(try runner.state.get(MembershipContract.keys, next.verifyingKey.kid.hex)?.owner == "hand")
        #expect(try runner.violations() == [])
    }

    @Test("COMMON-6, COMMON-15: a device changes hands with another key, and no two ids share one")
    func devices() throws {
        let runner = register()
        let (first, second) = (key(), key())
        _ = enrol("farm", key(), runner)
        _ = enrol("heir", key(), runner)
        _ = enrol("gate", roles: ["gateway"], key(), runner)
        func enrolDevice(_ urn: String, _ key: SigningKey, generation: UInt64, owner: String = "farm") -> UInt64? {
            runner.run(
                "enrolDevice",
                [
                    ("urn", .text(urn)), ("owner", .text(owner)), ("gateway", "gate"), ("profile", "probe"),
                    ("generation", .unsigned(generation)), ("key", .bytes(key.verifyingKey.coseKey)),
                ], as: registrar)
        }
        #expect(enrolDevice("urn:dev:ops:1-P-1", first, generation: 1) == nil)
        #expect(enrolDevice("urn:dev:ops:1-P-2", first, generation: 1) == 8)
        #expect(enrolDevice("urn:dev:ops:1-P-1", first, generation: 2) == 8)
        #expect(enrolDevice("urn:dev:ops:1-P-1", second, generation: 2, owner: "heir") == 5)
        let urn: [(String, Value)] = [("urn", "urn:dev:ops:1-P-1")]
        let heir = ContractContext.Sender(id: "heir", member: "m", roles: [])
        #expect(runner.run("acceptDevice", urn, as: heir) == 103)
        #expect(runner.run("transferDevice", urn + [("to", "heir")], as: heir) == 5)
        #expect(runner.run("transferDevice", urn + [("to", "heir")], as: farm()) == nil)
        #expect(runner.run("acceptDevice", urn, as: heir) == nil)
        let retired = try runner.state.get(MembershipContract.keys, first.verifyingKey.kid.hex)
        #expect(retired?.isValid(at: runner.height + 1) == false)
        #expect(enrolDevice("urn:dev:ops:1-P-1", second, generation: 2, owner: "heir") == nil)
        #expect(runner.run("revokeDevice", urn, as: farm()) == 5)
        #expect(try runner.violations() == [])
    }

    @Test("COMMON-20: keys rotate, and the last one cannot be given up")
    func rotation() throws {
        let runner = register()
        let (first, second) = (key(), key())
        _ = enrol("farm", first, runner)
        #expect(runner.run("revokeKey", [("kid", .hash(first.verifyingKey.kid))], as: farm()) == 102)
        let rotate: [(String, Value)] = [
            ("kid", .hash(first.verifyingKey.kid)), ("key", .bytes(second.verifyingKey.coseKey)),
        ]
        #expect(runner.run("rotateKey", rotate, as: .init(id: "chamber", member: "m", roles: [])) == 5)
        #expect(runner.run("rotateKey", rotate, as: farm()) == nil)
        let (old, new) = try (
            runner.state.get(MembershipContract.keys, first.verifyingKey.kid.hex),
            runner.state.get(MembershipContract.keys, second.verifyingKey.kid.hex)
        )
        for height in 0...runner.height + 2 {
            let valid = [old, new].count { $0?.isValid(at: height) == true }
            #expect(valid == (height < (old?.from ?? 0) ? 0 : 1), "one key is valid at \(height)")
        }
        #expect(runner.run("rotateKey", rotate, as: farm()) == 100)
        for _ in 1..<10 {
            #expect(runner.run("addKey", [("key", .bytes(key().verifyingKey.coseKey))], as: farm()) == nil)
        }
        #expect(runner.run("addKey", [("key", .bytes(key().verifyingKey.coseKey))], as: farm()) == 106)
        #expect(try runner.violations() == [])
    }
}
