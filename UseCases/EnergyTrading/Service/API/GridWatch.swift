import ContractKit
import EnergyTradingContract
import Foundation
import KeyService
import Ledger
import ProjectionKit
import UseCaseKit

/// The aggregator's node as it looks at its phasor measurement unit, and tells the ledger when the grid leaves its limits or is
/// back within them. A unit that is silent changes nothing.
struct GridWatch: Sendable {
    static let profile = "phasor-unit"
    /// How old a reading may be, ms.
    private static let freshness: UInt64 = 15_000

    let platform: Platform
    let plan: MicrogridPlan

    func look() async throws {
        let rules = try EnergyRules(
            platform.node.genesis.parameters[.text(EnergyContract.contractName)]?.map ?? ValueMap())
        guard let limits = rules.grid, let state = try latest(),
            limits.holds(state) == (try platform.state.get(EnergyContract.disturbance, EnergyContract.grid) != nil)
        else { return }
        _ = try await platform.perform(
            Ledger.Operation(
                EnergyContract.contractName, "observe",
                [
                    ("frequency", .unsigned(state.frequency)), ("lowest", .unsigned(state.lowest)),
                    ("highest", .unsigned(state.highest)), ("message", .unsigned(state.message)),
                ]), as: plan.aggregator, about: EnergyContract.grid)
    }

    private func latest() throws -> GridState? {
        let devices = try platform.state.scan(MembershipContract.devices, limit: 1000)
        guard
            let unit = devices.first(where: {
                $0.value.owner == plan.aggregator && $0.value.profile == Self.profile && $0.value.revokedAt == nil
            })?.key
        else { return nil }
        let readings = try Readings(index: platform.index, vaults: platform.vaults, participant: plan.aggregator)
        let from = platform.now - Self.freshness
        func last(_ quantity: String) throws -> IndexedReading? {
            try readings.readings(device: unit, quantity: quantity, from: from, limit: 1000).last
        }
        guard let frequency = try last("frequency"), let lowest = try last("voltageLow"),
            let highest = try last("voltageHigh"), frequency.sequence == lowest.sequence,
            lowest.sequence == highest.sequence
        else { return nil }
        func thousandths(_ reading: IndexedReading) -> UInt64? {
            reading.value >= 0 && reading.value < 1e6 ? UInt64((reading.value * 1000).rounded()) : nil
        }
        guard let frequency = thousandths(frequency), let low = thousandths(lowest), let high = thousandths(highest)
        else { return nil }
        return GridState(frequency: frequency, lowest: low, highest: high, message: lowest.sequence)
    }
}
