import ContractKit
import DeviceKit
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import UseCaseKit

/// A microgrid's households with their meters and wallets, on a running consortium.
struct EnergyStage: Sendable {
    /// Minor units that everybody starts with.
    private static let start: UInt64 = 500_000
    /// A summer's forenoon, in the weather year's own time.
    private static var morning: Date { (try? Date("2026-06-15T10:00:00Z", strategy: .iso8601)) ?? Date() }

    let stage: Stage
    let plan: MicrogridPlan

    func simulation() throws -> NeighbourhoodSimulation {
        try FileManager.default.createDirectory(at: stage.devices, withIntermediateDirectories: true)
        return try NeighbourhoodSimulation(
            .init(
                houses: plan.homes.map {
                    House(
                        $0.id, consumption: $0.consumption, photovoltaics: $0.photovoltaics,
                        storage: Double($0.battery?.capacity ?? 0))
                }, line: plan.aggregator, member: plan.member,
                broker: try stage.brokerConfiguration(clientID: plan.key),
                folder: stage.devices.path, provisioningSecret: try stage.provisioningSecret(),
                // A quarter of an hour in each interval.
                acceleration: 900_000 / Double(MicrogridPlan.interval), start: Self.morning,
                certificate: stage.certificate))
    }

    /// Meters, consents, registrations and first points; what is there already stays.
    func prepare() async throws {
        try await enrolMeters()
        for participant in plan.homes.map(\.id) + [plan.aggregator] {
            if participant != plan.aggregator { try await consent(of: participant) }
            if try await stage.state("energy/prosumers/\(participant)") == nil {
                try await stage.require(
                    Ledger.Operation(
                        EnergyContract.contractName, "register",
                        [("participant", .text(participant)), ("meter", .text(Self.meter(of: participant)))]),
                    as: plan.aggregator, about: participant)
                try await stage.require(
                    Ledger.Operation(
                        "wallet", "issue",
                        [("to", .text(participant)), ("amount", .unsigned(Self.start)), ("currency", "XPT")]),
                    as: plan.registrar, about: participant)
            }
        }
        for home in plan.homes where home.acceptsAhead {
            if try await stage.state("energy/acceptances/\(home.id)") == nil {
                try await stage.require(
                    Ledger.Operation(
                        EnergyContract.contractName, "standing",
                        [
                            ("until", .unsigned(Self.now + 365 * 86_400_000)), ("floor", .unsigned(home.floor)),
                        ]), as: home.id, about: home.id)
            }
        }
    }

    static func meter(of participant: String) -> String { House(participant, consumption: 0, photovoltaics: 0).meter }
    static var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    private func enrolMeters() async throws {
        try await stage.enrol(
            try (plan.homes.map(\.id) + [plan.aggregator]).map { owner in
                .init(
                    try DeviceIdentity(
                        urn: try DeviceURN(Self.meter(of: owner)), generation: 1,
                        provisioningSecret: try stage.provisioningSecret()),
                    profile: MeterNode.profile, owner: owner, gateway: plan.gateway)
            }, by: plan.registrar)
    }

    /// The household lets the aggregator read its meter, for settlement and nothing else.
    private func consent(of owner: String) async throws {
        let id = MarketDesk.grant(of: owner)
        guard try await stage.state("grants/grants/\(id)") == nil else { return }
        try await stage.require(
            "grant",
            [
                ("id", .text(id)), ("reader", .text(plan.aggregator)),
                ("streams", .array([.text("\(owner).\(MeterNode.channel)")])),
                ("purpose", "Settle what was traded by the registers of both meters"),
                ("from", .unsigned(Self.now - 86_400_000)), ("to", .null),
                ("until", .unsigned(Self.now + 365 * 86_400_000)),
            ], as: owner, about: id)
    }

    // MARK: Going on

    /// What a household agrees with a neighbour of its choice: so much in each interval of a year, between both limits.
    private func agree() async throws {
        for seller in plan.homes {
            for buyer in plan.homes where seller.rules.preferredBuyers.contains(buyer.id) && seller.floor <= buyer.cap {
                let (id, key) = Self.agreement(seller.id, buyer.id)
                guard try await stage.state("energy/agreements/\(key)") == nil else { continue }
                let first = HomeAgent.nextInterval() + MicrogridPlan.interval
                let days: UInt64 = 365
                let terms: [(String, CBOR)] = [
                    ("id", .text(id)), ("price", .unsigned((seller.floor + buyer.cap) / 2)),
                    ("energy", .unsigned(Self.agreedEnergy)), ("from", .unsigned(first)),
                    ("to", .unsigned(first + days * 86_400_000)),
                ]
                try await stage.require(
                    Ledger.Operation(
                        EnergyContract.contractName, "offerAgreement", terms + [("buyer", .text(buyer.id))]),
                    as: seller.id, about: seller.id)
                try await stage.require(
                    Ledger.Operation(
                        EnergyContract.contractName, "signAgreement", terms + [("seller", .text(seller.id))]),
                    as: buyer.id, about: buyer.id)
            }
        }
    }

    /// Wh of each interval.
    private static let agreedEnergy: UInt64 = 150

    /// Id and place of what two households agreed on.
    static func agreement(_ seller: String, _ buyer: String) -> (id: String, key: String) {
        ("for-\(buyer)", "\(seller)/for-\(buyer)")
    }

    /// Meters report and households trade until cancelled.
    func runUntilCancelled() async throws {
        try await prepare()
        try await agree()
        let simulation = try simulation()
        try await simulation.connect()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulation.run() }
            for home in plan.homes {
                group.addTask { try await HomeAgent(stage: self, home: home, simulation: simulation).run() }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        await simulation.close()
    }
}
