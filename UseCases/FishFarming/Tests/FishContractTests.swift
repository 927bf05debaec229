import ContractKit
import FishFarmingContract
import Ledger
import TestSupport
import Testing

struct FishContractTests {
    private func ready(days: UInt64 = 40, fit: UInt64 = 60) -> FishBench {
        let bench = FishBench()
        bench.farm()
        bench.run("recordFeed", [("batch", "b"), ("grams", 900), ("device", "feeder")], as: "gateway")
        bench.water(days: days, fit: fit)
        bench.share("bank")
        bench.share("insurer")
        _ = bench.model("bank", FishBench.card("loan", cutoff: 250))
        _ = bench.model("insurer", FishBench.card("cover", cutoff: 100))
        bench.documents("o")
        return bench
    }

    /// FISH-17, FISH-26, FISH-34: three documents, a decision with its reasons, and money for the seller alone.
    @Test func loan() throws {
        let bench = ready()
        #expect(bench.apply("l", order: "o") == nil)
        #expect(bench.apply("again", order: "o") == 132, "one order serves one application")
        #expect(bench.run("decide", [("loan", "farmer/l")], as: "bank2") == 5)
        #expect(bench.run("accept", [("id", "l")]) == 134)
        #expect(bench.run("decide", [("loan", "farmer/l")], as: "bank") == nil)
        let offered = try #require(try bench.loan("l"))
        #expect(offered.stage == .offered && offered.amount == 50_000 && offered.score == 400)
        #expect(try bench.balance("bank") == 950_000)
        #expect(try bench.runner.violations() == [])
        #expect(bench.run("accept", [("id", "l")]) == nil)
        #expect(try bench.balance("supplier") == 50_000, "the seller is paid")
        #expect(try bench.balance("farmer") == 100_000, "and not the farmer")
        #expect(bench.run("repay", [("id", "l"), ("amount", 60_000)]) == nil)
        let repaid = try #require(try bench.loan("l"))
        #expect(repaid.stage == .repaid && repaid.owed == 0)
        #expect(try bench.balance("bank") == 950_000 + 52_500)
        #expect(try bench.runner.violations() == [])
    }

    /// FISH-17: each document is checked.
    @Test func documents() throws {
        let bench = ready()
        bench.run(
            "order",
            [
                ("order", "raw"), ("seller", "supplier"), ("amount", 10_000), ("goods", "fry"),
                ("document", FishBench.hash),
            ])
        #expect(bench.apply("a", order: "raw", amount: 1000) == 131)
        #expect(bench.run("confirmOrder", [("order", "raw")], as: "bank") == 5)
        bench.run("confirmOrder", [("order", "raw")], as: "supplier")
        #expect(bench.apply("a", order: "raw", amount: 1000) == 133)
        bench.run("entrust", [("order", "raw"), ("document", FishBench.hash)])
        #expect(bench.apply("a", order: "raw", amount: 20_000) == 135)
        #expect(bench.apply("a", order: "raw", amount: 10_000) == nil)
        #expect(
            bench.run(
                "order",
                [("order", "x"), ("seller", "farmer"), ("amount", 1), ("goods", "x"), ("document", FishBench.hash)])
                == 3)
    }

    /// FISH-14, FISH-40: nothing is collected before the signature and without consent; consent that ends stops loans.
    @Test func consent() throws {
        let bench = FishBench()
        #expect(bench.run("allow", [("classes", FishBench.all)]) == 110)
        bench.farm()
        let late = ready()
        #expect(late.apply("l", order: "o") == nil)
        #expect(late.run("withdraw", [("classes", ["feed"])]) == nil)
        #expect(late.runner.events.contains { $0.name == "dataGap" && $0.subject == "farmer" })
        #expect(late.run("recordFeed", [("batch", "b"), ("grams", 5)]) == 120)
        #expect(
            late.run(
                "recordMedicine", [("batch", "b"), ("product", "x"), ("dose", "1"), ("withdrawalDays", 2)], as: "vet")
                == nil)
        #expect(late.run("decide", [("loan", "farmer/l")], as: "bank") == 130, "a loan against withdrawn consent")
        late.run("allow", [("classes", ["feed"])])
        #expect(late.run("decide", [("loan", "farmer/l")], as: "bank") == nil)
        #expect(late.run("endShare", [("institution", "bank")]) == nil)
        #expect(late.run("accept", [("id", "l")]) == 130)
        late.documents("o2")
        #expect(late.apply("m", order: "o2") == 130)
        #expect(try late.runner.violations() == [])
    }

    /// FISH-10, FISH-16, FISH-18: a short history lends less and says so; gaps lower the score and say so.
    @Test func reasons() throws {
        let short = ready(days: 10)
        #expect(short.apply("l", order: "o") == nil)
        short.run("decide", [("loan", "farmer/l")], as: "bank")
        let thin = try #require(try short.loan("l"))
        #expect(thin.stage == .offered && thin.amount == 20_000)
        #expect(thin.reasons.first?.hasPrefix("short history") == true)
        let gappy = ready(fit: 20)
        #expect(gappy.apply("l", order: "o") == nil)
        gappy.run("decide", [("loan", "farmer/l")], as: "bank")
        let refused = try #require(try gappy.loan("l"))
        #expect(refused.stage == .refused && refused.score == 200 && refused.reasons == ["gaps"])
        #expect(gappy.run("object", [("id", "l"), ("why", "the probe was at repair")]) == nil)
        #expect(gappy.apply("m", order: "o") == nil, "a refused application frees its order")
        #expect(try gappy.runner.violations() == [])
    }

    /// FISH-37: what comes later does not change what a decision was made on.
    @Test func basis() throws {
        let bench = ready()
        #expect(bench.apply("l", order: "o") == nil)
        let before = try #require(try bench.loan("l")).features
        bench.run("recordMortality", [("batch", "b"), ("count", 900)])
        bench.run("recordFeed", [("batch", "b"), ("grams", 1_000_000)])
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        let loan = try #require(try bench.loan("l"))
        let model = try #require(try bench.runner.state.get(FishFarmingContract.models, loan.model))
        #expect(loan.features == before)
        #expect(model.score(before).points == loan.score)
        #expect(bench.model("bank", FishBench.card("loan", cutoff: 1)) == 8, "a version never changes")
    }

    /// An offer that nobody takes goes back to the bank.
    @Test func lapse() throws {
        let bench = ready()
        _ = bench.apply("l", order: "o")
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        try bench.runner.advance(to: bench.runner.time + FishFarmingContract.offerTerm)
        #expect(try bench.loan("l")?.stage == .lapsed)
        #expect(try bench.balance("bank") == 1_000_000)
        #expect(try bench.runner.violations() == [])
    }

    private func insured() throws -> (FishBench, UInt64) {
        let bench = ready()
        #expect(
            bench.run("requestCover", [("id", "c"), ("model", "insurer/m/1"), ("batch", "b"), ("sum", 50_000)]) == nil)
        #expect(bench.run("bind", [("id", "c")]) == 134)
        #expect(bench.run("quote", [("cover", "farmer/c")], as: "insurer") == nil)
        #expect(try bench.runner.violations() == [])
        #expect(bench.run("bind", [("id", "c")]) == nil)
        #expect(try bench.balance("farmer") == 100_000 - 2500)
        return (bench, bench.runner.time)
    }

    private static let minute: UInt64 = 60_000

    /// FISH-23, FISH-24: an hour below the trigger pays by contract; 59 minutes do not.
    @Test(arguments: [(59, 0), (60, 30_000)] as [(UInt64, UInt64)])
    func index(minutes: UInt64, paid: UInt64) throws {
        let (bench, start) = try insured()
        #expect(bench.report(from: start, to: start + minutes * Self.minute, mean: 150) == nil)
        #expect(try bench.balance("farmer") == 97_500 + paid)
        #expect(bench.report(from: start + 100 * Self.minute, to: start + 101 * Self.minute, mean: 600) == nil)
        #expect(try bench.runner.violations() == [])
        try bench.runner.advance(to: start + 101 * 86_400_000)
        #expect(try bench.balance("insurer") == 1_002_500 - paid)
        #expect(try bench.cover("c")?.stage == .ended)
        #expect(try bench.runner.violations() == [])
    }

    /// FISH-25: a gap is neither a loss nor none, and where the index fails an audit pays.
    @Test func gap() throws {
        let (bench, start) = try insured()
        bench.report(from: start, to: start + 40 * Self.minute, mean: 150)
        bench.report(from: start + 40 * Self.minute, to: start + 60 * Self.minute, mean: 150, fit: 10)
        #expect(try bench.balance("farmer") == 97_500, "invalid readings are no loss")
        let cover = try #require(try bench.cover("c"))
        #expect(cover.lowTime == 40 * Self.minute && cover.gapTime == 20 * Self.minute)
        bench.report(from: start + 70 * Self.minute, to: start + 90 * Self.minute, mean: 150)
        #expect(try bench.balance("farmer") == 127_500, "and they did not end the count either")
        let finding: [(String, CBOR)] = [
            ("cover", "farmer/c"), ("finding", "dead fish counted"), ("report", FishBench.hash),
        ]
        #expect(bench.run("payAudit", finding + [("amount", 20_001)], as: "auditor") == 143)
        #expect(bench.run("payAudit", finding + [("amount", 15_000)], as: "insurer") == 5)
        #expect(bench.run("payAudit", finding + [("amount", 15_000)], as: "auditor") == nil)
        #expect(bench.run("payAudit", finding + [("amount", 1)], as: "auditor") == 143)
        #expect(try bench.balance("farmer") == 142_500)
        #expect(try bench.runner.violations() == [])
    }

    /// FISH-24: whoever switches aeration off in an alarm gets half.
    @Test func hazard() throws {
        let (bench, start) = try insured()
        #expect(incident(bench, "i1", at: start, lowest: 120, isByHand: true) == nil)
        #expect(incident(bench, "i1", at: start, lowest: 120, isByHand: true) == 8)
        bench.report(from: start, to: start + 60 * Self.minute, mean: 150)
        #expect(try bench.balance("farmer") == 97_500 + 15_000)
    }

    private func incident(_ bench: FishBench, _ id: String, at time: UInt64, lowest: UInt64, isByHand: Bool) -> UInt64?
    {
        bench.run(
            "reportIncident",
            [
                ("pond", "p"), ("incident", .text(id)), ("cause", "low oxygen"), ("reading", 290),
                ("lowest", .unsigned(lowest)), ("command", "start"), ("answer", "ok"), ("startedAt", .unsigned(time)),
                ("answeredAt", .null), ("recoveredAt", .null), ("endedAt", .unsigned(time + 1000)),
                ("hasWorked", true), ("isByHand", .bool(isByHand)),
            ], as: "gateway")
    }

    /// FISH-32: no feeding at low oxygen, with the reason.
    @Test(arguments: [(250, 140), (299, 140), (300, nil), (700, nil)] as [(UInt64, UInt64?)])
    func feeding(oxygen: UInt64, code: UInt64?) throws {
        let bench = ready()
        bench.report(from: bench.runner.time, to: bench.runner.time + 1000, mean: oxygen)
        #expect(bench.run("requestFeeding", [("pond", "p"), ("grams", 500)]) == code)
    }

    /// FISH-33: harvest inside a withdrawal period is flagged and counts.
    @Test func withdrawal() throws {
        let bench = ready()
        bench.run(
            "recordMedicine", [("batch", "b"), ("product", "x"), ("dose", "1"), ("withdrawalDays", 5)], as: "vet")
        #expect(bench.run("harvest", [("batch", "b"), ("grams", 1000)]) == nil)
        #expect(bench.runner.events.contains { $0.name == "harvestInWithdrawal" })
        #expect(try bench.runner.state.get(FishFarmingContract.farms, "farmer")?.breaches == 1)
        #expect(bench.run("recordMortality", [("batch", "b"), ("count", 1001)]) == 142)
    }

    /// Who may do what: everybody else is refused (FISH-38).
    @Test func roles() throws {
        let bench = ready()
        let time = bench.runner.time
        #expect(bench.report(from: time, to: time + 1000, mean: 500, as: "farmer") == 5)
        #expect(bench.report(from: time - 5000, to: time - 1000, mean: 500) == 141, "reports do not overlap")
        #expect(bench.run("recordFeed", [("batch", "b"), ("grams", 1), ("device", "feeder")], as: "farmer") == 5)
        #expect(bench.run("recordFeed", [("batch", "b"), ("grams", 1), ("device", "other")], as: "gateway") == 5)
        #expect(bench.run("confirmFry", [("batch", "b")], as: "supplier") == 134)
        for id in FishBench.roles.keys.sorted() where id != "farmer" {
            #expect(bench.run("weigh", [("batch", "b"), ("meanGrams", 5)], as: id) == 5, "\(id)")
            #expect(bench.run("requestFeeding", [("pond", "p"), ("grams", 5)], as: id) == 5, "\(id)")
        }
        for id in FishBench.roles.keys.sorted() where id != "vet" {
            #expect(
                bench.run(
                    "recordMedicine", [("batch", "b"), ("product", "x"), ("dose", "1"), ("withdrawalDays", 5)], as: id)
                    == 5)
        }
        for id in ["farmer", "insurer", "stranger"] { #expect(bench.model(id, FishBench.card("loan", cutoff: 1)) == 5) }
        #expect(bench.run("nonsense", []) == 1)
    }

    @Test func brokenModels() throws {
        let bench = FishBench()
        let broken: [CBOR] = [
            ["kind": "loan"], [], FishBench.card("gift", cutoff: 1), FishBench.card("loan", cutoff: 1, thin: 90_000),
        ]
        for card in broken { #expect([5, 9].contains(bench.model("bank", card))) }
        #expect(bench.run("publishModel", [("name", "m"), ("version", 1), ("card", .bytes([0xFF]))], as: "bank") == 3)
    }
}
