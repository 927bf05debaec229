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
            let expected = try Console.ledger(ledger)
            let report = EvidenceVerifier.verify(Bytes(bytes), expectedLedger: expected)
            try Console.report(report, limits: EvidenceVerifier.Report.limits, output)
            guard report.passed else { throw Failure(.verificationFailed, "the bundle does not verify") }
        }
    }
}
