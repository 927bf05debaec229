import APIKit
import Foundation
import Keys
import NodeClient
import UseCaseKit

extension EmbeddedConsortium {
    /// A consortium that runs: where it is reached, and who can sign in how.
    public struct Running: Sendable {
        public let useCase: any UseCase
        public let platform: Platform
        public let address: String
        public let operationsAddress: String
        /// Participants' names and their sign-in links.
        public let signIn: [(name: String, roles: [String], link: String)]
        public let field: FieldSide?
        let folder: URL

        /// The OpenAPI document of this node.
        public let openAPI: [UInt8]
        /// The route table that the router is made from.
        public let routes: [Route]

        /// A stage for scenarios and simulators of this consortium.
        ///
        /// - Parameter companions: stages of the consortia that its use case needs beside its own.
        public func stage(
            companions: [String: Stage] = [:], report: @escaping @Sendable (ScenarioStep) -> Void
        ) async throws -> Stage {
            let spectator = useCase.cast.spectator
            let reader = try platform.keys.key(of: spectator).map { (spectator, $0) }
            return Stage(
                node: try await NodeConnection(address: address, reader: reader), keys: platform.keys,
                encryptionKeys: platform.vaults.folder, broker: field?.address,
                devices: field?.devices ?? folder.appending(path: "devices"),
                companions: companions, report: report)
        }
    }

    /// Runs the consortia of use cases side by side as long as `body` does; a use case's companions come before it.
    public static func run<R: Sendable>(
        _ configurations: [Configuration], _ body: @escaping @Sendable ([Running]) async throws -> R
    ) async throws -> R {
        try await run(configurations[...], beside: [], body)
    }

    private static func run<R: Sendable>(
        _ waiting: ArraySlice<Configuration>, beside running: [Running],
        _ body: @escaping @Sendable ([Running]) async throws -> R
    ) async throws -> R {
        guard let next = waiting.first else { return try await body(running) }
        return try await run(next) { try await run(waiting.dropFirst(), beside: running + [$0], body) }
    }
}

extension [EmbeddedConsortium.Running] {
    /// The stage of a use case's own consortium, beside those of its companions.
    public func stage(
        of useCase: any UseCase, report: @escaping @Sendable (ScenarioStep) -> Void
    ) async throws -> Stage {
        var companions: [String: Stage] = [:]
        for companion in useCase.companions {
            companions[companion.name] = try await stage(of: companion, report: report)
        }
        guard let own = first(where: { $0.useCase.name == useCase.name }) else {
            throw ScenarioError("the consortium \(useCase.name) does not run")
        }
        return try await own.stage(companions: companions, report: report)
    }
}
