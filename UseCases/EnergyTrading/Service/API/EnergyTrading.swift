import APIKit
import ContractKit
import EnergyTradingContract
import Ledger
import PortalKit
import UseCaseKit

/// Distributed energy trading, ISO/IEC TR 30176:2021 clause 6.4: the aggregators' ledger, beside the private ledgers of
/// their microgrids.
public struct EnergyTrading: UseCase {
    static let ledgerName = "energy-trading"

    public let name = ledgerName
    public let table = "table 13"
    public let contracts: [any Contract] = [RegionContract()]
    public let companions: [any UseCase] = MicrogridPlan.all.map { EnergyMicrogrid(plan: $0) }
    public let templates: [TemplateFolder] = []
    public let parameters: [(contract: String, values: CBOR)] = [
        (
            RegionContract.contractName,
            [
                "interval": .unsigned(MicrogridPlan.interval), "clearing": .unsigned(MicrogridPlan.regionClearing),
                "report": .unsigned(MicrogridPlan.regionReport), "k": 500, "currency": "XPT",
                "fee": .unsigned(MicrogridPlan.fee),
                "gridOperator": "grid-operator",
            ]
        )
    ]

    public init() {}

    public let cast = Cast(
        members: [
            ("eag-members-north", "Aggregator of Sunny Street"), ("eag-members-south", "Aggregator of Harbour Quay"),
            ("grid", "Valley Grid"), ("energy-office", "Energy Office"),
        ],
        participants: [
            .init(
                "energy-office", member: "energy-office", name: "Energy Office", roles: [MembershipContract.registrar]),
            .init("grid-operator", member: "grid", name: "Valley Grid", roles: ["grid"]),
        ]
            + MicrogridPlan.all.map {
                .init(
                    $0.aggregator, member: "eag-members-\($0.key)", name: "Aggregator of \($0.title)",
                    roles: [RegionContract.Role.aggregator])
            })

    public func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == RegionContract.contractName else { return [] }
        return (statement.operation.arguments["interval"]?.unsigned).map { ["interval:\($0)"] } ?? []
    }

    public func exchange(in statement: Statement) -> Exchange? { EnergyExchange.exchange(in: statement) }

    public func routes(on platform: Platform) -> [Route] { RegionRoutes(platform: platform).routes }

    public func doors(on platform: Platform) -> StartPage.Section {
        StartPage.Section(
            title: "Energy trading between microgrids",
            sentence: "What a neighbourhood leaves goes to the next; nothing but net positions crosses.",
            doors: [
                .init(
                    title: "I run an aggregator", sentence: "Positions, decisions and anchored heads.",
                    href: "/energy/region", stage: .transport)
            ])
    }

    public func home(for roles: [String]) -> String? {
        roles.contains(RegionContract.Role.aggregator) || roles.contains("grid") ? "/energy/region" : nil
    }

    public func examples(on platform: Platform) throws -> [String: [String: String]] {
        ["pages": ["start": platform.address + "/", "region": platform.address + "/energy/region"]]
    }

    public func scenario(on stage: Stage) async throws { try await RegionScenario(stage: stage).run() }

    public func simulate(on stage: Stage) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for plan in MicrogridPlan.all {
                guard let beside = stage.companions["energy-\(plan.key)"] else { continue }
                group.addTask { try await EnergyStage(stage: beside, plan: plan).runUntilCancelled() }
            }
            try await group.waitForAll()
        }
    }
}
