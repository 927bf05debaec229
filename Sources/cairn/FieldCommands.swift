import ArgumentParser
import Foundation
import Gateway
import Keys
import Logging
import Node
import NodeClient
import UseCaseKit

/// Options of the commands that stand beside a running node.
struct BesideNodeOptions: ParsableArguments {
    @Argument(help: "Use case, for example agricultural-tracing.")
    var name: String

    @Option(help: "Address of the node.")
    var node = "http://127.0.0.1:8080"

    @Option(help: "Folder of the consortium, with the keys of those who act.")
    var folder = ".demo"
}

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "A broker and an IoT gateway beside a running node.",
        discussion:
            "The gateway keeps every reading on its disk until the node has made it final, also while the node is away.",
        subcommands: [Run.self, RulesCommand.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run broker and gateway (what `cairn gateway` does).")

        @OptionGroup var options: BesideNodeOptions

        func run() async throws {
            let useCase = try ConsortiumOptions.useCase(options.name)
            let connection = try await NodeConnection(address: options.node)
            let folder = URL(filePath: options.folder)
            var logger = Logger(label: "cairn")
            logger.logLevel = .warning
            let field = try await FieldSide.start(
                folder: folder, ledger: connection.ledger, keys: try KeyFolder(folder.appending(path: "keys")),
                node: options.node, cast: useCase.cast, analysis: useCase.analysis(), control: useCase.control(),
                logger: logger)
            guard let field else {
                throw Failure(
                    .configuration, "the key of the gateway is not in \(options.folder)/keys; start the node first")
            }
            Console.print("Broker                 127.0.0.1:\(field.address.port)")
            Console.print("Gateway                http://127.0.0.1:\(field.inputPort)/")
            await Interruption.wait()
            await field.stop()
        }
    }
}

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "The devices of a use case, reporting to a running broker until stopped.")

    @OptionGroup var options: BesideNodeOptions

    @Option(help: "Port of the broker; found in the consortium's folder unless given.")
    var brokerPort: Int?

    func run() async throws {
        let useCase = try ConsortiumOptions.useCase(options.name)
        let stage = try await ScenarioCommand.stage(
            useCase, node: options.node, folder: options.folder, brokerPort: brokerPort, report: { _ in })
        let things = Task { try await DemoThings(stage, cast: useCase.cast).run() }
        let simulation = Task { try await useCase.simulate(on: stage) }
        Console.print("Reporting")
        await Interruption.wait()
        simulation.cancel()
        things.cancel()
        _ = await things.result
        _ = await simulation.result
    }
}

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Descriptions that are made from the program.", subcommands: [OpenAPI.self])

    struct OpenAPI: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "openapi", abstract: "Print the OpenAPI document of the HTTP interface.")

        @Option(help: "Of a consortium with this use case.")
        var useCase = useCases[0].name

        func run() async throws {
            let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            var options = try ConsortiumOptions.parse([])
            options.port = 0
            let document = try await EmbeddedConsortium.run(
                try options.configuration(
                    try ConsortiumOptions.useCase(useCase), field: false, folder: folder)
            ) { $0.openAPI }
            FileHandle.standardOutput.write(Data(document))
        }
    }
}
