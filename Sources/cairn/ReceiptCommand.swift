import ArgumentParser
import Foundation
import Ledger
import NodeClient

struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Work with evidence of records.", subcommands: [Verify.self, Renew.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify an evidence bundle from its bytes alone, without a network.")

        @Argument(help: "Bundle file.")
        var file: String

        @Option(help: "The ledger id that you trust, 64 hex digits.")
        var ledger: String?

        @Option(
            help:
                "SHA-256 of the member set that you trust today, 64 hex digits; then keys of the past prove nothing alone."
        )
        var members: String?

        @Option(help: "table or json.")
        var output = Output.table

        func run() throws {
            guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
                throw Failure(.notFound, "\(file) cannot be read; give the path of a bundle file")
            }
            let expected = try Console.ledger(ledger)
            let report = EvidenceVerifier.verify(
                Bytes(bytes), expectedLedger: expected, trustedMembers: try Console.members(members))
            try Console.report(report, limits: EvidenceVerifier.Report.limits, output)
            guard report.passed else { throw Failure(.verificationFailed, "the bundle does not verify") }
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add today's signatures to an evidence bundle, so that it outlives the keys of its time.")

        @Argument(help: "Bundle file.")
        var file: String

        @Option(help: "Address of a node.")
        var node = "http://127.0.0.1:8080"

        @Option(help: "File to write; the bundle itself without it.")
        var to: String?

        func run() async throws {
            guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
                throw Failure(.notFound, "\(file) cannot be read; give the path of a bundle file")
            }
            let bundle = try EvidenceBundle(decoding: Bytes(bytes))
            let ledger = Hash32.sha256(bundle.genesis)
            let heights = try bundle.heights().map { "\($0)" }.joined(separator: ",")
            let connection = try await NodeConnection(address: node)
            let answer = try await connection.get("/api/v1/ledgers/\(ledger.hex)/renewal?heights=\(heights)")
            let (renewal, changes) = try Renewal.answer(decoding: answer)
            let renewed = bundle.renewed(by: renewal, changes: changes).encoded()
            // What a node says is believed when it verifies.
            let report = EvidenceVerifier.verify(renewed, expectedLedger: ledger)
            guard report.passed else {
                let wrong = report.checks.filter { !$0.passed }.map { "\($0.title): \($0.detail)" }
                throw Failure(.verificationFailed, "the renewal does not verify: \(wrong.joined(separator: "; "))")
            }
            try Data(renewed).write(to: URL(filePath: to ?? file), options: .atomic)
        }
    }
}
