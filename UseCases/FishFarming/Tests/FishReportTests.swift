import ContractKit
import FishFarmingContract
import Testing

/// Reports of the farmer beside what suppliers, feeders and the harvest say.
struct FishReportTests {
    typealias Fish = FishFarmingContract

    private func report(_ bench: FishBench, _ number: UInt64) throws -> ReportRecord {
        try #require(try bench.runner.state.get(Fish.reports, Fish.report("b", number)))
    }

    @Test(
        "FISH-28: fry against the supplier's count",
        arguments: [(990, ReportRecord.Verdict.confirmed), (920, .plausible), (700, .contradicted)]
            as [(UInt64, ReportRecord.Verdict)])
    func fry(delivered: UInt64, verdict: ReportRecord.Verdict) throws {
        let bench = FishBench()
        bench.farm()
        bench.run(
            "stock",
            [
                ("batch", "n"), ("pond", "p"), ("species", "tilapia"), ("supplier", "supplier"), ("count", 1000),
                ("certificate", FishBench.hash),
            ])
        #expect(bench.run("confirmFry", [("batch", "n"), ("count", .unsigned(delivered))], as: "supplier") == nil)
        let found = try #require(try bench.runner.state.get(Fish.reports, Fish.report("n", 0)))
        #expect(found.verdict == verdict && found.found == delivered)
    }

    @Test("FISH-28: feed by word against the feeder, then against what such fish can eat; a contradiction is corrected")
    func feed() throws {
        let bench = FishBench()
        bench.farm()
        func state(_ grams: UInt64) { bench.run("recordFeed", [("batch", "b"), ("grams", .unsigned(grams))]) }
        bench.run("recordFeed", [("batch", "b"), ("grams", 10_000), ("device", "feeder")], as: "gateway")
        state(10_500)
        #expect(try report(bench, 1).verdict == .confirmed)
        state(4000)
        #expect(try report(bench, 2).verdict == .plausible, "nothing to compare with")
        bench.run("weigh", [("batch", "b"), ("meanGrams", 10)])
        state(900)
        #expect(try report(bench, 3).verdict == .contradicted, "ten kilograms of fish do not eat that")
        let before = try #require(try bench.runner.state.get(Fish.farms, "farmer"))
        let seen = try report(bench, 3)
        #expect(seen.shownAt == bench.runner.time + ReportRecord.patience, "the farmer alone sees it first")
        #expect(bench.run("correct", [("batch", "b"), ("report", 1), ("value", 5)]) == 134, "what is in order stays")
        #expect(bench.run("correct", [("batch", "b"), ("report", 3), ("value", 90)], as: "neighbour") == 5)
        #expect(bench.run("correct", [("batch", "b"), ("report", 3), ("value", 90)]) == nil)
        let corrected = try report(bench, 3)
        #expect(corrected.stated == 90 && corrected.before == 900 && corrected.verdict == .plausible)
        #expect(corrected.shownAt == bench.runner.time)
        #expect(try bench.runner.state.get(Fish.farms, "farmer")?.feedStated == before.feedStated - 810)
        #expect(bench.run("correct", [("batch", "b"), ("report", 3), ("value", 80)]) == 134, "once")
    }

    @Test("FISH-28: a correction that is still too much stays a contradiction")
    func stillWrong() throws {
        let bench = FishBench()
        bench.farm()
        bench.run("weigh", [("batch", "b"), ("meanGrams", 10)])
        bench.run("recordFeed", [("batch", "b"), ("grams", 90_000)])
        #expect(bench.run("correct", [("batch", "b"), ("report", 1), ("value", 80_000)]) == nil)
        #expect(try report(bench, 1).verdict == .contradicted)
    }

    @Test("FISH-28: deaths against the harvest; who waits too long corrects nothing")
    func deaths() throws {
        let bench = FishBench()
        bench.farm()
        bench.run("recordMortality", [("batch", "b"), ("count", 50)])
        bench.run("weigh", [("batch", "b"), ("meanGrams", 400)])
        bench.run("harvest", [("batch", "b"), ("grams", 240_000)])
        let found = try report(bench, 1)
        #expect(found.verdict == .contradicted && found.stated == 50 && found.found == 400)
        bench.runner.time += ReportRecord.patience
        #expect(bench.run("correct", [("batch", "b"), ("report", 1), ("value", 390)]) == 134)
        let timely = FishBench()
        timely.farm()
        timely.run("weigh", [("batch", "b"), ("meanGrams", 400)])
        timely.run("harvest", [("batch", "b"), ("grams", 240_000)])
        #expect(timely.run("correct", [("batch", "b"), ("report", 1), ("value", 1001)]) == 142)
        #expect(timely.run("correct", [("batch", "b"), ("report", 1), ("value", 390)]) == nil)
        #expect(try report(timely, 1).verdict == .confirmed)
        #expect(try timely.runner.state.get(Fish.batches, "b")?.dead == 390)
        #expect(try timely.runner.violations() == [])
    }

    // MARK: Grades

    private func grade(fit: UInt64 = 60, clone: UInt64? = nil, byWord: Int = 0) throws -> DataGrade {
        let bench = FishBench()
        bench.farm()
        bench.water(days: 40, fit: 60)
        if fit < 60 {
            // As many days again, with fewer fit readings than a report needs.
            bench.water(days: 40 * (60 - fit) / fit, fit: 10)
        }
        if let clone {
            bench.runner.set(
                DevicesContract.lastEvents.key("probe/clone"),
                ["at": .unsigned(bench.runner.time - clone), "details": .bytes([]), "transaction": FishBench.hash])
        }
        for _ in 0..<byWord { bench.run("recordFeed", [("batch", "b"), ("grams", 1)]) }
        bench.share("bank")
        _ = bench.model("bank", FishBench.card("loan", cutoff: 1))
        bench.documents("o")
        #expect(bench.apply("l", order: "o") == nil)
        return try #require(try bench.loan("l")).grade
    }

    @Test(
        "FISH-18: data by devices without gaps are an A; 30 % gaps and a cloned device lower the grade, with the reason"
    )
    func grades() throws {
        let best = try grade()
        #expect(best.letter == "A" && best.reasons.isEmpty)
        let gaps = try grade(fit: 42)
        #expect(gaps.letter == "C" && gaps.reasons.first?.contains("29 %") == true, "\(gaps)")
        let cloned = try grade(clone: 86_400_000)
        #expect(cloned.letter == "D" && cloned.reasons == ["two devices send under the key of probe"])
        #expect(try grade(clone: 91 * 86_400_000).letter == "A", "long ago")
        let stated = try grade(byWord: 200)
        #expect(stated.letter == "C" && stated.reasons.first?.contains("attested devices") == true, "\(stated)")
    }
}
