import ContractKit
import FishFarmingContract
import Ledger
import TestSupport
import Testing

/// What follows a decision: objections, claims, exclusions; and what has to stand before one: terms and consent.
struct FishCaseTests {
    typealias Fish = FishFarmingContract
    private static let minute: UInt64 = 60_000
    private static let day: UInt64 = 86_400_000

    private func ready(
        loanCutoff: UInt64 = 250, coverCutoff: UInt64 = 100, exclusions: [(String, UInt64)] = []
    ) -> FishBench {
        let bench = FishBench()
        bench.farm()
        bench.run("recordFeed", [("batch", "b"), ("grams", 900), ("device", "feeder")], as: "gateway")
        bench.water(days: 40)
        for institution in ["bank", "insurer"] { bench.share(institution) }
        _ = bench.model("bank", FishBench.card("loan", cutoff: loanCutoff))
        _ = bench.model("insurer", FishBench.card("cover", cutoff: coverCutoff, exclusions: exclusions))
        bench.documents("o")
        return bench
    }

    // MARK: Terms

    @Test(
        "FISH-40: a signature is by the hash of the text in force, and nothing is shown to whose terms were not signed")
    func terms() throws {
        let bench = FishBench()
        func sign(_ version: String, _ document: CBOR) -> UInt64? {
            bench.run("signAgreement", [("provider", "service"), ("version", .text(version)), ("document", document)])
        }
        #expect(sign("1", FishBench.hash) == 100, "another text")
        #expect(sign("2", .hash(FishBench.terms)) == 101, "another version")
        #expect(try bench.runner.state.get(Fish.farms, "farmer") == nil)
        #expect(bench.run("allow", [("classes", FishBench.all)]) == 110)
        #expect(sign("1", .hash(FishBench.terms)) == nil)
        let signed = try #require(try bench.runner.state.get(TermsContract.signatures, "farmer/service/service"))
        #expect(signed.hash == FishBench.terms && signed.signer == "farmer")
        #expect(
            bench.run("share", [("institution", "bank"), ("classes", FishBench.all), ("until", .unsigned(1 << 50))])
                == 112)
    }

    @Test("FISH-9: who explained the terms is recorded by name, with the text that was explained")
    func assistance() throws {
        let bench = FishBench()
        func assist(_ hash: CBOR, _ farmer: String = "farmer", as id: String = "helper") -> UInt64? {
            bench.run(
                "assist",
                [("farmer", .text(farmer)), ("provider", "service"), ("hash", hash), ("language", "Swahili")], as: id)
        }
        #expect(assist(.hash(FishBench.terms), as: "stranger") == 5)
        #expect(assist(FishBench.hash) == 111)
        #expect(assist(.hash(FishBench.terms), "bank") == 3)
        #expect(assist(.hash(FishBench.terms)) == nil)
        let record = try #require(try bench.runner.state.get(Fish.assistance, "farmer"))
        #expect(record.worker == "helper" && record.hash == FishBench.terms && record.language == "Swahili")
        #expect(try bench.runner.state.get(Fish.farms, "farmer") == nil, "the farmer signs, not the helper")
    }

    // MARK: Objections

    private func object(_ bench: FishBench, _ kind: String, _ id: String) -> UInt64? {
        bench.run("object", [("kind", .text(kind)), ("id", .text(id)), ("why", "the probe was at repair")])
    }

    private func answer(
        _ bench: FishBench, _ key: String, isRevised: Bool, amount: CBOR = .null, as id: String
    ) -> UInt64? {
        bench.run(
            "answerObjection",
            [("case", .text(key)), ("revised", .bool(isRevised)), ("reason", "looked at again"), ("amount", amount)],
            as: id)
    }

    @Test("FISH-16: an objection opens a case; the officer lends what the model did not, to the same seller")
    func revisedLoan() throws {
        let bench = ready(loanCutoff: 390)
        bench.run("recordFeed", [("batch", "b"), ("grams", 2000)])
        #expect(bench.apply("l", order: "o") == nil)
        #expect(object(bench, "loan", "l") == 134, "there is no decision yet")
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        #expect(try bench.loan("l")?.stage == .refused)
        #expect(object(bench, "loan", "l") == nil)
        #expect(object(bench, "loan", "l") == 8, "one objection to one decision")
        let key = "loan/farmer/l"
        #expect(answer(bench, key, isRevised: true, amount: 20_000, as: "bank2") == 5)
        #expect(answer(bench, key, isRevised: true, as: "bank") == 2, "how much?")
        #expect(answer(bench, key, isRevised: true, amount: 50_001, as: "bank") == 3)
        #expect(answer(bench, key, isRevised: true, amount: 20_000, as: "bank") == nil)
        let offered = try #require(try bench.loan("l"))
        #expect(offered.stage == .offered && offered.amount == 20_000)
        let record = try #require(try bench.runner.state.get(Fish.objections, key))
        #expect(record.stage == .revised && record.answeredBy == "bank" && record.reason == "looked at again")
        #expect(answer(bench, key, isRevised: false, as: "bank") == 134)
        #expect(try bench.runner.violations() == [])
        #expect(bench.run("accept", [("id", "l")]) == nil)
        #expect(try bench.balance("supplier") == 20_000)
        #expect(try bench.runner.violations() == [])
    }

    @Test("FISH-16: an order that went elsewhere meanwhile is not lent on twice")
    func orderGone() throws {
        let bench = ready(loanCutoff: 390)
        bench.run("recordFeed", [("batch", "b"), ("grams", 2000)])
        _ = bench.apply("l", order: "o")
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        #expect(object(bench, "loan", "l") == nil)
        #expect(bench.apply("m", order: "o") == nil)
        #expect(answer(bench, "loan/farmer/l", isRevised: true, amount: 20_000, as: "bank") == 132)
        #expect(try bench.runner.state.get(Fish.objections, "loan/farmer/l")?.stage == .open)
        #expect(try bench.runner.violations() == [])
    }

    @Test("FISH-16: a larger offer takes the place of the first, and the money set aside is the larger")
    func revisedOffer() throws {
        let bench = ready()
        // Eleven days are a short history here, so the model offers less.
        let thin = FishBench()
        thin.farm()
        thin.water(days: 11)
        thin.share("bank")
        _ = thin.model("bank", FishBench.card("loan", cutoff: 100))
        thin.documents("o")
        _ = thin.apply("l", order: "o")
        thin.run("decide", [("loan", "farmer/l")], as: "bank")
        #expect(try thin.loan("l")?.amount == 20_000)
        #expect(object(thin, "loan", "l") == nil)
        #expect(answer(thin, "loan/farmer/l", isRevised: true, amount: 45_000, as: "bank") == nil)
        #expect(try thin.loan("l")?.amount == 45_000)
        #expect(try thin.balance("bank") == 955_000)
        #expect(try thin.runner.violations() == [])
        try thin.runner.advance(to: thin.runner.time + Fish.offerTerm)
        #expect(try thin.loan("l")?.stage == .lapsed)
        #expect(try thin.balance("bank") == 1_000_000)
        #expect(try bench.runner.violations() == [])
    }

    @Test("FISH-16: who does not answer in time is told of, and can still answer")
    func late() throws {
        let bench = ready(loanCutoff: 500)
        _ = bench.apply("l", order: "o")
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        #expect(object(bench, "loan", "l") == nil)
        let key = "loan/farmer/l"
        try bench.runner.advance(to: bench.runner.time + Fish.answerTerm - 1)
        #expect(try bench.runner.state.get(Fish.objections, key)?.isLate == false)
        try bench.runner.advance(to: bench.runner.time + 1)
        #expect(try bench.runner.state.get(Fish.objections, key)?.isLate == true)
        #expect(bench.runner.events.contains { $0.name == "objectionLate" && $0.subject == key })
        #expect(answer(bench, key, isRevised: false, as: "bank") == nil)
        #expect(object(bench, "loan", "l") == 8, "what was upheld stays so")
    }

    @Test("FISH-16: messages of a case are for its two parties")
    func messages() throws {
        let bench = ready(loanCutoff: 500)
        _ = bench.apply("l", order: "o")
        bench.run("decide", [("loan", "farmer/l")], as: "bank")
        _ = object(bench, "loan", "l")
        func say(_ readers: [String], as id: String) -> UInt64? {
            let sealed = readers.map { SealedWords(reader: $0, box: Bytes(repeating: 1, count: 60)).cbor }
            return bench.run(
                "say", [("case", "loan/farmer/l"), ("text", FishBench.hash), ("sealed", .array(sealed))], as: id)
        }
        #expect(say(["farmer", "bank"], as: "bank") == nil)
        #expect(say(["farmer", "bank"], as: "farmer") == nil)
        #expect(say(["farmer", "bank2"], as: "farmer") == 3)
        #expect(say(["farmer", "bank"], as: "bank2") == 5)
    }

    // MARK: Exclusions and claims

    private func insured(_ exclusions: [(String, UInt64)]) throws -> FishBench {
        let bench = ready(exclusions: exclusions)
        #expect(
            bench.run("requestCover", [("id", "c"), ("model", "insurer/m/1"), ("batch", "b"), ("sum", 50_000)]) == nil)
        #expect(bench.run("quote", [("cover", "farmer/c")], as: "insurer") == nil)
        #expect(bench.run("bind", [("id", "c")]) == nil)
        return bench
    }

    /// An hour below the trigger, beginning so long after now.
    private func loss(_ bench: FishBench, after wait: UInt64 = 0) {
        let start = bench.runner.time + wait
        bench.runner.time = start + 60 * Self.minute
        bench.report(from: start, to: start + 60 * Self.minute, mean: 150)
    }

    /// The pond has 1000 fish on 1000 m², so 100 on 100 m².
    private static let excluded: [(exclusion: (String, UInt64), event: String)] = [
        (("waiting", 24), "none"), (("density", 99), "none"), (("advice", 48), "risk"),
        (("unanswered", 30), "alarm"),
    ]
    private static let covered: [(exclusion: (String, UInt64), event: String)] = [
        (("waiting", 0), "none"), (("density", 100), "none"), (("advice", 48), "none"), (("advice", 48), "done"),
        (("unanswered", 30), "none"), (("unanswered", 30), "answered"), (("unanswered", 90), "alarm"),
    ]

    private func happen(_ event: String, _ bench: FishBench) {
        switch event {
        case "risk", "done":
            bench.run(
                "reportRisk", [("farmer", "farmer"), ("id", "r"), ("finding", "mud"), ("advice", "lift")],
                as: "service")
            if event == "done" { bench.run("riskDone", [("id", "r")]) }
            bench.runner.time += 49 * 60 * Self.minute
        case "alarm", "answered":
            bench.run("raiseAlarm", [("pond", "p"), ("alarm", "a"), ("words", "low")], as: "gateway")
            if event == "answered" { bench.run("acknowledge", [("pond", "p"), ("alarm", "a")]) }
        default: break
        }
    }

    @Test(
        "FISH-8: the contract stops the index by an exclusion, names it, and keeps the money aside", arguments: excluded
    )
    func stops(_ exclusion: (String, UInt64), _ event: String) throws {
        let bench = try insured([exclusion])
        happen(event, bench)
        loss(bench)
        let cover = try #require(try bench.cover("c"))
        #expect(cover.stage == .excluded && cover.paid == 0)
        #expect(cover.exclusion?.isEmpty == false)
        #expect(bench.runner.events.contains { $0.name == "indexExcluded" })
        #expect(try bench.balance("farmer") == 97_500)
        #expect(try bench.runner.violations() == [])
        try bench.runner.advance(to: bench.runner.time + 101 * Self.day)
        #expect(try bench.balance("insurer") == 1_002_500, "and gives it back at the end")
    }

    @Test("FISH-8: where no exclusion holds the index pays", arguments: covered)
    func pays(_ exclusion: (String, UInt64), _ event: String) throws {
        let bench = try insured([exclusion])
        happen(event, bench)
        loss(bench)
        let cover = try #require(try bench.cover("c"))
        #expect(cover.stage == .paid && cover.exclusion == nil && cover.paid == 30_000)
    }

    @Test("FISH-8, FISH-16: a person of the insurer may pay in spite of an exclusion, and the record says so")
    func overruled() throws {
        let bench = try insured([("waiting", 24)])
        loss(bench)
        #expect(
            bench.run(
                "payAudit",
                [("cover", "farmer/c"), ("amount", 1000), ("finding", "dead fish"), ("report", FishBench.hash)],
                as: "auditor") == 134)
        #expect(object(bench, "cover", "c") == nil)
        #expect(answer(bench, "cover/farmer/c", isRevised: true, as: "insurer") == nil)
        let cover = try #require(try bench.cover("c"))
        #expect(cover.stage == .paid && cover.paid == 30_000 && cover.isOverruled && cover.exclusion != nil)
        #expect(try bench.balance("farmer") == 127_500)
        #expect(try bench.runner.violations() == [])
    }

    @Test("FISH-8: a claim is paid or declined with a reason; an exclusion stops an audit too")
    func claims() throws {
        let bench = try insured([("density", 99)])
        func claim() -> UInt64? { bench.run("claim", [("id", "c"), ("dead", 400), ("words", "they lay on top")]) }
        func pay() -> UInt64? {
            bench.run(
                "payAudit",
                [("cover", "farmer/c"), ("amount", 1000), ("finding", "counted"), ("report", FishBench.hash)],
                as: "auditor")
        }
        func decline(as id: String) -> UInt64? {
            bench.run("declineClaim", [("cover", "farmer/c"), ("reason", "too many fish")], as: id)
        }
        #expect(decline(as: "auditor") == 7)
        #expect(claim() == nil)
        #expect(claim() == 8)
        #expect(pay() == 144)
        #expect(decline(as: "insurer") == 5)
        #expect(decline(as: "auditor") == nil)
        #expect(decline(as: "auditor") == 134)
        #expect(try bench.runner.state.get(Fish.claims, "farmer/c")?.reason == "too many fish")
        #expect(object(bench, "cover", "c") == nil)
        #expect(answer(bench, "cover/farmer/c", isRevised: true, as: "insurer") == nil)
        #expect(try bench.runner.state.get(Fish.claims, "farmer/c")?.stage == .waiting)
        #expect(pay() == nil)
        let paid = try #require(try bench.runner.state.get(Fish.claims, "farmer/c"))
        #expect(paid.stage == .paid && paid.amount == 1000 && paid.decidedBy == "auditor")
        #expect(try bench.runner.violations() == [])
    }

    // MARK: Nights

    @Test("FISH-20: what was said of a night stays said; what came is told once, by the pond's gateway")
    func nights() throws {
        let bench = ready()
        func forecast(_ expected: UInt64, as id: String = "gateway") -> UInt64? {
            bench.run(
                "forecastNight",
                [
                    ("pond", "p"), ("night", 7), ("expected", .unsigned(expected)), ("band", 30), ("midnight", 480),
                ], as: id)
        }
        func dawn(as id: String = "gateway") -> UInt64? {
            bench.run("tellDawn", [("pond", "p"), ("night", 7), ("measured", 325), ("isAerated", false)], as: id)
        }
        #expect(dawn() == 7)
        #expect(forecast(310, as: "farmer") == 5)
        #expect(forecast(310) == nil)
        #expect(forecast(325) == 8, "nobody changes what was said")
        #expect(dawn(as: "farmer") == 5)
        #expect(dawn() == nil)
        #expect(dawn() == 134)
        let night = try #require(try bench.runner.state.get(Fish.nights, Fish.night("p", 7)))
        #expect(night.expected == 310 && night.measured == 325 && night.midnight == 480)
        bench.run("withdraw", [("classes", ["water"])])
        #expect(
            bench.run(
                "forecastNight",
                [("pond", "p"), ("night", 8), ("expected", 1), ("band", 1), ("midnight", 1)], as: "gateway") == 120)
    }
}
