import ChattelMortgageContract
import ChattelMortgageSimulator
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// Table 10 of ISO/IEC TR 30176:2021, step by step against a running node: from a pallet on a scale to a watched loan.
///
/// It runs on any node any number of times: each run has its own halls. It shows two refusals that must happen: a receipt
/// for goods that the scale does not see, and the second bank's pledge.
struct ChattelScenario: Sendable {
    typealias People = ChattelMortgage.People
    typealias Arguments = [(String, Value)]

    static let kind = "copper-cathode"
    /// Minor units for a tonne: EUR 8,400.
    static let price: UInt64 = 840_000

    let stage: Stage
    let field: GoodsField
    let sensors: GoodsField.Sensors
    let run = String(UInt32.random(in: 0x1000...0xFFFF_FFFF), radix: 36, uppercase: true)

    var sites: GoodsField.Sites { sensors.sites }
    var world: World { sensors.world }
    var lot: String { "CU-\(run)" }
    var otherLot: String { "CU2-\(run)" }
    var receipt: String { "\(sites.north)-1" }
    var loan: String { "LOAN-\(run)" }

    func run() async throws {
        try await prepare()
        try await sense()
        try await declare()
        try await refuseUnseen()
        try await issue()
        try await apply()
        try await status()
        try await decide()
        try await refuseSecondBank()
        try await WatchSteps(scenario: self).run()
    }

    // MARK: Before the table: sites, prices, rules, money

    private func prepare() async throws {
        for (id, name, kind, place, monitor) in [
            (sites.north, "North hall", "hall", "Port of Hamburg, shed 52", People.monitor),
            (sites.south, "South hall", "hall", "Harburg, shed 7", People.otherMonitor),
            (sites.truck, "Truck 7", "truck", "On the road", People.monitor),
        ] {
            try await record(
                "T10.0", "Monitoring organisation", "registerSite",
                [
                    ("site", .text(id)), ("gateway", .text(People.gateway)), ("name", .text(name)),
                    ("place", .text(place)), ("licence", "DE-WH-0417"), ("kind", .text(kind)),
                ], about: "site:\(id)", "\(name), with its gateway", as: monitor)
        }
        try await record(
            "T10.0", "Price source", "price", priceArguments(Self.price), about: "price:\(Self.kind)",
            "EUR 8,400.00 a tonne of copper cathodes", as: People.exchange)
        for bank in [People.bank, People.otherBank] {
            try await record(
                "T10.0", "Bank", "setPolicy",
                [
                    ("haircut", 200), ("ratio", 700), ("marginRatio", 700), ("cure", 86_400_000),
                    ("concentration", 500_000_000), ("kinds", [.text(Self.kind)]),
                ], about: "bank:\(bank)", "haircut 20 %, 70 % lent of the rest, margin call above 70 %", as: bank)
        }
        try await stage.require(
            Ledger.Operation(
                "wallet", "issue", [("to", .text(People.bank)), ("amount", 100_000_000), ("currency", "EUR")]),
            as: People.clearing, about: People.bank)
    }

    func priceArguments(_ price: UInt64) -> Arguments {
        [
            ("kind", .text(Self.kind)), ("perTonne", .unsigned(price)), ("currency", "EUR"),
            ("source", "Metal Exchange, settlement"), ("at", .unsigned(now())),
        ]
    }

    // MARK: T10.1 and T10.2

    private func sense() async throws {
        world.put((1...40).map { .copper(tag: "\(lot).\($0)") }, in: "\(sites.north).A1")
        world.put((1...24).map { .copper(tag: "\(otherLot).\($0)") }, in: "\(sites.north).A2")
        let scale = try Sensor(.scale, site: sites.north, bay: "A1")
        let sequence = try await sensors.field.report(scale)
        let proof = try await StageEvidence(stage).reading(of: scale.urn.text, sequence: sequence)
        stage.report(
            ScenarioStep(
                step: "T10.1", producer: "Sensor node \(scale.urn.text)", receiver: "IoT gateway",
                exchanged: "signed SenML, message \(sequence): weight", transactionId: proof.batch.hex,
                blockHeight: proof.height, finalityMs: nil, receiptVerified: proof.verified))
        stage.report(
            ScenarioStep(
                step: "T10.2", producer: "IoT gateway", receiver: "Platform",
                exchanged: "sealed batch of signed readings with its Merkle root", transactionId: proof.batch.hex,
                blockHeight: proof.height, finalityMs: proof.milliseconds, receiptVerified: proof.verified))
        try await seen("A1", atLeast: 99_900_000, "40 bundles moved in: one event, 100 t, 40 tags")
        try await seen("A2", atLeast: 59_900_000, "24 bundles moved in: one event, 60 t, 24 tags")
    }

    /// Waits until the gateway's analysis has told a bay's weight.
    private func seen(_ bay: String, atLeast grams: UInt64, _ words: String) async throws {
        let start = ContinuousClock.now
        let found = try await wait("chattel/bays/\(sites.north)/\(bay)") {
            number($0, "grams") >= grams && number($0, "length") > 0 && number($0, "count") > 0
        }
        stage.report(
            ScenarioStep(
                step: "T10.2", producer: "IoT gateway", receiver: "Platform", exchanged: "bay \(bay): \(words)",
                transactionId: found.value["transaction"] as? String, blockHeight: found.height,
                finalityMs: (ContinuousClock.now - start).milliseconds, receiptVerified: found.isProven))
    }

    // MARK: Declaration, inspection, receipt

    private func declareArguments(_ lot: String, bay: String, tonnes: UInt64, count: UInt64) -> Arguments {
        let tags = (1...count).map { Value.text("\(lot).\($0)") }
        return [
            ("lot", .text(lot)), ("site", .text(sites.north)), ("bay", .text(bay)), ("kind", .text(Self.kind)),
            ("class", "Grade A"), ("specification", "Copper cathodes, 99.99 % Cu"),
            ("grams", .unsigned(tonnes * 1_000_000)), ("count", .unsigned(count)), ("densityLeast", 6500),
            ("densityMost", 8960), ("tags", .array(tags)), ("sealed", true),
        ]
    }

    private func declare() async throws {
        try await record(
            "T10.3", "Enterprise", "declare", declareArguments(lot, bay: "A1", tonnes: 100, count: 40),
            about: "lot:\(lot)", "declaration: 100 t of copper cathodes in bay A1")
        try await record(
            "T10.3", "Enterprise", "declare", declareArguments(otherLot, bay: "A2", tonnes: 100, count: 40),
            about: "lot:\(otherLot)", "declaration: 100 t in bay A2, where 60 t lie")
        for name in [lot, otherLot] { try await inspect(name) }
    }

    private func inspect(_ name: String) async throws {
        try await record(
            "T10.3", "Inspector", "inspect",
            [("lot", .text(name)), ("grade", "Cu-CATH-1"), ("certificate", .hash(Hash32.sha256(Bytes(name.utf8))))],
            about: "lot:\(name)", "inspection of sealed goods: Cu-CATH-1", as: People.inspector)
    }

    private func issueArguments(_ number: String, _ lot: String) -> Arguments {
        [
            ("number", .text(number)), ("lot", .text(lot)), ("deliveryTerm", "To the order of the holder"),
            ("negotiable", true), ("charges", "Storage EUR 0.40 a tonne and day"), ("insurance", .null),
        ]
    }

    private func refuseUnseen() async throws {
        try await refused(
            "E1", "Monitoring organisation", "issueReceipt", issueArguments(receipt, otherLot),
            about: "receipt:\(receipt)", "a receipt for 100 t where the scale sees 60 t", code: "chattel-111",
            as: People.monitor)
    }

    private func issue() async throws {
        try await record(
            "T10.3", "Monitoring organisation", "issueReceipt", issueArguments(receipt, lot),
            about: "receipt:\(receipt)", "receipt \(receipt): scale, contour and tags agree with the declaration",
            as: People.monitor)
        try await record(
            "T10.3", "Enterprise", "declare", declareArguments(otherLot, bay: "A2", tonnes: 60, count: 24),
            about: "lot:\(otherLot)", "declaration corrected: 60 t in bay A2")
        try await inspect(otherLot)
    }

    // MARK: T10.3 to T10.6

    func applicationArguments(_ id: String, bank: String) -> Arguments {
        [
            ("application", .text(id)), ("bank", .text(bank)), ("receipts", [.text(receipt)]), ("amount", 35_000_000),
            ("currency", "EUR"), ("days", 90), ("purpose", "Working capital for order PO-7731"),
            ("orders", ["PO-7731"]), ("ordersValue", 91_000_000),
            ("documents", .hash(Hash32.sha256(Bytes("basic information and order PO-7731".utf8)))),
        ]
    }

    private func apply() async throws {
        try await record(
            "T10.3", "APP/enterprise", "draft", applicationArguments(loan, bank: People.bank),
            about: "application:\(loan)", "loan request, EUR 350,000.00 for order PO-7731")
        try await record(
            "T10.3", "APP/enterprise", "submit", [("application", .text(loan))], about: "application:\(loan)",
            "loan request sent", to: "Portal/bank")
    }

    private func status() async throws {
        try await refused(
            "E2", "Monitoring organisation", "report", [("application", .text(loan))], about: "application:\(loan)",
            "status data without consent and authority", code: "chattel-130", as: People.monitor)
        let until = Value.unsigned(now() + 90 * 86_400_000)
        try await record(
            "T10.4", "Enterprise", "consent", [("application", .text(loan)), ("until", until)],
            about: "application:\(loan)", "consent to tell the bank, for 90 days")
        try await record(
            "T10.4", "Portal/bank", "authorise",
            [("application", .text(loan)), ("monitor", .text(People.monitor)), ("until", until)],
            about: "application:\(loan)", "request for status data, bound to this application", as: People.bank)
        try await record(
            "T10.5", "Platform", "report", [("application", .text(loan))], about: "application:\(loan)",
            "status report: weight, value, evidence grade, alarms", as: People.monitor, to: "Portal/bank")
        try await proveOrder()
    }

    /// The proof of the order, checked by the bank alone: the receipt in the state, the measurement under it, and that no
    /// pledge lies under its number at this height.
    private func proveOrder() async throws {
        let start = ContinuousClock.now
        let bank = StageEvidence(try stage.seen(by: People.bank))
        let state = try await bank.state("chattel/receipts/\(receipt)")
        let pledge = try await bank.state("chattel/pledges/\(receipt)")
        guard let evidence = (state.value?["evidence"] as? String).flatMap({ Hash32(hex: $0) }), pledge.value == nil
        else { throw ScenarioError("the receipt \(receipt) names no measurement, or is pledged") }
        let bundle = try await stage.seen(by: People.bank).node.get("/api/v1/evidence/receipt?number=\(receipt)")
        let verdict = EvidenceVerifier.verify(bundle, expectedLedger: stage.node.ledger)
        let records = try EvidenceBundle(decoding: bundle).records.count
        stage.report(
            ScenarioStep(
                step: "T10.5", producer: "Platform", receiver: "Portal/bank",
                exchanged:
                    "proof of the order: \(records) records with the measurement, and not pledged at height \(pledge.height)",
                transactionId: evidence.hex, blockHeight: pledge.height,
                finalityMs: (ContinuousClock.now - start).milliseconds,
                receiptVerified: state.isProven && pledge.isProven && verdict.passed))
    }

    private func decide() async throws {
        try await record(
            "T10.6", "Portal/bank", "decide",
            [
                ("application", .text(loan)), ("approved", true), ("reason", "Goods and order cover the loan"),
                ("amount", 35_000_000),
            ], about: "application:\(loan)",
            "approved: EUR 350,000.00 of at most EUR 470,400.00; pledged and paid at once",
            as: People.bank, to: "APP/enterprise")
        let pledge = try await StageEvidence(stage).state("chattel/receipts/\(receipt)")
        guard pledge.value?["loan"] as? String == loan, pledge.value?["holder"] as? String == People.bank else {
            throw ScenarioError("the decision did not pledge \(receipt)")
        }
    }

    // MARK: The refusal

    private func refuseSecondBank() async throws {
        let second = "SECOND-\(run)"
        let about = "application:\(second)"
        let until = Value.unsigned(now() + 86_400_000)
        let steps: [(String, String, Arguments)] = [
            (People.enterprise, "draft", applicationArguments(second, bank: People.otherBank)),
            (People.enterprise, "submit", [("application", .text(second))]),
            (People.enterprise, "consent", [("application", .text(second)), ("until", until)]),
            (
                People.otherBank, "authorise",
                [("application", .text(second)), ("monitor", .text(People.monitor)), ("until", until)]
            ), (People.monitor, "report", [("application", .text(second))]),
        ]
        for (who, name, arguments) in steps {
            try await stage.require(operation(name, arguments), as: who, about: about)
        }
        try await refused(
            "E3", "Second bank", "decide",
            [("application", .text(second)), ("approved", true), ("reason", "Looks good"), ("amount", 35_000_000)],
            about: about, "a second loan on the same receipt", code: "chattel-140", as: People.otherBank)
    }
}
