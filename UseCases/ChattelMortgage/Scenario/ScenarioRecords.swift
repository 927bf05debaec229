import ChattelMortgageContract
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// How a scenario writes, is refused, and waits.
extension ChattelScenario {
    /// Longest wait for what sensors should see, seconds.
    private static let patience = 30.0

    func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    func number(_ value: [String: Any], _ name: String) -> UInt64 {
        (value[name] as? NSNumber)?.uint64Value ?? (value[name] as? String).flatMap { UInt64($0) } ?? 0
    }

    func operation(_ name: String, _ arguments: Arguments) -> Ledger.Operation {
        Ledger.Operation(ChattelContract.contractName, name, arguments)
    }

    /// Signs, submits, waits for FINAL, and verifies receipts and evidence from their bytes.
    func record(
        _ step: String, _ producer: String, _ name: String, _ arguments: Arguments, about subject: String,
        _ exchanged: String, as participant: String = People.enterprise, to receiver: String = "Platform"
    ) async throws {
        try await stage.step(
            step, producer, receiver, operation(name, arguments), as: participant, about: subject, exchanged)
    }

    /// What must be refused, with this code.
    func refused(
        _ step: String, _ producer: String, _ name: String, _ arguments: Arguments, about subject: String,
        _ exchanged: String, code: String, as participant: String
    ) async throws {
        try await stage.refusal(
            step, producer, "Platform", operation(name, arguments), as: participant, about: subject, exchanged,
            code: code)
    }

    /// Waits until a record of the state is as it should be, and verifies its proof.
    func wait(
        _ key: String, until holds: ([String: Any]) -> Bool
    ) async throws -> (value: [String: Any], height: UInt64, isProven: Bool) {
        let end = Date().addingTimeInterval(Self.patience)
        while Date() < end {
            let state = try await StageEvidence(stage).state(key)
            if let value = state.value, holds(value) { return (value, state.height, state.isProven) }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioError("\(key) did not become what the sensors should make it within \(Int(Self.patience)) s")
    }
}
