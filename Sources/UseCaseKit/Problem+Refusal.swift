import APIKit
import Replica

extension Problem {
    /// A contract's refusal; its code names the contract and the error number.
    public static func rejected(_ outcome: TransactionOutcome) -> Problem? {
        guard let rejection = outcome.result.rejection else { return nil }
        if outcome.word == "EXPIRED" { return Problem(422, "expired", rejection.message) }
        return Problem(422, "\(rejection.contract)-\(rejection.code)", rejection.message)
    }
}
