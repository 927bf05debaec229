import APIKit
import Foundation
import Logging
import Node
import NodeClient
import Testing

struct OpenAPITests {
    /// The committed documents are those that the route tables give; `make openapi` writes them anew.
    @Test(arguments: useCases.withCompanions.map(\.name)) func committedDocumentIsCurrent(name: String) async throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let committed = try? Data(contentsOf: repository.appending(path: "docs/reference/openapi/\(name).json"))
        let useCase = try #require(useCases.withCompanions.first { $0.name == name })
        let current = try await TestConsortium.with(useCase) { running in
            // Served, too, and the same.
            let connection = try await NodeConnection(address: running.address)
            #expect(try await connection.get("/openapi.json") == running.openAPI)
            return running.openAPI
        }
        #expect(Data(current) == committed, "run `make openapi`")
    }
}
