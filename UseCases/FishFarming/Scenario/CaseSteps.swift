import FishFarmingContract
import Foundation
import Ledger
import UseCaseKit

/// What follows a decision: the farmer objects, and a person answers with a reason.
struct CaseSteps: Sendable {
    let scenario: FishScenario

    /// - Parameter loan: one that City Bank refused.
    func objection(to loan: String) async throws {
        let key = "loan/\(loan)"
        try await scenario.record(
            "T7.9", "Farmer", "object",
            [
                ("id", .text(DeskRoutes.name(loan))),
                ("why", "I repaid a loan at another bank; your model does not see it."),
            ], about: "loan:\(loan)", to: "City Bank", "objects, which opens a case")
        try await scenario.record(
            "T7.9", "City Bank", "answerObjection",
            [
                ("case", .text(key)), ("revised", false),
                ("reason", "Loans of other banks are not on this ledger. Ask again with a record of a year."),
                ("amount", .null),
            ], as: "city-bank", about: "objection:\(key)", to: "Farmer", "a person upholds the decision, with a reason")
        let state = try await scenario.state("objections/\(key)")
        guard state["stage"] as? String == "upheld", state["answeredBy"] as? String == "city-bank" else {
            throw ScenarioError("the objection was not answered: \(state)")
        }
    }
}
