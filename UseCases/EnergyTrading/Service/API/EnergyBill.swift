import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import UseCaseKit

/// What a household took and gave, interval by interval, and what it came to: with the market, and with the utility alone.
///
/// All figures follow from the meter's intervals and the trades on the ledger; prices of the utility are in genesis.
struct EnergyBill {
    /// One interval that is over and paid for.
    struct Line {
        let interval: UInt64
        /// Wh at the meter.
        let imported: UInt64
        let exported: UInt64
        /// Wh that came and were paid for; what is traded across the border is apart.
        let soldHere: UInt64
        let soldAcross: UInt64
        let boughtHere: UInt64
        let boughtAcross: UInt64
        /// Minor units.
        let earned: UInt64
        let spent: UInt64

        /// The rest of what the meter showed.
        var toUtility: UInt64 { exported - min(exported, soldHere + soldAcross) }
        var fromUtility: UInt64 { imported - min(imported, boughtHere + boughtAcross) }
    }

    /// Thousandths of a minor unit for a kWh.
    struct Utility {
        let takes: UInt64
        let gives: UInt64
    }

    /// Most intervals of a bill.
    static let limit = 1000

    /// Oldest first.
    let lines: [Line]
    let utility: Utility

    init(_ participant: String, on platform: Platform, plan: MicrogridPlan) throws {
        let state = platform.state
        let rules = platform.node.genesis.parameters[.text(EnergyContract.contractName)]?.map
        utility = Utility(
            takes: rules?["utilityPrice"]?.unsigned ?? 0, gives: rules?["feedInPrice"]?.unsigned ?? 0)
        let start = platform.now - UInt64(Self.limit) * MicrogridPlan.interval
        let clearings = try state.scan(EnergyContract.clearings, after: "\(start)", limit: Self.limit)
        lines = try clearings.compactMap { interval, clearing in
            guard clearing.isSettled, let start = UInt64(interval),
                let metered = try state.get(EnergyContract.meters, "\(interval)/\(participant)")
            else { return nil }
            let trades = try state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000).map(\.value)
                .filter { $0.seller == participant || $0.buyer == participant }
            // A bill is made when nothing of the interval is open any more.
            guard trades.allSatisfy({ [.paid, .confirmed, .lapsed].contains($0.stage) }) else { return nil }
            func energy(_ isSeller: Bool, across: Bool) -> UInt64 {
                trades.filter { ($0.seller == participant) == isSeller && ($0.decision != nil) == across }
                    .reduce(0) { $0 + ($1.delivered ?? 0) }
            }
            func money(_ isSeller: Bool) -> UInt64 {
                trades.filter { ($0.seller == participant) == isSeller }.reduce(0) { $0 + ($1.amount ?? 0) }
            }
            return Line(
                interval: start, imported: metered.imported, exported: metered.exported,
                soldHere: energy(true, across: false), soldAcross: energy(true, across: true),
                boughtHere: energy(false, across: false), boughtAcross: energy(false, across: true),
                earned: money(true), spent: money(false))
        }
    }

    // MARK: Totals, minor units

    var earned: Int64 { Int64(lines.reduce(0) { $0 + $1.earned }) }
    var spent: Int64 { Int64(lines.reduce(0) { $0 + $1.spent }) }

    /// What the utility gets for the rest; below zero it pays.
    var withMarket: Int64 {
        cost(taken: lines.reduce(0) { $0 + $1.fromUtility }, given: lines.reduce(0) { $0 + $1.toUtility }) + spent
            - earned
    }

    /// What everything would have cost at the utility.
    var withoutMarket: Int64 {
        cost(taken: lines.reduce(0) { $0 + $1.imported }, given: lines.reduce(0) { $0 + $1.exported })
    }

    /// Below zero the market cost more than the utility would have.
    var saved: Int64 { withoutMarket - withMarket }

    /// Wh × thousandths of a minor unit for a kWh, each side rounded down once for the whole bill.
    private func cost(taken: UInt64, given: UInt64) -> Int64 {
        Int64(taken * utility.takes / 1_000_000) - Int64(given * utility.gives / 1_000_000)
    }
}
