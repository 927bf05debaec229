import ChattelMortgageContract
import ContractKit
import TestSupport
import Testing

@Suite("Loans: applied for, decided with the pledge, watched, repaid or sold")
struct LoanTests {
    @Test("CHAT-18: draft, change, submit, withdraw")
    func application() {
        let bench = ChattelBench()
        bench.store()
        let application = [("application", Value.text("L"))]
        #expect(bench.draft("L", receipts: ["NORTH-9"]) == 7)
        #expect(bench.draft("L", as: "rival") == 5)
        #expect(bench.draft("L", bank: "owner") == 3)
        #expect(bench.draft("L") == nil)
        #expect(bench.draft("L", amount: 30_000_000) == nil, "a draft is changed by drafting it again")
        #expect(bench.run("submit", application, as: "rival") == 5)
        #expect(bench.run("submit", application, as: "owner") == nil)
        #expect(bench.draft("L") == 8)
        #expect(bench.run("submit", application, as: "owner") == 123)
        #expect(bench.run("withdraw", application, as: "owner") == nil)
        #expect(bench.run("withdraw", application, as: "owner") == 123)
        #expect(bench.decide("L") == 123)
    }

    @Test("CHAT-7: who prepares does not send, and who sends may approve")
    func persons() {
        let bench = ChattelBench()
        bench.store()
        let application = [("application", Value.text("L"))]
        bench.draft("L", signer: "clerk")
        let approver = ["enterprise", "approver"]
        #expect(bench.run("submit", application, as: "owner", signer: "clerk", roles: approver) == 122)
        #expect(bench.run("submit", application, as: "owner", signer: "colleague", roles: ["enterprise"]) == 122)
        #expect(bench.run("submit", application, as: "owner", signer: "chief", roles: approver) == nil)
    }

    @Test("CHAT-19: no status without consent and authority, and none after their end")
    func consent() {
        let bench = ChattelBench()
        bench.store()
        let application = ("application", Value.text("L"))
        let until = ("until", Value.unsigned(bench.time + 1000))
        bench.draft("L")
        bench.run("submit", [application], as: "owner")
        #expect(bench.run("report", [application], as: "monitor") == 130)
        #expect(bench.run("consent", [application, until], as: "bank") == 5)
        #expect(bench.run("consent", [application, until], as: "owner") == nil)
        #expect(bench.run("report", [application], as: "monitor") == 131)
        #expect(bench.run("authorise", [application, ("monitor", "monitor"), until], as: "bank2") == 5)
        #expect(bench.run("authorise", [application, ("monitor", "monitor"), until], as: "bank") == nil)
        #expect(bench.run("report", [application], as: "monitor2") == 131)
        #expect(bench.run("report", [application], as: "monitor") == nil)
        #expect(bench.run("look", [application, ("purpose", "credit")], as: "bank2") == 5)
        #expect(bench.run("look", [application, ("purpose", "credit")], as: "bank") == nil)
        bench.time += 1000
        #expect(bench.run("report", [application], as: "monitor") == 130)
        #expect(bench.run("look", [application, ("purpose", "credit")], as: "bank") == 130)
    }

    @Test("CHAT-22, CHAT-37: a decision pledges and pays or does neither; a stale or alarmed report is refused")
    func decision() throws {
        let bench = ChattelBench()
        bench.store()
        bench.bringToDecision("L")
        bench.height += ChattelContract.reportAge
        #expect(bench.decide("L") == 133)
        bench.run("report", [("application", "L")], as: "monitor")
        #expect(bench.decide("L", as: "bank2") == 5)
        #expect(bench.decide("L", amount: 35_000_001) == 3)
        #expect(try bench.receipt("NORTH-1").loan == nil, "what was refused left nothing behind")
        #expect(bench.decide("L") == nil)
        let receipt = try bench.receipt("NORTH-1")
        #expect(receipt.loan == "L" && receipt.title.holder == "bank" && receipt.title.beneficiary == "owner")
        #expect(try bench.balance("owner") == 1_035_000_000)
        #expect(try bench.violations() == [])
        let decided = bench.events.last { $0.name == "decided" }
        #expect(decided?.details["value"]?.unsigned == 84_000_000, "100 t at EUR 8,400.00")
        #expect(decided?.details["limit"]?.unsigned == 47_040_000)
        #expect(decided?.details["orders"]?.array?.compactMap(\.text) == ["PO-1"])
    }

    @Test("CHAT-22: a bank without the money pledges nothing, in words that name no other bank")
    func shortOfMoney() throws {
        let bench = ChattelBench()
        bench.store()
        bench.setBalance(34_999_999, of: "bank")
        bench.bringToDecision("L")
        #expect(bench.decide("L") == 100)
        #expect(try bench.receipt("NORTH-1").isFree(of: "owner"))
        #expect(try bench.state.get(ChattelContract.loans, "L") == nil)
        #expect(try bench.violations() == [])
    }

    @Test(
        "CHAT-38: the limit",
        arguments: [
            (84_000_000, 0, UInt64(47_040_000)), (84_000_000, 460_000_000, 40_000_000), (84_000_000, 500_000_000, 0),
            (1_000, 0, 560), (0, 0, 0), (2_000_000_000, 0, 500_000_000),
        ] as [(UInt64, UInt64, UInt64)])
    func limit(_ value: UInt64, _ exposure: UInt64, _ limit: UInt64) throws {
        let policy = BankPolicy(
            haircut: 200, ratio: 700, marginRatio: 700, cure: 1, concentration: 500_000_000, kinds: [])
        #expect(try policy.limit(on: value, exposure: exposure) == limit)
    }

    @Test("CHAT-10: two banks race for one lot: exactly one wins, in 1,000 interleavings")
    func race() throws {
        var generator = SeededGenerator.fresh()
        var wins: [String: Int] = [:]
        for _ in 0..<1000 {
            let bench = ChattelBench()
            bench.store()
            // Both banks' steps in a random interleaving that keeps each bank's own order.
            var left: [(bank: String, steps: [(ChattelBench) -> UInt64?])] = ["bank", "bank2"].map { bank in
                let id = "L-\(bank)"
                let application = ("application", Value.text(id))
                let until = ("until", Value.unsigned(bench.time + 1_000_000))
                return (
                    bank,
                    [
                        { $0.draft(id, bank: bank) }, { $0.run("submit", [application], as: "owner") },
                        { $0.run("consent", [application, until], as: "owner") },
                        { $0.run("authorise", [application, ("monitor", "monitor"), until], as: bank) },
                        { $0.run("report", [application], as: "monitor") }, { $0.decide(id, as: bank) },
                    ]
                )
            }
            var refusals: [UInt64] = []
            while !left.isEmpty {
                let index = Int.random(in: 0..<left.count, using: &generator)
                if let code = left[index].steps.removeFirst()(bench) { refusals.append(code) }
                if left[index].steps.isEmpty { left.remove(at: index) }
            }
            #expect(refusals == [140])
            wins[try bench.receipt("NORTH-1").title.holder, default: 0] += 1
            #expect(try bench.violations() == [])
        }
        #expect(wins.keys.sorted() == ["bank", "bank2"] && wins.values.reduce(0, +) == 1000)
    }

    @Test("CHAT-39: the price falls by a little more than 20 %: one margin call, taken back when it recovers")
    func margin() throws {
        let bench = ChattelBench()
        bench.store()
        bench.bringToDecision("L", amount: 47_040_000)
        bench.decide("L", amount: 47_040_000)
        #expect(bench.setPrice(672_000) == nil)
        #expect(try bench.loan("L").stage == .open, "470,400 is exactly 70 % of 672,000")
        #expect(bench.setPrice(671_999) == nil)
        #expect(try bench.loan("L").stage == .called)
        #expect(bench.setPrice(672_000) == nil)
        #expect(try bench.loan("L").stage == .open)
        #expect(bench.count(of: "marginCall") == 1 && bench.count(of: "cured") == 1)
    }

    @Test("CHAT-39: margin call on time, once; cure; default; sale with the rest to the owner")
    func enforcement() throws {
        let bench = ChattelBench()
        bench.lend()
        bench.setPrice(499_000)
        #expect(try bench.loan("L").stage == .called)
        bench.setPrice(490_000)
        #expect(bench.count(of: "marginCall") == 1)
        #expect(bench.run("repay", [("loan", "L"), ("amount", 5_000_000)], as: "owner") == nil)
        #expect(try bench.loan("L").stage == .open)
        bench.setPrice(400_000)
        #expect(bench.count(of: "marginCall") == 2)
        let until = try #require(try bench.loan("L").cureUntil)
        #expect(bench.run("enforce", [("loan", "L")], as: "bank") == 123)
        try bench.advance(to: until)
        #expect(try bench.loan("L").stage == .defaulted)
        let bid: [(String, Value)] = [
            ("receipt", "NORTH-1"), ("amount", 38_000_000), ("until", .unsigned(until + 10_000)),
        ]
        #expect(bench.run("bid", bid, as: "rival") == 123)
        #expect(bench.run("enforce", [("loan", "L")], as: "bank") == nil)
        #expect(bench.run("bid", bid, as: "rival") == nil)
        let before = try bench.balance("owner")
        let sale: [(String, Value)] = [("loan", "L"), ("receipt", "NORTH-1"), ("buyer", "rival")]
        #expect(bench.run("sell", sale, as: "bank2") == 5)
        #expect(bench.run("sell", sale, as: "bank") == nil)
        #expect(try bench.balance("owner") == before + 8_000_000, "380,000 paid, 300,000 were owed")
        #expect(try bench.receipt("NORTH-1").title.holder == "rival")
        #expect(try bench.loan("L").stage == .closed)
        #expect(try bench.violations() == [])
    }

    @Test("CHAT-16: part release in step with repayment, never below the ratio; swap of like goods; top-up")
    func parts() throws {
        let bench = ChattelBench()
        bench.lend()
        func release(_ tonnes: UInt64) -> UInt64? {
            bench.run("release", [("receipt", "NORTH-1"), ("grams", .unsigned(tonnes * 1_000_000))], as: "bank")
        }
        // 350,000 need 625,000 of value, which are 74.4 t.
        #expect(release(26) == 151)
        #expect(release(25) == nil)
        #expect(release(1) == 151)
        bench.run("repay", [("loan", "L"), ("amount", 17_500_000)], as: "owner")
        #expect(release(37) == nil)
        #expect(release(1) == 151)
        bench.sense(200 * ChattelBench.tonne, count: 80, bay: "A2")
        bench.declare("LOT2", tonnes: 200, count: 80, bay: "A2")
        #expect(bench.issue("NORTH-2", "LOT2") == nil)
        #expect(bench.run("proposeSwap", [("loan", "L"), ("out", "NORTH-1"), ("in", "NORTH-2")], as: "bank") == 5)
        #expect(bench.run("proposeSwap", [("loan", "L"), ("out", "NORTH-1"), ("in", "NORTH-2")], as: "owner") == nil)
        #expect(bench.run("acceptSwap", [("loan", "L")], as: "owner") == 5)
        #expect(bench.run("acceptSwap", [("loan", "L")], as: "bank") == nil)
        #expect(try bench.loan("L").receipts == ["NORTH-2"])
        #expect(try bench.receipt("NORTH-1").title.holder == "owner")
        #expect(try bench.violations() == [])
    }

    @Test("CHAT-9: paid off, the goods are free, access ends, the past stays")
    func payOff() throws {
        let bench = ChattelBench()
        bench.lend()
        #expect(bench.run("repay", [("loan", "L"), ("amount", 35_000_000)], as: "owner") == nil)
        #expect(try bench.receipt("NORTH-1").isFree(of: "owner"))
        #expect(bench.run("report", [("application", "L")], as: "monitor") == 130)
        #expect(bench.run("look", [("application", "L"), ("purpose", "credit")], as: "bank") == 130)
        #expect(try bench.state.get(ChattelContract.applications, "L")?.report != nil)
        #expect(try bench.state.get(ChattelContract.exposures, "bank/owner") == 0)
        #expect(try bench.violations() == [])
    }

    @Test("CHAT-12: as-of search differs before and after a discharge; a party is named once; certificates stay")
    func notices() throws {
        let bench = ChattelBench()
        bench.lend()
        func search(_ asOf: UInt64?) throws -> [String] {
            let number = bench.count(of: "searched") + 1
            bench.run(
                "search", [("field", "debtor"), ("value", "Owner"), ("asOf", asOf.map { .unsigned($0) } ?? .null)],
                as: "bank2")
            return try #require(try bench.state.get(ChattelContract.certificates, "C\(number)")).found
        }
        let pledged = bench.time
        #expect(try search(pledged - 1) == [])
        #expect(try search(nil) == ["N1"])
        bench.time += 1000
        bench.run("repay", [("loan", "L"), ("amount", 35_000_000)], as: "owner")
        #expect(try search(nil) == [])
        #expect(try search(pledged) == ["N1"])
        func register(_ parties: [String], _ until: UInt64) -> UInt64? {
            bench.run(
                "registerNotice",
                [
                    ("securedParties", .array(parties.map { .text($0) })), ("debtor", "rival"),
                    ("collateral", ["SN 7"]), ("until", .unsigned(until)),
                ], as: "bank")
        }
        let year = bench.time + 365 * 86_400_000
        #expect(register(["bank", "BANK"], year) == 170)
        #expect(register(["bank2"], year) == 3)
        #expect(register(["bank"], year) == nil)
        #expect(bench.run("amendNotice", [("notice", "N2"), ("collateral", ["SN 8"])], as: "bank2") == 5)
        #expect(bench.run("amendNotice", [("notice", "N2"), ("collateral", ["SN 8"])], as: "bank") == nil)
        #expect(bench.run("renewNotice", [("notice", "N2"), ("until", .unsigned(year + 1))], as: "bank") == nil)
        bench.time = year + 1
        #expect(bench.run("dischargeNotice", [("notice", "N2")], as: "bank") == 171)
        #expect(bench.run("dischargeNotice", [("notice", "N1")], as: "bank") == 171)
    }
}
