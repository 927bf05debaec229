import ContractKit
import Ledger
import TestSupport
import Testing

@Suite("Wallet contract")
struct WalletTests {
    private static let people = ["ann", "ben", "cas", "dee"]

    private func wallet() -> ContractRunner {
        let runner = ContractRunner(WalletContract(), parameters: ValueMap([("issuers", ["XPT": "mint"])]))
        for id in Self.people + ["mint"] { runner.enrol(id, roles: []) }
        return runner
    }

    private func person(_ id: String) -> ContractContext.Sender { .init(id: id, member: "m", roles: []) }

    private func amount(_ amount: UInt64, to payee: String, _ more: [(String, Value)] = []) -> [(String, Value)] {
        [("to", .text(payee)), ("amount", .unsigned(amount)), ("currency", "XPT")] + more
    }

    private func balance(_ id: String, _ runner: ContractRunner) throws -> UInt64 {
        try runner.state.get(WalletContract.accounts, "XPT/\(id)")?.balance ?? 0
    }

    @Test("COMMON-10: money is conserved under random operations, and never appears in two places")
    func conserved() throws {
        var random = SeededGenerator.fresh()
        let runner = wallet()
        var issued: UInt64 = 0
        var accepted: [String: Int] = [:]
        for step in 0..<4000 {
            let who = Self.people.randomElement(using: &random) ?? ""
            let other = Self.people.randomElement(using: &random) ?? ""
            let sum = UInt64.random(in: 1...120, using: &random)
            let id = "n\(Int.random(in: 0..<4, using: &random))"
            let until = runner.time + UInt64.random(in: 0...40_000_000, using: &random)
            let (name, arguments, sender): (String, [(String, Value)], String) =
                switch Int.random(in: 0..<12, using: &random) {
                case 0: ("issue", amount(sum, to: who), Bool.random(using: &random) ? "mint" : who)
                case 1, 2: ("transfer", amount(sum, to: other), who)
                case 3: ("transfer", amount(sum, to: other, [("payment", .text(id))]), who)
                case 4: ("hold", amount(sum, to: other, [("id", .text(id)), ("until", .unsigned(until))]), who)
                case 5: ("release", [("id", .text(id)), ("currency", "XPT"), ("amount", .unsigned(sum))], who)
                case 6: ("cancelHold", [("id", .text(id)), ("currency", "XPT"), ("payer", .text(other))], who)
                case 7:
                    (
                        "mandate",
                        [
                            ("id", .text(id)), ("payee", .text(other)), ("currency", "XPT"),
                            ("perPayment", .unsigned(sum)), ("perPeriod", .unsigned(sum * 2)),
                            ("period", .unsigned(60_000 + sum)), ("until", .unsigned(until)),
                        ], who
                    )
                case 8:
                    (
                        "collect",
                        [
                            ("payer", .text(other)), ("id", .text(id)), ("amount", .unsigned(sum)),
                            ("payment", .text("p\(step)")),
                        ], who
                    )
                case 9: ("limit", [("currency", "XPT"), ("perDay", sum > 60 ? .unsigned(sum) : .null)], who)
                case 10:
                    (
                        sum > 30 ? "unfreeze" : "freeze", [("account", .text(other)), ("currency", "XPT")],
                        Bool.random(using: &random) ? "mint" : who
                    )
                default: ("endMandate", [("payer", .text(who)), ("id", .text(id))], who)
                }
            if runner.run(name, arguments, as: person(sender)) == nil {
                accepted[name, default: 0] += 1
                if name == "issue" { issued += sum }
            }
            if step.isMultiple(of: 20) { try runner.advance(to: runner.time + 1_000_000) }
            let violations = try runner.violations()
            #expect(violations.isEmpty, "after \(name): \(violations)")
        }
        #expect(try runner.state.get(WalletContract.supply, "XPT") ?? 0 == issued)
        // A run that exercised nothing would prove nothing.
        let all = [
            "issue", "transfer", "hold", "release", "cancelHold", "mandate", "collect", "limit", "freeze", "unfreeze",
        ]
        #expect(all.count { accepted[$0] ?? 0 > 0 } >= all.count - 2, "hardly anything was accepted: \(accepted)")
    }

    @Test("COMMON-34: a payment with a name is made once")
    func named() throws {
        let runner = wallet()
        runner.run("issue", amount(100, to: "ann"), as: person("mint"))
        #expect(runner.run("transfer", amount(30, to: "ben", [("payment", "bill-7")]), as: person("ann")) == nil)
        #expect(runner.run("transfer", amount(30, to: "ben", [("payment", "bill-7")]), as: person("ann")) == 102)
        #expect(runner.run("transfer", amount(31, to: "ben", [("payment", "bill-7")]), as: person("ann")) == 103)
        #expect(try balance("ann", runner) == 70)
    }

    @Test("COMMON-34: a mandate holds to its caps, its period, its payee and its end")
    func mandate() throws {
        let runner = wallet()
        let start = runner.time
        runner.run("issue", amount(1000, to: "ann"), as: person("mint"))
        #expect(
            runner.run(
                "mandate",
                [
                    ("id", "power"), ("payee", "ben"), ("currency", "XPT"), ("perPayment", 100), ("perPeriod", 150),
                    ("period", 3_600_000), ("until", .unsigned(start + 10_000_000)),
                ], as: person("ann")) == nil)
        func collect(_ sum: UInt64, _ name: String, as who: String = "ben") -> UInt64? {
            runner.run(
                "collect",
                [("payer", "ann"), ("id", "power"), ("amount", .unsigned(sum)), ("payment", .text(name))],
                as: person(who))
        }
        #expect(collect(100, "1", as: "cas") == 5)
        #expect(collect(101, "1") == 107)
        #expect(collect(100, "1") == nil)
        #expect(collect(100, "1") == 108)
        #expect(collect(50, "1") == 103)
        #expect(collect(50, "2") == nil)
        #expect(collect(1, "3") == 108)
        try runner.advance(to: start + 3_600_000)
        #expect(collect(100, "3") == nil)
        try runner.advance(to: start + 10_000_000)
        #expect(collect(1, "4") == 109)
        #expect(try balance("ben", runner) == 250)
    }

    @Test("COMMON-34: limits and freezes hold money back, and a hold that nobody settles comes home")
    func safeguards() throws {
        let runner = wallet()
        runner.run("issue", amount(1000, to: "ann"), as: person("mint"))
        #expect(runner.run("limit", [("currency", "XPT"), ("perDay", 100)], as: person("ann")) == nil)
        #expect(runner.run("transfer", amount(80, to: "ben"), as: person("ann")) == nil)
        #expect(runner.run("transfer", amount(21, to: "ben"), as: person("ann")) == 105)
        #expect(runner.run("limit", [("currency", "XPT"), ("perDay", 100)], as: person("ann")) == nil)
        #expect(
            runner.run("transfer", amount(21, to: "ben"), as: person("ann")) == 105, "a limit set anew is no new day")
        try runner.advance(to: runner.time + 86_400_000)
        let end = runner.time + 1000
        #expect(
            runner.run("hold", amount(90, to: "ben", [("id", "h"), ("until", .unsigned(end))]), as: person("ann"))
                == nil)
        #expect(try balance("ann", runner) == 830)
        try runner.advance(to: end)
        #expect(try balance("ann", runner) == 920)
        let account: [(String, Value)] = [("account", "ann"), ("currency", "XPT")]
        #expect(runner.run("freeze", account, as: person("ben")) == 5)
        #expect(runner.run("freeze", account, as: person("mint")) == nil)
        #expect(runner.run("transfer", amount(1, to: "ben"), as: person("ann")) == 104)
        #expect(runner.run("unfreeze", account, as: person("ann")) == 5, "who froze it, thaws it")
        #expect(runner.run("unfreeze", account, as: person("mint")) == nil)
        #expect(runner.run("transfer", amount(1, to: "ben"), as: person("ann")) == nil)
    }

    @Test("NRG-36: an account whose owner nobody checked is held to its level's limits; a registrar's check opens more")
    func identityLevels() throws {
        let runner = wallet()
        let office = ContractContext.Sender(id: "cas", member: "m", roles: ["registrar"])
        runner.run("issue", amount(1000, to: "ann"), as: person("mint"))
        // Points are free at first: a rule is the issuer's, and nobody else's.
        let levels: [(String, Value)] = [
            ("currency", "XPT"), ("levels", [[100, 2000], [500, .null], [.null, .null]]),
        ]
        #expect(runner.run("setLevels", levels, as: person("ann")) == 5)
        #expect(runner.run("setLevels", [("currency", "XPT"), ("levels", [])], as: person("mint")) == 3)
        #expect(runner.run("setLevels", levels, as: person("mint")) == nil)
        #expect(runner.run("transfer", amount(70, to: "ben"), as: person("ann")) == nil)
        #expect(runner.run("transfer", amount(31, to: "ben"), as: person("ann")) == 180)
        // What is set aside has left, too.
        let until = runner.time + 1000
        let hold: [(String, Value)] = [("id", "h"), ("until", .unsigned(until))]
        #expect(runner.run("hold", amount(31, to: "ben", hold), as: person("ann")) == 180)
        #expect(runner.run("hold", amount(30, to: "ben", hold), as: person("ann")) == nil)
        #expect(runner.run("issue", amount(1931, to: "ben"), as: person("mint")) == 181)
        #expect(runner.run("issue", amount(1930, to: "ben"), as: person("mint")) == nil)
        #expect(runner.run("transfer", amount(1, to: "ben"), as: person("dee")) == 181)
        func check(_ who: String, _ level: UInt64, until: UInt64?, as sender: ContractContext.Sender) -> UInt64? {
            runner.run(
                "check",
                [
                    ("account", .text(who)), ("level", .unsigned(level)), ("evidence", .hash(.sha256([1]))),
                    ("until", .optional(until)),
                ], as: sender)
        }
        #expect(check("ann", 1, until: nil, as: person("ann")) == 5)
        #expect(check("ann", 4, until: nil, as: office) == 3)
        #expect(check("nobody", 1, until: nil, as: office) == 7)
        let end = runner.time + 5000
        #expect(check("ann", 1, until: end, as: office) == nil)
        #expect(runner.run("transfer", amount(401, to: "dee"), as: person("ann")) == 180)
        #expect(runner.run("transfer", amount(400, to: "dee"), as: person("ann")) == nil)
        #expect(check("ben", 2, until: nil, as: office) == nil)
        #expect(runner.run("transfer", amount(1900, to: "mint"), as: person("ben")) == nil)
        // The check has an end, and then the old limit holds; a new day begins anew.
        try runner.advance(to: end)
        #expect(runner.run("transfer", amount(1, to: "dee"), as: person("ann")) == 180)
        try runner.advance(to: runner.time + 86_400_000)
        #expect(runner.run("transfer", amount(101, to: "dee"), as: person("ann")) == 180)
        #expect(runner.run("transfer", amount(100, to: "dee"), as: person("ann")) == nil)
        #expect(try WalletContract().invariants.flatMap { try $0.violations(runner.state) }.isEmpty)
    }
}
