import APIKit
import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// One microgrid with its private ledger; ISO/IEC TR 30176:2021 clause 6.4.
struct EnergyMicrogrid: UseCase {
    let plan: MicrogridPlan
    private let border = BorderWatch()

    init(plan: MicrogridPlan) {
        self.plan = plan
    }

    var name: String { "energy-\(plan.key)" }
    let table = "table 13"
    let contracts: [any Contract] = [EnergyContract()]
    var parameters: [(contract: String, values: CBOR)] { [(EnergyContract.contractName, plan.parameters)] }
    let templates: [TemplateFolder] = []
    var cast: Cast { plan.cast }
    /// The whole ledger shows who used how much and when, so it is for those who keep it; everybody else has their own.
    let ledgerReaders: Set<String>? = [
        EnergyContract.Role.aggregator, MembershipContract.registrar, MembershipContract.gateway,
    ]

    func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == EnergyContract.contractName else { return [] }
        let arguments = statement.operation.arguments
        var names: [String] = []
        if let interval = arguments["interval"]?.unsigned {
            names.append("interval:\(interval)")
            if let trade = arguments["trade"]?.unsigned { names.append("trade:\(interval)/\(trade)") }
        }
        if let participant = arguments["participant"]?.text { names.append(participant) }
        return names
    }

    func exchange(in statement: Statement) -> Exchange? { EnergyExchange.exchange(in: statement) }

    func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        EnergyExchange.exchanges(in: statement, events: events)
    }

    /// A trade stands in the sequence of its interval.
    func names(relatedTo name: String, on platform: Platform) throws -> [String] {
        guard name.hasPrefix("trade:"), let interval = name.dropFirst(6).split(separator: "/").first else { return [] }
        return ["interval:\(interval)"]
    }

    func routes(on platform: Platform) -> [Route] {
        EnergyRoutes(platform: platform, plan: plan).routes + [TelegramRoute.route]
            + EnergyPageRoutes(platform: platform, plan: plan, border: border).routes
    }

    func doors(on platform: Platform) -> StartPage.Section {
        StartPage.Section(
            title: "Energy trading: \(plan.title)",
            sentence: "Neighbours trade what their roofs make, at a price that anyone can compute again.",
            doors: [
                .init(
                    title: "I live here", sentence: "My bill, interval by interval, and my offers.", href: "/energy",
                    stage: .sale),
                .init(
                    title: "I keep the market", sentence: "Clearing, delivery and disputes of every interval.",
                    href: "/energy/market", stage: .test),
            ])
    }

    func home(for roles: [String]) -> String? {
        if roles.contains(EnergyContract.Role.prosumer) { return "/energy" }
        return roles.contains(EnergyContract.Role.aggregator) ? "/energy/market" : nil
    }

    func examples(on platform: Platform) throws -> [String: [String: String]] {
        ["pages": ["start": platform.address + "/", "market": platform.address + "/energy/market"]]
    }

    /// A microgrid's market works without the aggregators' ledger, and its border as soon as and as long as that answers.
    func work(on platform: Platform, beside others: any LedgersBeside) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await MarketDesk(platform: platform, plan: plan).run() }
            group.addTask {
                try await BorderDesk(microgrid: platform, plan: plan, others: others, watch: border).run()
            }
            try await group.waitForAll()
        }
    }

    func scenario(on stage: Stage) async throws {
        try await EnergyScenario(stage: stage, plan: plan).run()
    }

    func simulate(on stage: Stage) async throws {
        try await EnergyStage(stage: stage, plan: plan).runUntilCancelled()
    }
}
