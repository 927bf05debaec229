import AutomatedParkingContract
import Ledger
import UseCaseKit

/// What operators' nodes do by themselves: ask the wallets behind new bills.
struct ChargeDesk: Sendable {
    private static let pause: Duration = .milliseconds(200)

    let platform: Platform

    func run() async throws {
        // The payment has a name and is made once, however often it is asked for.
        try await platform.keepOn("a bill is not asked for", every: Self.pause) { try await charge() }
    }

    private func charge() async throws {
        for (key, _) in try platform.state.scan(ParkingContract.billed, limit: 200) {
            let lot = String(key.prefix { $0 != "/" })
            guard let record = try platform.state.get(ParkingContract.lots, lot),
                try platform.keys.key(of: record.operatorID) != nil
            else { continue }
            _ = try await platform.perform(
                Ledger.Operation(ParkingContract.contractName, "charge", [("session", .text(key))]),
                as: record.operatorID, about: "session:\(key)")
        }
    }
}
