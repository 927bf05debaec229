import ArgumentParser
import Foundation
import Logging
import Node

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "One member's node, beside those of the others.",
        discussion:
            "`cairn network init` writes the configuration of each member; docs/operating/network.md explains it.")

    @Option(help: "Configuration of the node, for example .network/retail/node.json.")
    var config: String

    @Flag(help: "Log every step, not only warnings.")
    var verbose = false

    func run() async throws {
        let file = URL(filePath: config)
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration(file: file)
        } catch {
            throw Failure(.configuration, "\(config) cannot be used: \(error)")
        }
        var logger = Logger(label: "cairn")
        logger.logLevel = verbose ? .info : .notice
        try await EmbeddedConsortium.run(try configuration.consortium(logger: logger)) { running in
            Console.print("Portal                 \(running.address)/")
            Console.print("Health and metrics     \(running.operationsAddress)/metrics")
            if let field = running.field { Console.print("Broker                 127.0.0.1:\(field.address.port)") }
            // Written once everything runs, so that who started the node can tell.
            try Data("\(ProcessInfo.processInfo.processIdentifier)\n".utf8)
                .write(to: Network.processFile(in: URL(filePath: configuration.folder)))
            await Interruption.wait()
            Console.note("Stopping …")
        }
    }
}
