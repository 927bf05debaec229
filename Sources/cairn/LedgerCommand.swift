import ArgumentParser
import Foundation
import Ledger
import NodeClient

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "A ledger as its nodes show it.",
        subcommands: [Compare.self, PruneCommand.self])

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Ask several nodes for the ledger's head, and warn of one that lags, is silent or shows another ledger.",
            discussion: "Exit status 9 when a node contradicts another or itself, 8 when one lags or is silent.")

        @Option(help: "Address of a node; give it for each node to be asked.")
        var node: [String]

        @Option(help: "Folder with the reader's key.")
        var keys = ".cairn-keys"

        @Option(
            name: .customLong("as"),
            help: "A participant that reads; heads of a ledger that is not for everybody need one.")
        var actor: String?

        @Option(help: "Blocks that a node may be behind the furthest before it is said to lag.")
        var tolerance: UInt64 = 3

        @Option(help: "table or json.")
        var output = Output.table

        func validate() throws {
            if node.count < 2 { throw ValidationError("give --node for at least two nodes") }
        }

        func run() async throws {
            let comparison = await HeadComparison.of(node, reader: try reader(), tolerance: tolerance)
            if output == .json { try Console.json(comparison.lines) }
            for line in comparison.lines {
                if output == .table {
                    Console.print(
                        "\(line.node)  \(line.height.map { "block \($0)" } ?? "")  \(line.hash.map { $0.prefix(16) + "…" } ?? "")  "
                            + (line.warning == nil ? Console.good("agrees") : Console.bad(line.state)))
                }
                if let warning = line.warning { Console.note("warning: \(line.node) \(warning)") }
            }
            if comparison.lines.contains(where: { $0.state == "contradicts" }) {
                throw Failure(
                    .verificationFailed, "the nodes do not show one ledger; keep what each signed as evidence")
            }
            guard comparison.lines.allSatisfy({ $0.warning == nil }) else {
                throw Failure(.unreachable, "not every node is up to date; read from one that is")
            }
        }

        private func reader() throws -> (participant: String, key: SigningKey)? {
            try actor.map { ($0, try ActorOptions.key(of: $0, in: keys)) }
        }
    }
}
