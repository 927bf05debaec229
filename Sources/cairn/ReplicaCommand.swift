import APIKit
import ArgumentParser
import Foundation
import Ledger

struct ReplicaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replica", abstract: "A participant's own copy of the records that concern it, with their proofs.",
        discussion: "One file without secrets, which needs no node to be verified: docs/operating/replica.md.",
        subcommands: [ReplicaSyncCommand.self, Verify.self, Show.self, Export.self])

    static func bytes(of file: String) throws -> Bytes {
        guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
            throw Failure(.notFound, "\(file) cannot be read; make it with `cairn replica sync`")
        }
        return Bytes(bytes)
    }

    static func read(_ file: String) throws -> (replica: RecordReplica, damage: [RecordReplica.Damage]) {
        do {
            return try RecordReplica.read(try bytes(of: file))
        } catch let error as LedgerError {
            throw Failure(
                .verificationFailed,
                "the list at the beginning of \(file) is damaged: \(error); move the file away and synchronise anew")
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify every record of a replica from the file alone, without a network.",
            discussion: "Exit status 9 when a check fails; the check says which record and where in the file.")

        @Option(help: "The replica.")
        var file: String

        @Option(help: "The ledger id that you trust, 64 hex digits.")
        var ledger: String?

        @Option(help: "table or json.")
        var output = Output.table

        func run() throws {
            let report = RecordReplica.verify(
                try ReplicaCommand.bytes(of: file), expectedLedger: try Console.ledger(ledger))
            try Console.report(report, limits: RecordReplica.limits, output)
            guard report.passed else {
                throw Failure(
                    .verificationFailed,
                    "the replica does not verify; `cairn replica sync` fetches damaged records again")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the records of a replica, oldest first. What is damaged is left out and told.")

        enum Form: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

        @Option(help: "The replica.")
        var file: String

        @Option(help: "table, json or csv.")
        var output = Form.table

        private struct Row: Encodable {
            let height: UInt64
            let leafIndex: UInt64
            let time: String
            let issuer: String
            let subject: String
            let contract: String
            let operation: String
            let id: String

            static let columns = ["height", "leafIndex", "time", "issuer", "subject", "contract", "operation", "id"]
            var fields: [String] { ["\(height)", "\(leafIndex)", time, issuer, subject, contract, operation, id] }
        }

        func run() throws {
            let (replica, damage) = try ReplicaCommand.read(file)
            let rows = try replica.entries.map { entry -> Row in
                let content = try entry.content(in: replica.genesis)
                let statement = content.statement
                return Row(
                    height: content.height, leafIndex: content.leafIndex,
                    time: Date(timeIntervalSince1970: TimeInterval(content.time) / 1000).formatted(.iso8601),
                    issuer: statement.issuer, subject: statement.subject, contract: statement.operation.contract,
                    operation: statement.operation.name, id: entry.transaction.hex)
            }.sorted { $0.leafIndex < $1.leafIndex }
            switch output {
            case .table: for row in rows { Console.print(row.fields.joined(separator: "  ")) }
            case .json: try Console.json(rows)
            case .csv:
                for line in [Row.columns] + rows.map(\.fields) {
                    Console.print(line.map { CSV.field($0) }.joined(separator: ",") + "\r")
                }
            }
            for place in damage {
                Console.note(
                    "warning: record \(place.record), \(place.transaction), at byte \(place.byte): \(place.detail)")
            }
            guard damage.isEmpty else {
                throw Failure(.verificationFailed, "\(file) is damaged; `cairn replica sync` fetches what is missing")
            }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the evidence bundle of one record, for `cairn receipt verify` or the page /verify.")

        @Option(help: "The replica.")
        var file: String

        @Option(help: "Id of the record, 64 hex digits, as `cairn replica show` lists it.")
        var record: String

        @Option(help: "File to be written.")
        var to: String

        func run() throws {
            let (replica, _) = try ReplicaCommand.read(file)
            guard let entry = replica.entries.first(where: { $0.transaction.hex == record }) else {
                throw Failure(.notFound, "\(file) has no whole record \(record); `cairn replica show` lists them")
            }
            try Data(entry.bundle).write(to: URL(filePath: to), options: .atomic)
            Console.note("\(entry.bundle.count) bytes; anybody can verify them with `cairn receipt verify \(to)`")
        }
    }
}
