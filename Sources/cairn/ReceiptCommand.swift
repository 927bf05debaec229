import ArgumentParser
import Foundation
import Ledger

struct ReceiptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Work with evidence of records.", subcommands: [Verify.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify an evidence bundle from its bytes alone, without a network.")

        @Argument(help: "Bundle file.")
        var file: String

        @Option(help: "The ledger id that you trust, 64 hex digits.")
        var ledger: String?

        @Option(help: "table or json.")
        var output = Output.table

        func run() throws {
            guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
                throw Failure(.notFound, "\(file) cannot be read; give the path of a bundle file")
            }
            let expected = try ledger.map { text -> Hash32 in
                guard let id = Hash32(hex: text) else { throw Failure(.usage, "--ledger takes 64 hex digits") }
                return id
            }
            let report = EvidenceVerifier.verify(Bytes(bytes), expectedLedger: expected)
            switch output {
            case .table:
                for check in report.checks {
                    let mark = check.passed ? Console.good("pass") : Console.bad("FAIL")
                    Console.print(
                        "\(String(check.number).padding(toLength: 3, withPad: " ", startingAt: 0)) \(mark)  \(check.title): \(check.detail)"
                    )
                }
                Console.print("\nThis does not show:")
                for limit in EvidenceVerifier.Report.limits { Console.print("- \(limit)") }
            case .json:
                try Console.json(
                    Document(
                        passed: report.passed,
                        checks: report.checks.map {
                            .init(number: $0.number, title: $0.title, passed: $0.passed, detail: $0.detail)
                        },
                        doesNotShow: EvidenceVerifier.Report.limits))
            }
            guard report.passed else { throw Failure(.verificationFailed, "the bundle does not verify") }
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
}
