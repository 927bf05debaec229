import Foundation
import Ledger

extension Console {
    /// The numbered checks of a verification, and what they do not show.
    static func report(_ report: EvidenceVerifier.Report, limits: [String], _ output: Output) throws {
        switch output {
        case .table:
            for check in report.checks {
                let mark = check.passed ? good("pass") : bad("FAIL")
                print(
                    "\(String(check.number).padding(toLength: 3, withPad: " ", startingAt: 0)) \(mark)  \(check.title): \(check.detail)"
                )
            }
            print("\nThis does not show:")
            for limit in limits { print("- \(limit)") }
        case .json:
            try json(
                Document(
                    passed: report.passed,
                    checks: report.checks.map {
                        .init(number: $0.number, title: $0.title, passed: $0.passed, detail: $0.detail)
                    }, doesNotShow: limits))
        }
    }

    /// The ledger id of an option.
    static func ledger(_ text: String?) throws -> Hash32? {
        guard let text else { return nil }
        guard let id = Hash32(hex: text) else { throw Failure(.usage, "--ledger takes 64 hex digits") }
        return id
    }

    static func members(_ text: String?) throws -> Hash32? {
        guard let text else { return nil }
        guard let hash = Hash32(hex: text) else { throw Failure(.usage, "--members takes 64 hex digits") }
        return hash
    }

    private struct Document: Encodable {
        struct Check: Encodable {
            let number: Int
            let title: String
            let passed: Bool
            let detail: String
        }
        let passed: Bool
        let checks: [Check]
        let doesNotShow: [String]
    }
}
