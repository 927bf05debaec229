import Foundation
import Logging
import Node
import UseCaseKit

/// A consortium in a folder of its own, without broker and gateway, for as long as a test needs it.
enum TestConsortium {
    static func with<R: Sendable>(
        _ useCase: any UseCase = useCases[0], _ body: @escaping @Sendable (EmbeddedConsortium.Running) async throws -> R
    ) async throws -> R {
        try await with([useCase]) { try await body($0[0]) }
    }

    /// Several, side by side.
    static func with<R: Sendable>(
        _ useCases: [any UseCase], _ body: @escaping @Sendable ([EmbeddedConsortium.Running]) async throws -> R
    ) async throws -> R {
        let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let neighbourhood = Neighbourhood()
        let configurations = try useCases.map { useCase in
            let own = folder.appending(path: useCase.name)
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            var configuration = EmbeddedConsortium.Configuration(
                folder: own, port: 0, operationsPort: 0, hasField: false, useCase: useCase,
                logger: Logger(label: "test"))
            configuration.neighbourhood = neighbourhood
            return configuration
        }
        return try await EmbeddedConsortium.run(configurations, body)
    }
}
