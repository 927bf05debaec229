import APIKit
import Foundation
import Logging
import Node
import NodeClient
import Testing

struct OpenAPITests {
    /// What an outside standard says of an answer stands in the document, or nothing would be held to it.
    @Test func answersOfStandardsHaveTheirSchema() async throws {
        let useCase = try #require(useCases.withCompanions.first { $0.name == "automated-parking" })
        let routes = try await TestConsortium.with(useCase) { $0.routes.filter { $0.answer != nil } }
        #expect(routes.count == 2)
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(OpenAPI.document(for: routes, title: "", version: "")))
                as? [String: Any])
        for route in routes {
            var node = document["paths"] as? [String: Any]
            for name in [route.path, "get", "responses", "200", "content", "application/json", "schema"] {
                node = node?[name] as? [String: Any]
            }
            #expect((node?["required"] as? [String])?.isEmpty == false, "\(route.path)")
        }
    }

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
