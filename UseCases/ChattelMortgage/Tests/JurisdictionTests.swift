import ChattelMortgageContract
import ContractKit
import TestSupport
import Testing

@Suite("CHAT-32: what a notice has to say follows the law of its place, as configured on the ledger")
struct JurisdictionTests {
    private let bench = ChattelBench()
    private static let day: UInt64 = 86_400_000

    init() { bench.prepare() }

    private func field(_ name: String, _ isRequired: Bool, maximum: UInt64 = 40, choices: [String] = []) -> Value {
        [
            "name": .text(name), "required": .bool(isRequired), "maximum": .unsigned(maximum),
            "choices": .array(choices.map { .text($0) }),
        ]
    }

    @discardableResult
    private func configure(
        _ fields: [Value], days: UInt64 = 3650, roles: [String] = [MembershipContract.registrar]
    ) -> UInt64? {
        bench.run(
            "setJurisdiction",
            [
                ("name", "XX"), ("title", "Xanadu"), ("fields", .array(fields)),
                ("longest", .unsigned(days * Self.day)),
            ], as: "chamber", roles: roles)
    }

    private func register(_ members: [(String, String)]?, law: String? = "XX", days: UInt64 = 365) -> UInt64? {
        let pairs = members.map { Value.array($0.map { .array([.text($0.0), .text($0.1)]) }) }
        return bench.run(
            "registerNotice",
            [
                ("securedParties", ["bank"]), ("debtor", "rival"), ("collateral", ["SN 7"]),
                ("until", .unsigned(bench.time + days * Self.day)), ("jurisdiction", law.map { .text($0) } ?? .null),
                ("members", pairs.map { .bytes($0.encoded()) } ?? .null),
            ], as: "bank")
    }

    @Test(
        "members that are missing, unknown, twice, too long or not among the choices are refused; so is a longer term")
    func members() throws {
        #expect(configure([], roles: ["bank"]) == 5)
        #expect(configure([field("form", true), field("form", false)]) == 3)
        #expect(
            configure([
                field("registrationNumber", true, maximum: 6), field("form", false, choices: ["company", "person"]),
            ])
                == nil)
        #expect(register(nil) == 172)
        #expect(register([("form", "company")]) == 172)
        #expect(register([("registrationNumber", "HRB1234")]) == 172)
        #expect(register([("registrationNumber", "HRB1"), ("form", "club")]) == 172)
        #expect(register([("registrationNumber", "HRB1"), ("registrationNumber", "HRB2")]) == 172)
        #expect(register([("registrationNumber", "HRB1"), ("colour", "red")]) == 172)
        #expect(register([("registrationNumber", "HRB1")], days: 3651) == 172)
        #expect(register([("registrationNumber", "HRB1")], law: "YY") == 7)
        #expect(register([("registrationNumber", "HRB1")], law: nil) == 3)
        #expect(register([("registrationNumber", "HRB1"), ("form", "company")]) == nil)
        let law = try #require(try bench.state.get(ChattelContract.notices, "N1")?.law)
        #expect(law.jurisdiction == "XX" && law.version == 1 && law.members.map(\.text) == ["HRB1", "company"])
        #expect(register(nil, law: nil) == nil, "a notice under no law has the members of every notice")
    }

    @Test("a change of the law holds from then on: what was registered stays, and is completed when it is renewed")
    func change() throws {
        configure([])
        #expect(register([]) == nil)
        configure([field("registrationNumber", true)], days: 1000)
        #expect(try bench.state.get(ChattelContract.notices, "N1")?.law?.version == 1)
        let later = Value.unsigned(bench.time + 700 * Self.day)
        #expect(bench.run("renewNotice", [("notice", "N1"), ("until", later)], as: "bank") == 172)
        let members = Value.array([.array(["registrationNumber", "HRB1"])]).encoded()
        let amended: [(String, Value)] = [
            ("notice", "N1"), ("collateral", []), ("jurisdiction", "XX"), ("members", .bytes(members)),
        ]
        #expect(bench.run("amendNotice", amended, as: "bank") == nil)
        #expect(bench.run("renewNotice", [("notice", "N1"), ("until", later)], as: "bank") == nil)
        #expect(try bench.state.get(ChattelContract.notices, "N1")?.law?.version == 2)
        #expect(try bench.violations() == [])
    }
}
