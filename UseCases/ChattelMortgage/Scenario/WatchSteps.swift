import ChattelMortgageContract
import ChattelMortgagePages
import ChattelMortgageSimulator
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// Table 10, step 7: what is pledged is watched in the hall, on the road and at the market.
struct WatchSteps: Sendable {
    typealias People = ChattelMortgage.People

    let scenario: ChattelScenario

    private var sites: GoodsField.Sites { scenario.sites }
    private var world: World { scenario.world }
    private var lotKey: String { "chattel/lots/\(scenario.lot)" }

    func run() async throws {
        try await moveOut()
        try await unplug()
        try await drive()
        try await market()
        try await ownership()
    }

    // MARK: In the hall

    /// The bank lets 4 bundles go; 6 leave.
    private func moveOut() async throws {
        try await scenario.record(
            "T10.7", "Portal/bank", "release", [("receipt", .text(scenario.receipt)), ("grams", 10_000_000)],
            about: "receipt:\(scenario.receipt)", "release of 10 t approved", as: People.bank)
        let told = try await measurements()
        let start = ContinuousClock.now
        let stolen = world.take(6, from: "\(sites.north).A1")
        let alarm = try await scenario.wait(lotKey) { scenario.number($0, "missing") > 0 }
        report(
            "Platform", "Bank and enterprise",
            "15 t left where 10 t might: alarm over \(Amounts.tonnes(scenario.number(alarm.value, "missing"))), release papers blocked",
            alarm, since: start)
        guard try await measurements() == told + 1 else {
            throw ScenarioError("one removal became more than one event")
        }
        try await scenario.refused(
            "E4", "Portal/bank", "release", [("receipt", .text(scenario.receipt)), ("grams", 1_000_000)],
            about: "receipt:\(scenario.receipt)", "a release while goods are missing", code: "chattel-152",
            as: People.bank)
        let back = ContinuousClock.now
        world.put(Array(stolen.prefix(2)), in: "\(sites.north).A1")
        let calm = try await scenario.wait(lotKey) { scenario.number($0, "missing") == 0 }
        report("Platform", "Bank and enterprise", "5 t came back", calm, since: back)
        try await closeAlarms("two bundles were loaded by mistake and came back")
    }

    /// How often the gateway has told a change of bay A1.
    private func measurements() async throws -> Int {
        let list = try await scenario.stage.node.json(
            "/api/v1/ledgers/\(scenario.stage.node.ledger.hex)/transactions?mentioning=site:\(sites.north)&limit=500")
        return (list["items"] as? [[String: Any]] ?? []).count {
            $0["operation"] as? String == "sensed" && $0["subject"] as? String == "\(sites.north)/A1"
        }
    }

    private func report(
        _ producer: String, _ receiver: String, _ exchanged: String,
        _ found: (value: [String: Any], height: UInt64, isProven: Bool), since start: ContinuousClock.Instant
    ) {
        scenario.stage.report(
            ScenarioStep(
                step: "T10.7", producer: producer, receiver: receiver, exchanged: exchanged, transactionId: nil,
                blockHeight: found.height, finalityMs: (ContinuousClock.now - start).milliseconds,
                receiptVerified: found.isProven))
    }

    private func closeAlarms(_ reason: String) async throws {
        let lot = try await StageEvidence(scenario.stage).state(lotKey)
        let alarms = scenario.number(lot.value ?? [:], "alarms")
        for number in 1...max(1, alarms) {
            let alarm = try await StageEvidence(scenario.stage).state("chattel/alarms/\(scenario.lot)/\(number)")
            guard let value = alarm.value, !(value["closed"] is String) else { continue }
            try await scenario.record(
                "T10.7", "Monitoring organisation", "closeAlarm",
                [("lot", .text(scenario.lot)), ("number", .unsigned(number)), ("reason", .text(reason))],
                about: "lot:\(scenario.lot)", "alarm closed: \(reason)", as: People.monitor)
        }
    }

    /// One of three sensors falls silent: the grade of the evidence falls, and the bank hears why.
    private func unplug() async throws {
        let contour = try Sensor(.contour, site: sites.north, bay: "A1").urn.text
        let bay = "chattel/bays/\(sites.north)/A1"
        func blind(_ value: [String: Any]) -> [String] { value["blind"] as? [String] ?? [] }
        let start = ContinuousClock.now
        world.setSilent(contour, true)
        let dark = try await scenario.wait(bay) { blind($0) == [contour] }
        report(
            "Platform", "Bank and enterprise", "contour scanner of bay A1 is silent: evidence grade B", dark,
            since: start)
        world.setSilent(contour, false)
        _ = try await scenario.wait(bay) { blind($0).isEmpty }
        try await closeAlarms("a plug was pulled while cleaning, and put in again")
    }

    // MARK: On the road

    private func hand(_ to: String, _ bay: String, to taker: String, _ words: String) async throws {
        try await scenario.record(
            "T10.7", "Who gives", "handOver", [("lot", .text(scenario.lot)), ("to", .text(to))],
            about: "lot:\(scenario.lot)", "\(words): handed over", as: People.monitor)
        let from = try await StageEvidence(scenario.stage).state(lotKey)
        let place = "\(from.value?["site"] as? String ?? "").\(from.value?["bay"] as? String ?? "")"
        let goods = world.take(world.stack(in: place).bundles.count, from: place)
        world.put(goods, in: "\(to).\(bay)")
        _ = try await scenario.wait("chattel/bays/\(to)/\(bay)") { scenario.number($0, "grams") > 1_000_000 }
        _ = try await scenario.wait("chattel/bays/\(place.replacing(".", with: "/"))") {
            // A scale is exact to its error only.
            Double(scenario.number($0, "grams")) < BayAnalysis.tolerance * 1000
        }
        try await scenario.record(
            "T10.7", "Who takes", "takeOver", [("lot", .text(scenario.lot)), ("bay", .text(bay))],
            about: "lot:\(scenario.lot)", "\(words): taken over, seen by the scale", as: taker)
    }

    private func drive() async throws {
        try await hand(sites.truck, "LOAD", to: People.monitor, "north hall to truck")
        let before = try await StageEvidence(scenario.stage).state(lotKey)
        let alarms = scenario.number(before.value ?? [:], "alarms")
        let start = ContinuousClock.now
        world.move(sites.truck) { motion in
            motion.latitude = 53.5300
            motion.longitude = 10.0500
            motion.speed = 15
        }
        let away = try await scenario.wait(lotKey) { scenario.number($0, "alarms") > alarms }
        report("Platform", "Bank and enterprise", "truck left its corridor by two kilometres", away, since: start)
        world.move(sites.truck) { motion in
            motion.latitude = 53.4600
            motion.longitude = 9.9800
        }
        try await closeAlarms("diversion for a closed bridge, confirmed by the driver")
        try await hand(sites.south, "B1", to: People.otherMonitor, "truck to south hall")
    }

    // MARK: At the market

    private func market() async throws {
        let key = "chattel/loans/\(scenario.loan)"
        try await scenario.record(
            "T10.7", "Price source", "price", scenario.priceArguments(ChattelScenario.price / 100 * 65),
            about: "price:\(ChattelScenario.kind)", "the price falls by 35 %", as: People.exchange)
        let called = try await StageEvidence(scenario.stage).state(key)
        guard called.value?["stage"] as? String == "called" else {
            throw ScenarioError("the fall of the price did not call the loan")
        }
        scenario.stage.report(
            ScenarioStep(
                step: "T10.7", producer: "Smart contract", receiver: "Bank and enterprise",
                exchanged: "margin call, to be cured within a day", transactionId: nil, blockHeight: called.height,
                finalityMs: nil, receiptVerified: called.isProven))
        try await scenario.record(
            "T10.7", "Enterprise", "repay", [("loan", .text(scenario.loan)), ("amount", 10_000_000)],
            about: "application:\(scenario.loan)", "EUR 100,000.00 paid back; the call is cured", to: "Bank")
        let cured = try await StageEvidence(scenario.stage).state(key)
        guard cured.value?["stage"] as? String == "open" else { throw ScenarioError("the call was not cured") }
        try await scenario.record(
            "T10.7", "Price source", "price", scenario.priceArguments(ChattelScenario.price),
            about: "price:\(ChattelScenario.kind)", "the price recovers", as: People.exchange)
    }

    // MARK: Ownership

    private func ownership() async throws {
        let about = "receipt:\(scenario.receipt)"
        let buyer = ("beneficiary", Value.text(People.competitor))
        try await scenario.refused(
            "E5", "Enterprise", "transferBeneficiary", [("receipt", .text(scenario.receipt)), buyer], about: about,
            "a change of ownership without the bank", code: "chattel-150", as: People.enterprise)
    }
}
