import ContractKit
import FishFarmingContract
import Ledger
import TestSupport
import Testing

struct FishPropertyTests {
    /// Whatever is tried by whomever, in any order: the invariants hold after each operation, and money only moves.
    @Test func randomOperations() throws {
        var generator = SeededGenerator.fresh()
        var accepted = 0
        for _ in 0..<12 {
            let bench = FishBench()
            bench.farm()
            bench.water(days: 35)
            _ = bench.model("bank", FishBench.card("loan", cutoff: 100))
            _ = bench.model("insurer", FishBench.card("cover", cutoff: 50))
            for order in 0..<4 { bench.documents("o\(order)", amount: 20_000) }
            for institution in ["bank", "insurer"] { bench.share(institution) }
            for _ in 0..<120 {
                if step(bench, &generator) == nil { accepted += 1 }
                let violations = try bench.runner.violations()
                #expect(violations == [])
                #expect(try total(bench) == 3_100_000)
                if !violations.isEmpty { return }
            }
        }
        #expect(accepted > 200, "\(accepted) operations were accepted")
    }

    /// FISH-16: on any model that the contract takes, a small change of what is measured moves the score by a tenth of the
    /// best at most, and never gives more than four reasons.
    @Test func smallChangesStaySmall() throws {
        var generator = SeededGenerator.fresh()
        var taken = 0
        var largest: UInt64 = 0
        for _ in 0..<200 {
            guard let model = try? Scorecard(cbor: randomCard(&generator)) else { continue }
            taken += 1
            for _ in 0..<20 {
                var values = Feature.allCases.map { _ in UInt64.random(in: 0...1000, using: &generator) }
                let before = model.score(try features(values))
                let index = Int.random(in: 0..<values.count, using: &generator)
                let change: UInt64
                switch Feature.allCases[index] {
                case .failedRemedies, .medicineBreaches, .repaid: continue
                case .historyDays: change = 1
                default: change = UInt64.random(in: 1...10, using: &generator)
                }
                values[index] = values[index] >= change ? values[index] - change : values[index] + change
                let after = model.score(try features(values))
                let moved = max(before.points, after.points) - min(before.points, after.points)
                largest = max(largest, moved * 1000 / max(1, model.best))
                #expect(moved <= max(1, model.best / Scorecard.stability), "\(values)")
                #expect(after.reasons.count <= 4)
            }
        }
        print("stability: \(taken) models, a small change moved a score by \(largest) per mille of the best at most")
        #expect(taken > 20)
    }

    private func features(_ values: [UInt64]) throws -> Features {
        try Features(cbor: .array([.array(values.map { .unsigned($0) }), .array([0, 0, 1000])]))
    }

    private func randomCard(_ generator: inout SeededGenerator) -> CBOR {
        let chosen = Feature.allCases.shuffled(using: &generator).prefix(Int.random(in: 3...9, using: &generator))
        let rules: [CBOR] = chosen.map { feature in
            var limits: Set<UInt64> = []
            for _ in 0..<3 { limits.insert(UInt64.random(in: 0...1000, using: &generator)) }
            let bins: [CBOR] = limits.sorted().map {
                .array([.unsigned($0), .unsigned(UInt64.random(in: 0...200, using: &generator))])
            }
            return [
                "feature": .text(feature.rawValue), "reason": .text("\(feature) is short"), "bins": .array(bins),
            ]
        }
        return [
            "kind": "loan", "cutoff": 1, "maximum": 1000, "thinDays": 0, "thinMaximum": 1000, "rate": 1, "days": 1,
            "rules": .array(rules),
        ]
    }

    private func total(_ bench: FishBench) throws -> UInt64 {
        let free = try FishBench.roles.keys.reduce(UInt64(0)) { try $0 + bench.balance($1) }
        return try bench.runner.state.scan(WalletContract.holds, limit: 10_000).reduce(free) { $0 + $1.value.amount }
    }

    private func step(_ bench: FishBench, _ generator: inout SeededGenerator) -> UInt64? {
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
        let id = "x\(pick(4))"
        let whom = ["farmer", "bank", "insurer", "auditor", "supplier", "gateway", "neighbour"][pick(7)]
        let time = bench.runner.time
        switch pick(15) {
        case 0, 1: return bench.apply(id, order: "o\(pick(4))", amount: UInt64(1 + pick(25_000)))
        case 2, 3: return bench.run("decide", [("loan", .text("farmer/\(id)"))], as: pick(5) == 0 ? whom : "bank")
        case 4: return bench.run("accept", [("id", .text(id))], as: pick(5) == 0 ? whom : "farmer")
        case 5: return bench.run("repay", [("id", .text(id)), ("amount", .unsigned(UInt64(1 + pick(30_000))))])
        case 6:
            return bench.run(
                "requestCover",
                [
                    ("id", .text(id)), ("model", "insurer/m/1"), ("batch", "b"),
                    ("sum", .unsigned(UInt64(1000 + pick(90_000)))),
                ])
        case 7: return bench.run("quote", [("cover", .text("farmer/\(id)"))], as: pick(5) == 0 ? whom : "insurer")
        case 8: return bench.run("bind", [("id", .text(id))])
        case 9, 10:
            let minutes = UInt64(1 + pick(90))
            bench.runner.time += minutes * 60_000
            return bench.report(
                from: time, to: bench.runner.time, mean: [100, 150, 600][pick(3)], fit: [0, 20, 60][pick(3)])
        case 11:
            return bench.run(
                "payAudit",
                [
                    ("cover", .text("farmer/\(id)")), ("amount", .unsigned(UInt64(1 + pick(40_000)))),
                    ("finding", "loss"), ("report", FishBench.hash),
                ], as: pick(4) == 0 ? whom : "auditor")
        case 12: return bench.run(pick(2) == 0 ? "withdraw" : "allow", [("classes", ["feed"])])
        case 13 where pick(2) == 0:
            let isCover = pick(2) == 0
            let key = "\(isCover ? "cover" : "loan")/farmer/\(id)"
            _ = bench.run("object", [("kind", isCover ? "cover" : "loan"), ("id", .text(id)), ("why", "look again")])
            return bench.run(
                "answerObjection",
                [
                    ("case", .text(key)), ("revised", .bool(pick(2) == 0)), ("reason", "looked"),
                    ("amount", .unsigned(UInt64(1 + pick(25_000)))),
                ], as: pick(6) == 0 ? whom : isCover ? "insurer" : "bank")
        case 13:
            bench.share(pick(2) == 0 ? "bank" : "insurer")
            return bench.run("endShare", [("institution", pick(3) == 0 ? "bank" : "nobody")])
        default:
            try? bench.runner.advance(to: time + UInt64(pick(9)) * 86_400_000)
            return nil
        }
    }
}
