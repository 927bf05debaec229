import ContractKit
import FishFarmingContract
import FishFarmingSimulator
import Foundation
import Ledger
import UseCaseKit

/// Steps 7 to 9 of table 7: consent, models, documents, decisions, payouts; and what must be refused.
struct FinanceSteps: Sendable {
    let scenario: FishScenario

    private var run: String { scenario.run }
    private var farmer: String { scenario.farmer }

    func run() async throws {
        try await money()
        try await history()
        try await models()
        try await consent()
        let loan = try await borrow()
        try await secondBank()
        try await insure()
        try await refuse(loan)
    }

    private func money() async throws {
        for (payee, amount) in [
            ("rural-bank", 5_000_000), ("city-bank", 5_000_000), ("harvest-mutual", 5_000_000), (farmer, 300_000),
        ]
            as [(String, UInt64)]
        {
            try await scenario.fish.must(
                "issue", [("to", .text(payee)), ("amount", .unsigned(amount)), ("currency", "XPT")],
                as: FishStage.registrar, about: payee, contract: "wallet")
        }
    }

    /// A second pond whose 40 days of reports are replayed from the pond model, so that the farm has a record.
    private func history() async throws {
        let pond = "replay-\(run)"
        let devices = try scenario.fish.configuration(interval: 1, acceleration: 1).devices
        func urn(_ kind: PondDevice.Kind) -> CBOR { .text(devices.first { $0.kind == kind }?.urn.text ?? "") }
        try await scenario.fish.must(
            "registerPond",
            [
                ("pond", .text(pond)), ("species", "Nile tilapia"), ("squareMetres", 2500),
                ("gateway", .text(FishStage.gateway)), ("probe", urn(.secondProbe)), ("aerators", .array([])),
                ("on", 300), ("off", 500), ("alarm", 200), ("shortest", 3000),
            ], about: "pond:\(pond)")
        var water = PondModel(oxygen: 6.5)
        water.respiration = 0.36
        let end = scenario.now() - 7_200_000
        let length: UInt64 = 6 * 3_600_000
        var last: Stage.Performed?
        for index in 0..<160 as Range<UInt64> {
            let from = end - (160 - index) * length
            var values: [Double] = []
            for part in 0..<12 {
                water.running = water.oxygen < 3.2 ? 1 : 0
                water.advance(hour: Double((index * 6) % 24) + Double(part) / 2, seconds: 1800)
                values.append(water.oxygen)
            }
            last = try await report(
                pond, from: from, to: from + length, low: values.min() ?? 0,
                mean: values.reduce(0, +) / Double(values.count), high: values.max() ?? 0)
        }
        if let last {
            try await scenario.stage.show(
                "T7.2", "IoT gateway", "Platform",
                "40 days of water reports of a second pond, replayed from the pond model",
                last)
        }
    }

    @discardableResult
    private func report(
        _ pond: String, from: UInt64, to: UInt64, low: Double, mean: Double, high: Double
    ) async throws -> Stage.Performed {
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((value * 100).rounded())) }
        return try await scenario.fish.must(
            "reportWater",
            [
                ("pond", .text(pond)), ("from", .unsigned(from)), ("to", .unsigned(to)), ("low", hundredths(low)),
                ("mean", hundredths(mean)), ("high", hundredths(high)), ("samples", 72), ("fit", 72),
            ], as: FishStage.gateway, about: "pond:\(pond)")
    }

    /// T7.8, first half: institutions sign their models.
    private func models() async throws {
        for (institution, name, card) in [
            ("rural-bank", "Rural Bank", DemoModels.ruralBank), ("city-bank", "City Bank", DemoModels.cityBank),
            ("harvest-mutual", "Insurer", DemoModels.insurer),
        ] {
            try await scenario.record(
                "T7.8", name, "publishModel",
                [("name", .text("card-\(run)")), ("version", 1), ("card", .bytes(card.encoded()))], as: institution,
                about: institution, to: "Portal", "signed scorecard card-\(run), version 1")
        }
    }

    private func consent() async throws {
        for institution in ["rural-bank", "city-bank", "harvest-mutual"] {
            try await scenario.record(
                "T7.7", "Farmer", "sign", try await scenario.fish.financeTerms(of: institution), about: farmer,
                to: institution, contract: TermsContract.contractName, "terms of \(institution), read and signed")
            try await scenario.record(
                "T7.7", "Farmer", "share",
                [
                    ("institution", .text(institution)),
                    ("classes", .array(DataClass.allCases.map { .text($0.rawValue) })),
                    ("until", .unsigned(scenario.now() + FishStage.term)),
                ], about: farmer, to: institution, "consent for \(institution) to use five classes of data for a year")
        }
    }

    private func documents(_ order: String) async throws {
        try await scenario.record(
            "T7.7", "Farmer", "order",
            [
                ("order", .text(order)), ("seller", "delta-feeds"), ("amount", 100_000), ("goods", "Feed 32 %, 2 t"),
                ("document", .hash(Hash32.sha256(Bytes("order \(order)".utf8)))),
            ], about: "order:\(order)", "purchase order for 2 t of feed")
        try await scenario.record(
            "T7.7", "Feed supplier", "confirmOrder", [("order", .text(order))], as: "delta-feeds",
            about: "order:\(order)", "confirms the order")
        try await scenario.record(
            "T7.7", "Farmer", "entrust",
            [("order", .text(order)), ("document", .hash(Hash32.sha256(Bytes("payment \(order)".utf8))))],
            about: "order:\(order)", "entrusted payment agreement: the loan goes to the seller")
    }

    private func application(_ id: String, _ bank: String, _ order: String) -> FishScenario.Arguments {
        [
            ("id", .text(id)), ("model", .text("\(bank)/card-\(run)/1")), ("order", .text(order)),
            ("batch", .text(scenario.batch)), ("amount", 90_000),
        ]
    }

    /// T7.7 to T7.9.
    private func borrow() async throws -> String {
        try await documents("PO-\(run)")
        let loan = "\(farmer)/L-\(run)"
        let applied = ContinuousClock.now
        try await scenario.record(
            "T7.7", "Platform", "apply", application("L-\(run)", "rural-bank", "PO-\(run)"), about: "loan:\(loan)",
            to: "Portal", "application over 900.00 XPT with the applicant's analysed data, frozen as inputs")
        let before = try await balance("delta-feeds")
        let decision = try await scenario.record(
            "T7.8", "Portal", "decide", [("loan", .text(loan))], as: "rural-bank", about: "loan:\(loan)",
            to: "Rural Bank", "credit data through the bank's model")
        let decided = try await scenario.state("loans/\(loan)")
        let seconds = (ContinuousClock.now - applied).milliseconds / 1000
        guard decided["stage"] as? String == "offered" else {
            throw ScenarioError("the loan was not offered: \(decided)")
        }
        try await scenario.stage.show(
            "T7.9", "Rural Bank", "Farmer",
            "offer, score \(decided["score"] ?? ""), \(String(format: "%.1f", seconds)) s after the application; "
                + "reasons: \(reasons(decided))", decision)
        try await scenario.record(
            "T7.9", "Farmer", "accept", [("id", .text("L-\(run)"))], about: "loan:\(loan)", to: "Seller",
            "accepts: 900.00 XPT to the seller of the feed, and to nobody else")
        let paid = try await balance("delta-feeds") - before
        guard paid == 90_000 else { throw ScenarioError("the seller got \(paid) instead of 90000") }
        try await scenario.record(
            "T7.9", "Farmer", "repay", [("id", .text("L-\(run)")), ("amount", 30_000)], about: "loan:\(loan)",
            to: "Rural Bank", "first repayment of 300.00 XPT")
        let owed = try await scenario.state("loans/\(loan)")["owed"] as? NSNumber
        guard owed?.intValue == 65_400 else { throw ScenarioError("\(owed ?? 0) is owed instead of 65400") }
        return loan
    }

    /// Another bank with another model gives another answer on the same data, with its reasons.
    private func secondBank() async throws {
        try await documents("PO2-\(run)")
        let loan = "\(farmer)/M-\(run)"
        try await scenario.record(
            "T7.7", "Platform", "apply", application("M-\(run)", "city-bank", "PO2-\(run)"), about: "loan:\(loan)",
            to: "Portal", "the same data to another bank")
        let decision = try await scenario.record(
            "T7.8", "Portal", "decide", [("loan", .text(loan))], as: "city-bank", about: "loan:\(loan)",
            to: "City Bank",
            "credit data through this bank's model")
        let decided = try await scenario.state("loans/\(loan)")
        guard decided["stage"] as? String == "refused" else {
            throw ScenarioError("City Bank decided \(decided["stage"] ?? "")")
        }
        try await scenario.stage.show(
            "T7.9", "City Bank", "Farmer", "no loan, score \(decided["score"] ?? ""); reasons: \(reasons(decided))",
            decision)
        try await CaseSteps(scenario: scenario).objection(to: loan)
    }

    /// Insurance of a batch in the replayed pond, and an hour of low oxygen that pays by contract.
    private func insure() async throws {
        let (cover, batch, pond) = ("\(farmer)/C-\(run)", "R-\(run)", "replay-\(run)")
        try await scenario.fish.must(
            "stock",
            [
                ("batch", .text(batch)), ("pond", .text(pond)), ("species", "Nile tilapia"),
                ("supplier", "delta-feeds"),
                ("count", 5000), ("certificate", .hash(Hash32.sha256(Bytes(batch.utf8)))),
            ], about: "batch:\(batch)")
        try await scenario.record(
            "T7.7", "Platform", "requestCover",
            [
                ("id", .text("C-\(run)")), ("model", .text("harvest-mutual/card-\(run)/1")), ("batch", .text(batch)),
                ("sum", 200_000),
            ], about: "cover:\(cover)", to: "Portal", "request for cover of 2,000.00 XPT with the applicant's data")
        try await scenario.record(
            "T7.8", "Portal", "quote", [("cover", .text(cover))], as: "harvest-mutual", about: "cover:\(cover)",
            to: "Insurer", "credit data through the insurer's model")
        let quoted = try await scenario.state("covers/\(cover)")
        try await scenario.record(
            "T7.9", "Insurer", "bind", [("id", .text("C-\(run)"))], about: "cover:\(cover)", to: "Farmer",
            "premium \(money(quoted["basic"])) and \(money(quoted["loading"])) for risk paid; pays below 2.0 mg/L for an hour"
        )
        let before = try await balance(farmer)
        let end = scenario.now()
        let performed = try await report(
            pond, from: end - 3_600_000, to: end, low: 0.8, mean: 1.3, high: 1.9)
        let paid = try await balance(farmer) - before
        guard paid == 120_000 else { throw ScenarioError("the index paid \(paid) instead of 120000") }
        try await scenario.stage.show(
            "E1", "Smart contract", "Farmer",
            "an hour below 2.0 mg/L, replayed: the index pays 1,200.00 XPT at once, without a claim", performed)
    }

    /// What must be refused.
    private func refuse(_ loan: String) async throws {
        try await scenario.refused(
            "E2", "Farmer", "Platform", "apply", application("D-\(run)", "rural-bank", "PO-\(run)"),
            about: "loan:\(loan)",
            code: "fish-132", "a purchase order for the second time")
        try await documents("PO3-\(run)")
        try await scenario.record(
            "E3", "Farmer", "endShare", [("institution", "rural-bank")], about: farmer, to: "Rural Bank",
            "consent withdrawn; the bank is told of the gap")
        try await scenario.refused(
            "E3", "Farmer", "Rural Bank", "apply", application("W-\(run)", "rural-bank", "PO3-\(run)"),
            about: "loan:\(farmer)/W-\(run)", code: "fish-130", "a loan against withdrawn consent")
    }

    private func reasons(_ record: [String: Any]) -> String {
        (record["reasons"] as? [String] ?? []).joined(separator: "; ")
    }

    private func money(_ minor: Any?) -> String { FishWork.money((minor as? NSNumber)?.uint64Value ?? 0) }

    private func balance(_ participant: String) async throws -> Int {
        let key =
            "wallet/accounts/XPT/\(participant)".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let state = try await scenario.stage.node.json(
            "/api/v1/ledgers/\(scenario.stage.node.ledger.hex)/state?key=\(key)")
        // An account without limit or freeze is its balance alone.
        let decoded = state["decoded"]
        return (decoded as? NSNumber)?.intValue ?? ((decoded as? [String: Any])?["balance"] as? NSNumber)?.intValue ?? 0
    }
}
