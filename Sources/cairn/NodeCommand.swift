import ArgumentParser
import Foundation
import Logging
import Node

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "One member's node, beside those of the others, of one ledger or of several.",
        discussion:
            "`cairn network init` writes the configuration of each member; docs/operating/network.md explains it.")

    @Option(help: "Configuration of the node, for example .network/retail/node.json; one for each ledger.")
    var config: [String]

    @Flag(help: "Log every step, not only warnings.")
    var verbose = false

    func validate() throws {
        if config.isEmpty { throw ValidationError("give --config, the node.json of a ledger") }
    }

    func run() async throws {
        try await run(try config.map { ($0, try Self.configuration(at: $0)) }[...])
    }

    private static func configuration(at path: String) throws -> NodeConfiguration {
        do {
            return try NodeConfiguration(file: URL(filePath: path))
        } catch {
            throw Failure(.configuration, "\(path) cannot be used: \(error)")
        }
    }

    /// Runs the first while the others run; what ends one ends all.
    private func run(_ ledgers: ArraySlice<(path: String, configuration: NodeConfiguration)>) async throws {
        guard let (path, configuration) = ledgers.first else {
            await Interruption.wait()
            return Console.note("Stopping …")
        }
        var logger = Logger(label: "cairn")
        logger.logLevel = verbose ? .info : .notice
        if config.count > 1 { logger[metadataKey: "config"] = "\(path)" }
        try await EmbeddedConsortium.run(try configuration.consortium(logger: logger)) { running in
            Console.print("Portal                 \(running.address)/")
            Console.print("Health and metrics     \(running.operationsAddress)/metrics")
            if let field = running.field { Console.print("Broker                 127.0.0.1:\(field.address.port)") }
            // Written once everything runs, so that who started the node can tell.
            try Data("\(ProcessInfo.processInfo.processIdentifier)\n".utf8)
                .write(to: Network.processFile(in: URL(filePath: configuration.folder)))
            try await run(ledgers.dropFirst())
        }
    }
}
