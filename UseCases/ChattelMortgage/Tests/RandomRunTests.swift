import ChattelMortgageContract
import ContractKit
import TestSupport
import Testing

@Suite("Random operations: the invariants hold after every one")
struct RandomRunTests {
    @Test("COMMON-10, CHAT-10: whatever is asked in whatever order")
    func anything() throws {
        var generator = SeededGenerator.fresh()
        let pledges = try (0..<60).reduce(0) { sum, _ in try sum + run(&generator) }
        #expect(pledges > 10, "the runs meet pledges, seed \(generator.seed)")
    }

    /// One run; returns how often it pledged.
    private func run(_ generator: inout SeededGenerator) throws -> Int {
        let bench = ChattelBench()
        bench.store()
        let people = ["owner", "rival", "bank", "bank2", "monitor", "gateway"]
        let money = try people.reduce(UInt64(0)) { try $0 + bench.balance($1) }
        for step in 0..<300 {
            let receipts = try bench.state.scan(ChattelContract.receipts, limit: 200).map(\.key)
            let number = receipts.randomElement(using: &generator) ?? "NORTH-1"
            let who = people.randomElement(using: &generator) ?? "owner"
            let other = people.randomElement(using: &generator) ?? "rival"
            let receipt = ("receipt", Value.text(number))
            switch Int.random(in: 0..<16, using: &generator) {
            case 0: bench.run("nominate", [receipt, ("beneficiary", .text(other))], as: who)
            case 1: bench.run("transferBeneficiary", [receipt, ("beneficiary", .text(other))], as: who)
            case 2: bench.run("transferHolder", [receipt, ("holder", .text(other))], as: who)
            case 3:
                bench.run(
                    "transferOwners", [receipt, ("beneficiary", .text(other)), ("holder", .text(other))], as: who)
            case 4:
                let operation = ["rejectBeneficiary", "rejectHolder", "rejectOwners"].randomElement(using: &generator)
                bench.run(operation ?? "", [receipt], as: who)
            case 5:
                let operation = ["surrender", "restore", "cancel"].randomElement(using: &generator)
                bench.run(operation ?? "", [receipt], as: Bool.random(using: &generator) ? who : "monitor")
            case 6:
                let grams = (try? bench.receipt(number).grams) ?? 2
                let first = UInt64.random(in: 1...max(1, grams), using: &generator)
                bench.run(
                    "split",
                    [
                        receipt,
                        (
                            "parts",
                            [
                                ["grams": .unsigned(first), "count": 0],
                                [
                                    "grams": .unsigned(grams - min(grams, first)),
                                    "count": .unsigned((try? bench.receipt(number).count) ?? 0),
                                ],
                            ]
                        ),
                    ], as: who)
            case 7: bench.run("merge", [("receipts", .array(receipts.prefix(3).map { .text($0) }))], as: who)
            case 8:
                bench.run(
                    "release", [receipt, ("grams", .unsigned(.random(in: 1...9_000_000, using: &generator)))], as: who)
            case 9:
                bench.sense(
                    Bool.random(using: &generator) ? 100_000_000 : .random(in: 0...110_000_000, using: &generator),
                    count: 40)
            case 10, 11:
                let bank = Bool.random(using: &generator) ? "bank" : "bank2"
                bench.bringToDecision("L\(step)", bank: bank, receipts: [number], amount: 20_000_000)
                bench.decide("L\(step)", amount: .random(in: 1...20_000_000, using: &generator), as: bank)
            case 12: bench.setPrice(.random(in: 100_000...900_000, using: &generator))
            case 13:
                let loan = try bench.state.scan(ChattelContract.loans, limit: 200).map(\.key).randomElement(
                    using: &generator)
                bench.run(
                    "repay",
                    [
                        ("loan", .text(loan ?? "")),
                        ("amount", .unsigned(.random(in: 1...20_000_000, using: &generator))),
                    ],
                    as: "owner")
            case 14: try bench.advance(to: bench.time + .random(in: 1...2_000_000, using: &generator))
            default:
                let lot = try bench.lot("LOT")
                for alarm in 1...max(1, lot.alarms) {
                    bench.run(
                        "closeAlarm", [("lot", "LOT"), ("number", .unsigned(alarm)), ("reason", "seen")], as: "monitor")
                }
            }
            let violations = try bench.violations()
            #expect(violations == [], "step \(step), seed \(generator.seed)")
            if !violations.isEmpty { return 0 }
        }
        #expect(try people.reduce(UInt64(0)) { try $0 + bench.balance($1) } == money, "seed \(generator.seed)")
        return bench.count(of: "pledged")
    }
}
