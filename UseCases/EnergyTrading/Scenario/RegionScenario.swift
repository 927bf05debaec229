import ContractKit
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import UseCaseKit

/// Both microgrids and the ledger between them: the local steps in the first, then what it leaves crosses to the second.
struct RegionScenario: Sendable {
    let stage: Stage

    func run() async throws {
        try await register()
        guard let north = stage.companions["energy-north"], let south = stage.companions["energy-south"] else {
            throw ScenarioError("the microgrids' ledgers do not run beside this one")
        }
        let fields = [(north, MicrogridPlan.north), (south, MicrogridPlan.south)].map {
            EnergyStage(stage: $0, plan: $1)
        }
        try await EnergyScenario(stage: north, plan: .north).run()
        // Now the households of both trade by themselves until something has crossed and is settled.
        let households = fields.map { field in Task { try await field.runUntilCancelled() } }
        defer { for task in households { task.cancel() } }
        try await cross()
        for task in households { task.cancel() }
        for task in households { _ = await task.result }
    }

    private func register() async throws {
        for plan in MicrogridPlan.all where try await stage.state("region/microgrids/\(plan.aggregator)") == nil {
            guard let ledger = stage.companions["energy-\(plan.key)"]?.node.ledger else { continue }
            try await stage.step(
                "E1", "Energy Office", "EAG of \(plan.title)",
                Ledger.Operation(
                    RegionContract.contractName, "register",
                    [
                        ("aggregator", .text(plan.aggregator)), ("ledger", .hash(ledger)),
                        ("licence", .hash(Hash32.sha256(Bytes("licence of \(plan.title)".utf8)))),
                        ("capacity", .unsigned(plan.capacity)),
                    ]), as: "energy-office", about: plan.aggregator,
                "registration of \(plan.title), line of \(plan.capacity) Wh in an interval")
            try await stage.step(
                "E1", "Energy Office", "EAG of \(plan.title)",
                Ledger.Operation(
                    "wallet", "issue",
                    [("to", .text(plan.aggregator)), ("amount", 2_000_000), ("currency", "XPT")]),
                as: "energy-office", about: plan.aggregator, "points to trade with other microgrids")
        }
        let foreign = Ledger.Operation(
            RegionContract.contractName, "position",
            [
                ("interval", .unsigned(HomeAgent.nextInterval() + MicrogridPlan.interval * 2)), ("side", "sell"),
                ("energy", 1000), ("price", 100_000),
            ])
        try await stage.refusal(
            "E2", "Valley Grid", "Other EAGs", foreign, as: "grid-operator", about: "grid-operator",
            "a position of somebody who is no registered microgrid", code: "region-100")
    }

    /// Waits for the first decision that is delivered and paid.
    private func cross() async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(150) {
            let items = try await stage.node.json("/api/v1/energy/decisions")["items"] as? [[String: Any]] ?? []
            for item in items where item["paid"] is NSNumber {
                let energy = (item["energy"] as? NSNumber)?.uint64Value ?? 0
                let given = (item["given"] as? NSNumber)?.uint64Value ?? 0
                guard given > 0, let key = item["decision"] as? String else { continue }
                let report = try await StageEvidence(stage).transaction(
                    mentioning: "interval:\(key.prefix { $0 != "/" })"
                ) { $0.operation.name == "report" }
                stage.show(
                    "E3", item["seller"] as? String ?? "", item["buyer"] as? String ?? "",
                    "\(energy) Wh agreed between microgrids, \(given) Wh came; paid \(item["paid"] ?? 0), "
                        + "line fee \(item["feePaid"] ?? 0)", report)
                try await anchors()
                return
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw ScenarioError("nothing crossed between the microgrids in 150 s")
    }

    /// Each anchored head is the one that the private ledger itself has at that height.
    private func anchors() async throws {
        let items = try await stage.node.json("/api/v1/energy/anchors")["items"] as? [[String: Any]] ?? []
        for plan in MicrogridPlan.all {
            guard let item = items.first(where: { $0["aggregator"] as? String == plan.aggregator }),
                let height = (item["height"] as? NSNumber)?.uint64Value,
                let beside = stage.companions["energy-\(plan.key)"]
            else { throw ScenarioError("no head of \(plan.title) is anchored") }
            let block = try await beside.node.json("/api/v1/ledgers/\(beside.node.ledger.hex)/blocks/\(height)")
            stage.report(
                ScenarioStep(
                    step: "E4", producer: "EAG of \(plan.title)", receiver: "Other EAGs",
                    exchanged: "head of the private ledger at height \(height)", transactionId: nil, blockHeight: nil,
                    finalityMs: nil, receiptVerified: block["hash"] as? String == item["header"] as? String))
        }
    }
}
