import ArgumentParser
import Foundation
import KeyService
import Keys
import Ledger
import Node
import NodeClient
import Synchronization
import UseCaseKit

struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario",
        abstract: "Run a use case's step table against a running consortium, its own or another.")

    @Argument(help: "Use case, for example agricultural-tracing; without one the names are listed.")
    var name: String?

    @Option(help: "A running node; without it the command brings a consortium up in a temporary folder.")
    var node: String?

    @Option(
        help: "Folder of the running consortium or network, with keys of the actors and certificates of the devices.")
    var folder = ".demo"

    @Option(help: "Port of the running consortium's broker.")
    var brokerPort: Int?

    @Option(help: "A network of a ledger that the use case needs beside its own: energy-north=FOLDER.")
    var companion: [CompanionFolder] = []

    @Option(help: "table or json.")
    var output = Output.table

    func run() async throws {
        guard let name else { return useCases.withCompanions.forEach { Console.print($0.name) } }
        let useCase = try ConsortiumOptions.useCase(name)
        let printer = StepPrinter(silent: output == .json)
        if let node {
            var companions: [String: Stage] = [:]
            for companion in companion {
                companions[companion.useCase] = try await Self.stage(companion, report: { printer.show($0) })
            }
            let stage = try await Self.stage(
                useCase, node: node, folder: folder, brokerPort: brokerPort, companions: companions,
                report: { printer.show($0) })
            try await useCase.scenario(on: stage)
        } else {
            let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            var options = try ConsortiumOptions.parse([])
            options.port = 0
            let configurations = try options.configurations([useCase], field: true, folder: folder)
            try await EmbeddedConsortium.run(configurations) { running in
                try await useCase.scenario(on: try await running.stage(of: useCase) { printer.show($0) })
            }
        }
        if output == .json { try Console.json(printer.document) }
        try printer.requireAllVerified()
    }

    /// A stage beside a running consortium.
    static func stage(
        _ useCase: any UseCase, node: String, folder: String, brokerPort: Int?, companions: [String: Stage] = [:],
        report: @escaping @Sendable (ScenarioStep) -> Void
    ) async throws -> Stage {
        // Of a network's members, the one beside whom the broker runs comes first.
        let members = Self.places(in: URL(filePath: folder))
        let url = members.first { Self.brokerPort(in: $0) != nil } ?? members[0]
        let others = members.filter { $0 != url }
        let port = brokerPort ?? Self.brokerPort(in: url)
        // Where there are companions the devices are theirs.
        guard port != nil || !companions.isEmpty else {
            throw Failure(
                .configuration, "the broker's port is not known; give --broker-port or the consortium's --folder")
        }
        let keys = try KeyFolder(
            url.appending(path: "keys"), beside: others.map { $0.appending(path: "keys") })
        let spectator = useCase.cast.spectator
        let reader = try keys.key(of: spectator).map { (spectator, $0) }
        return Stage(
            node: try await NodeConnection(address: node, reader: reader), keys: keys,
            encryptionKeys: try EncryptionKeyFolder(
                url.appending(path: "keys/encryption"), beside: others.map { $0.appending(path: "keys/encryption") }),
            broker: port.map { .init(port: $0, authorityFolder: url.appending(path: "ca").path) },
            devices: url.appending(path: "devices"), companions: companions, report: report)
    }

    /// A stage beside a network that runs, at the member beside whose node the broker runs.
    private static func stage(
        _ companion: CompanionFolder, report: @escaping @Sendable (ScenarioStep) -> Void
    ) async throws -> Stage {
        let folder = URL(filePath: companion.folder)
        guard let members = try? Network(folder: folder).members,
            let home = members.first(where: { brokerPort(in: folder.appending(path: $0.id)) != nil })
        else {
            throw Failure(
                .configuration, "\(companion.folder) holds no network that is up with a broker; start it first")
        }
        return try await stage(
            try ConsortiumOptions.useCase(companion.useCase), node: home.address, folder: companion.folder,
            brokerPort: nil, report: report)
    }

    /// The folder itself, or those of a network's members.
    private static func places(in folder: URL) -> [URL] {
        guard let network = try? Network(folder: folder), !network.members.isEmpty else { return [folder] }
        return network.members.map { folder.appending(path: $0.id) }
    }

    /// The port in the broker's configuration file of a consortium's folder.
    private static func brokerPort(in folder: URL) -> Int? {
        let text = try? String(contentsOf: folder.appending(path: "broker/mosquitto.conf"), encoding: .utf8)
        return text?.split(separator: "\n").first { $0.hasPrefix("listener ") }?.split(separator: " ").dropFirst().first
            .flatMap { Int($0) }
    }
}

/// `USE-CASE=FOLDER`.
struct CompanionFolder: ExpressibleByArgument {
    let useCase: String
    let folder: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        (useCase, folder) = (parts[0], parts[1])
    }
}

/// Shows steps as they happen and keeps them.
final class StepPrinter: Sendable {
    struct Document: Encodable { let steps: [ScenarioStep] }

    private let steps = Mutex<[ScenarioStep]>([])
    private let silent: Bool

    init(silent: Bool = false) {
        self.silent = silent
    }

    var document: Document { Document(steps: steps.withLock { $0 }) }

    func show(_ step: ScenarioStep) {
        steps.withLock { $0.append(step) }
        if silent { return Console.note("\(step.step) \(step.exchanged)") }
        let mark = step.receiptVerified ? Console.good("verified") : Console.bad("NOT VERIFIED")
        let place = step.blockHeight.map { "block \($0)" } ?? ""
        let time = step.finalityMs.map { String(format: "%.0f ms", $0) } ?? ""
        Console.print(
            "\(step.step)  \(step.producer) → \(step.receiver): \(step.exchanged)\n      "
                + [
                    step.transactionId.map { String($0.prefix(16)) + "…" }, place, time,
                    step.refusal.map { "refused: \($0)" } ?? mark,
                ]
                .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "  "))
    }

    func requireAllVerified() throws {
        let failed = steps.withLock { $0.filter { !$0.receiptVerified } }
        guard failed.isEmpty else {
            throw Failure(
                .verificationFailed,
                "\(failed.count) steps did not verify: \(failed.map(\.step).joined(separator: ", "))")
        }
    }
}
