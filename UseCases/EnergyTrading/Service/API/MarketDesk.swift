import ContractKit
import EnergyTradingContract
import EnergyTradingMetering
import Foundation
import KeyService
import Ledger
import UseCaseKit

/// What the aggregator's node does for its market by itself: reads the meters, and confirms what is paid.
struct MarketDesk: Sendable {
    private static let pause: Duration = .milliseconds(400)
    /// How far back intervals are looked after, ms.
    private static let memory: UInt64 = 180_000
    /// Longest time between two readings that is taken to have run evenly, ms.
    private static let longestGap: UInt64 = 8_000

    let platform: Platform
    let plan: MicrogridPlan

    func run() async throws {
        try await platform.keepOn("an interval of \(plan.title) is not settled", every: Self.pause) {
            await fetchKeys()
            // One interval's trouble must not keep the others back.
            var trouble: (any Error)?
            do {
                try await GridWatch(platform: platform, plan: plan).look()
            } catch {
                trouble = error
            }
            for (key, clearing) in try platform.state.scan(
                EnergyContract.clearings, after: "\(platform.now - Self.memory)", limit: 100)
            {
                guard let interval = UInt64(key) else { continue }
                do {
                    if !clearing.isSettled { try await measure(interval) }
                    try await confirm(interval)
                } catch {
                    trouble = error
                }
            }
            if let trouble { throw trouble }
        }
    }

    /// Keys of the meters that households let it read; an epoch that began meanwhile has a new one.
    private func fetchKeys() async {
        for home in plan.homes {
            let id = Self.grant(of: home.id)
            guard let grant = try? platform.state.get(GrantsContract.grants, id),
                let missing = try? platform.keyService.missing(grant, reader: plan.aggregator), !missing.isEmpty
            else { continue }
            // A household that withdrew its consent is measured no more, and its trades are disputed.
            _ = try? await platform.keyService.fetch(grant: id, as: plan.aggregator, signer: plan.aggregator)
        }
    }

    /// The consent of a household to read its meter for settlement.
    static func grant(of household: String) -> String { "settlement-\(household)" }

    private func trades(_ interval: UInt64) throws -> [(number: UInt64, trade: Trade)] {
        try platform.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000).compactMap { key, trade in
            key.split(separator: "/").last.flatMap { UInt64($0) }.map { ($0, trade) }
        }
    }

    /// Tells the ledger what the meters of an interval's traders showed, as soon as it is known.
    private func measure(_ interval: UInt64) async throws {
        let end = interval + MicrogridPlan.interval
        guard platform.now > end else { return }
        let parties = Set(
            try trades(interval).filter { $0.trade.stage == .accepted }.flatMap { [$0.trade.seller, $0.trade.buyer] })
        for participant in parties.sorted()
        where try platform.state.get(EnergyContract.meters, "\(interval)/\(participant)") == nil {
            guard let prosumer = try platform.state.get(EnergyContract.prosumers, participant),
                let energy = try series(of: prosumer.meter, around: interval, end).energy(from: interval, to: end)
            else { continue }
            _ = try await platform.perform(
                Ledger.Operation(
                    EnergyContract.contractName, "measure",
                    [
                        ("interval", .unsigned(interval)), ("participant", .text(participant)),
                        ("imported", .unsigned(energy.imported)), ("exported", .unsigned(energy.exported)),
                        ("first", .unsigned(energy.first)), ("last", .unsigned(energy.last)),
                    ]), as: plan.aggregator, about: participant)
        }
    }

    /// Registers of a meter as the aggregator may read them, under the owners' grants.
    private func series(of meter: String, around start: UInt64, _ end: UInt64) throws -> RegisterSeries {
        let readings = try Readings(index: platform.index, vaults: platform.vaults, participant: plan.aggregator)
        let (from, to) = (start - Self.longestGap * 2, end + Self.longestGap * 2)
        let imported = try readings.readings(device: meter, quantity: "imported", from: from, to: to, limit: 1000)
        let exported = try readings.readings(device: meter, quantity: "exported", from: from, to: to, limit: 1000)
        let given = Dictionary(exported.map { ($0.sequence, $0.value) }) { $1 }
        return RegisterSeries(
            imported.compactMap { reading in
                guard let value = given[reading.sequence], reading.value >= 0, value >= 0, reading.value < 1e15,
                    value < 1e15
                else { return nil }
                return .init(
                    time: reading.time, sequence: reading.sequence, meter: meter, imported: UInt64(reading.value),
                    exported: UInt64(value))
            }, longestGap: Self.longestGap)
    }

    /// T13.7: everybody hears that a trade is settled; only who has the salt can tell which.
    private func confirm(_ interval: UInt64) async throws {
        for (number, trade) in try trades(interval) where trade.stage == .paid {
            let salt = try TradeSalt(platform: platform, aggregator: plan.aggregator).salt(interval, number)
            let commitment = trade.commitment(interval: interval, number: number, salt: salt)
            _ = try await platform.perform(
                Ledger.Operation(
                    EnergyContract.contractName, "confirm",
                    [
                        ("interval", .unsigned(interval)), ("trade", .unsigned(number)),
                        ("commitment", .hash(commitment)),
                    ]), as: plan.aggregator, about: "trade:\(interval)/\(number)")
        }
    }
}
