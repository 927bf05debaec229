import ArgumentParser
import Broker
import Foundation
import Keys
import Logging
import Node
import UseCaseKit

/// Options of the commands that bring a consortium up.
struct ConsortiumOptions: ParsableArguments {
    @Option(help: "Folder that keeps keys, databases and certificates.")
    var folder = ".demo"

    @Option(help: "Port of the portal on 127.0.0.1; 0 takes a free one.")
    var port = 8080

    @Option(help: "Port of health and metrics on 127.0.0.1; 0 takes a free one.")
    var operationsPort = 0

    @Option(
        help:
            "A ledger that its parties take part in too and that runs elsewhere: energy-trading=http://127.0.0.1:8084.")
    var beside: [LedgerAddress] = []

    @Option(help: "Folder with keys of its parties on the ledgers beside.")
    var besideKeys: String?

    @Flag(help: "Log every step, not only warnings.")
    var verbose = false

    /// Configurations of the consortia of these use cases and their companions, side by side: on ports that follow each
    /// other, and in a folder each where they are several.
    ///
    /// - Parameter alone: without the companions, which run elsewhere.
    func configurations(
        _ chosen: [any UseCase], field: Bool, folder override: URL? = nil, inOwnFolders: Bool = false,
        alone: Bool = false
    ) throws -> [EmbeddedConsortium.Configuration] {
        let neighbourhood = Neighbourhood(elsewhere: try elsewhere())
        let all = alone ? chosen : chosen.withCompanions
        let root = override ?? URL(filePath: folder)
        return try all.enumerated().map { index, useCase in
            var options = self
            if port != 0 { options.port = port + index }
            if operationsPort != 0 { options.operationsPort = operationsPort + index }
            var configuration = try options.configuration(
                useCase, field: field,
                folder: all.count == 1 && !inOwnFolders ? root : root.appending(path: useCase.name))
            configuration.neighbourhood = neighbourhood
            return configuration
        }
    }

    private func elsewhere() throws -> [String: LedgerPlace] {
        guard !beside.isEmpty else { return [:] }
        guard let besideKeys else {
            throw Failure(
                .usage, "who acts on the ledgers beside is not known; name the folder of the keys with --beside-keys")
        }
        let keys = try KeyFolder(URL(filePath: besideKeys))
        var places: [String: LedgerPlace] = [:]
        for ledger in beside {
            places[try Self.useCase(ledger.useCase).name] = LedgerPlace(address: ledger.address, keys: keys)
        }
        return places
    }

    func configuration(_ useCase: any UseCase, field: Bool, folder override: URL? = nil) throws
        -> EmbeddedConsortium.Configuration
    {
        for port in [port, operationsPort] where port != 0 && !LoopbackPort.isFree(port) {
            throw Failure(
                .configuration,
                "port \(port) on 127.0.0.1 is in use; stop what listens there, or choose another with --port")
        }
        let url = override ?? URL(filePath: folder)
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var logger = Logger(label: "cairn")
        logger.logLevel = verbose ? .info : .warning
        return .init(
            folder: url, port: port, operationsPort: operationsPort, hasField: field, useCase: useCase,
            logger: logger)
    }

    static func useCase(_ name: String) throws -> any UseCase {
        let all = useCases.withCompanions
        guard let useCase = all.first(where: { $0.name == name }) else {
            throw Failure(
                .notFound, "there is no use case \(name); choose one of \(all.map(\.name).joined(separator: ", "))"
            )
        }
        return useCase
    }
}

/// `USE-CASE=ADDRESS`.
struct LedgerAddress: ExpressibleByArgument {
    let useCase: String
    let address: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let url = URL(string: parts[1]), url.scheme?.hasPrefix("http") == true,
            url.host() != nil
        else { return nil }
        useCase = parts[0]
        address = parts[1].hasSuffix("/") ? String(parts[1].dropLast()) : parts[1]
    }
}
