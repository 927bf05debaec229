import AsyncHTTPClient
import Foundation
import Keys
import Ledger
import Logging
import Node
import NodeClient
import Testing

/// Several consortia in one process, one of them with a use case that the program does not know.
struct SideBySideTests {
    @Test("COMMON-35: a sixth use case runs by its own folder alone, and beside another one")
    func sixth() async throws {
        try await TestConsortium.with([useCases[0], LostProperty()]) { running in
            let (first, lost) = (running[0], running[1])
            #expect(first.platform.node.ledger != lost.platform.node.ledger)
            let report = Ledger.Operation("lost", "report", [("thing", "umbrella-7")])
            _ = try await lost.platform.perform(report, as: "station", about: "umbrella-7")
            let hand = Ledger.Operation("lost", "hand", [("thing", "umbrella-7"), ("to", "Ms Ley")])
            let done = try await lost.platform.perform(hand, as: "station", about: "umbrella-7")
            #expect(done.outcome.result.rejection == nil)
            let twice = try await lost.platform.perform(hand, as: "station", about: "umbrella-7")
            #expect(twice.outcome.result.rejection?.code == 100)
            let foreign = try await lost.platform.perform(report, as: "town-hall", about: "umbrella-7")
            #expect(foreign.outcome.result.rejection != nil)
            // Its interface is served and described, and the other ledger knows nothing of it.
            #expect(lost.routes.contains { $0.path == "/api/v1/things/{id}" })
            #expect(!first.routes.contains { $0.path == "/api/v1/things/{id}" })
            #expect(try first.platform.state.get(LostPropertyContract.things, "umbrella-7") == nil)
        }
    }

    @Test func aLedgerThatRunsElsewhereIsKnownByTheNodesConfiguration() throws {
        let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = try KeyFolder(folder.appending(path: "keys-there")).keyOrNew(of: "eag-north")
        var configuration = NodeConfiguration(
            useCase: "energy-north", member: "community-north", folder: ".", port: 1, operationsPort: 2, peerPort: 3,
            peers: [:], etcd: .init(endpoints: []), field: false)
        configuration.beside = ["energy-trading": .init(address: "http://127.0.0.1:4", keys: "keys-there")]
        let file = folder.appending(path: "node.json")
        try configuration.write(to: file)
        let neighbourhood = try NodeConfiguration(file: file).consortium(logger: Logger(label: "test")).neighbourhood
        let place = try #require(neighbourhood.place(of: "energy-trading"))
        #expect(place.address == "http://127.0.0.1:4")
        #expect(try place.keys.key(of: "eag-north")?.verifyingKey == key.verifyingKey)
        #expect(neighbourhood.place(of: "lost-property") == nil)
    }

    @Test func eachStartPageLeadsToTheOthersAndSessionsAreKeptApart() async throws {
        try await TestConsortium.with([useCases[0], LostProperty()]) { running in
            let pages = try await running.asyncMap { consortium in
                let answer = try await HTTPClient.shared.execute(
                    .init(url: consortium.address + "/"), timeout: .seconds(10))
                return String(buffer: try await answer.body.collect(upTo: 1 << 20))
            }
            #expect(pages[0].contains("href=\"\(running[1].address)/found\""))
            #expect(pages[1].contains("href=\"\(running[0].address)/farm\""))
            #expect(pages[1].contains("href=\"/found\""))
            // Ports of one host share cookies, so a session of one site must not end that of the other.
            var cookies: Set<String> = []
            for consortium in running {
                let link = try #require(consortium.signIn.first).link
                var request = HTTPClientRequest(url: consortium.address + link)
                request.method = .GET
                let answer = try await Self.withoutRedirects.execute(request, timeout: .seconds(10))
                let cookie = try #require(answer.headers.first(name: "set-cookie"))
                cookies.insert(String(cookie.prefix { $0 != "=" }))
            }
            #expect(cookies.count == 2)
            #expect(cookies.allSatisfy { $0.hasPrefix("__Host-cairn-") })
        }
    }

    private static let withoutRedirects = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))
}

extension Array where Element: Sendable {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
