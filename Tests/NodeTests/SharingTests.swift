import AsyncHTTPClient
import Foundation
import KeyService
import Ledger
import Logging
import NIOCore
import Node
import NodeClient
import Testing

/// A request, the consent screen, keys, values and the end of it, over the pages of a running node.
struct SharingTests {
    private struct Browser {
        let running: EmbeddedConsortium.Running
        let authorization: String

        init(_ running: EmbeddedConsortium.Running, as person: String) async throws {
            self.running = running
            let key = try #require(try running.platform.keys.key(of: person))
            authorization = try await NodeSession(
                address: running.address, ledger: running.platform.node.ledger, participant: person, key: key
            ).authorization()
        }

        func get(_ path: String) async throws -> (status: UInt, text: String) {
            var request = HTTPClientRequest(url: running.address + path)
            request.headers.add(name: "Authorization", value: authorization)
            return try await send(request)
        }

        func post(_ path: String, _ form: [(String, String)]) async throws -> (status: UInt, text: String) {
            var request = HTTPClientRequest(url: running.address + path)
            request.method = .POST
            request.headers.add(name: "Authorization", value: authorization)
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            let fields = form.map { name, value in
                "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
            }
            request.body = .bytes(ByteBuffer(string: fields.joined(separator: "&")))
            return try await send(request)
        }

        private func send(_ request: HTTPClientRequest) async throws -> (status: UInt, text: String) {
            let response = try await HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow)
            ).closing { try await $0.execute(request, timeout: .seconds(20)).text() }
            return response
        }
    }

    private static let device = "urn:dev:os:32473-feed"

    /// Puts a sealed batch of one reading on the ledger as the farm's gateway does, with its key delivered.
    private static func report(
        _ value: Double, channel: String, position: UInt64, epoch: UInt64, key: SigningKey,
        on running: EmbeddedConsortium.Running
    ) async throws {
        let platform = running.platform
        let stream = "farm.\(channel)"
        let place = StreamEpoch(
            ledger: platform.node.ledger, gateway: "farm-gateway", stream: stream, number: epoch)
        let epochKey = EpochKey.generate(of: place)
        _ = try await platform.perform(
            Operation(
                "telemetry", "openEpoch",
                [
                    ("stream", .text(stream)), ("epoch", .unsigned(epoch)), ("commitment", .hash(epochKey.commitment)),
                ]), as: "farm-gateway", about: stream)
        let wrapped = try epochKey.wrapped(
            for: "farm", try platform.vaults.folder.keyOrNew(of: "farm"), grant: nil)
        try platform.keyService.deliver(wrapped, of: place)
        let time = UInt64(Date().timeIntervalSince1970 * 1000)
        let topic = "cairn/v1/cooperative/\(device)/data/\(channel)"
        let payload = Bytes(#"[{"bn":"\#(device):","bt":\#(time / 1000),"n":"amount","u":"kg","v":\#(value)}]"#.utf8)
        let reading = Reading(
            topic: topic, sequence: position + 1, kid: key.kid, payload: payload,
            signature: COSESign1.signDetached(
                payload, externalAAD: Reading.externalAAD(topic: topic, sequence: position + 1), with: key),
            received: time, quality: []
        ).encoded()
        let root = MerkleTree.root([MerkleTree.leafHash(reading)])
        let batch = try SealedBatch(first: position, last: position, root: root)
        let body = epochKey.seal(CBOR.array([.bytes(reading)]).encoded(), of: batch)
        let (_, outcome) = try await platform.perform(
            Operation(
                "telemetry", "batch",
                [
                    ("stream", .text(stream)), ("epoch", .unsigned(epoch)), ("first", .unsigned(position)),
                    ("last", .unsigned(position)), ("from", .unsigned(time)), ("to", .unsigned(time)),
                    ("root", .hash(root)), ("body", .bytes(body)), ("sealed", true),
                ]), as: "farm-gateway", about: stream)
        #expect(outcome.result.rejection == nil)
    }

    /// The last address on a page that begins so.
    private static func id(after prefix: String, in text: String) throws -> String {
        let found = try #require(text.range(of: "href=\"\(prefix)"))
        return String(text[found.upperBound...].prefix { $0 != "\"" })
    }

    @Test("COMMON-9, COMMON-27: asked, consented to in part, read, logged, ended")
    func consent() async throws {
        try await TestConsortium.with { running in
            let key = SigningKey.generate()
            for channel in ["feed", "water"] {
                try await Self.report(71.5, channel: channel, position: 0, epoch: 1, key: key, on: running)
            }
            let farm = try await Browser(running, as: "farm")
            let shop = try await Browser(running, as: "corner-shop")
            let grant = try await Self.ask(farm, shop)
            try await Self.read(farm, shop, grant)
            try await Self.end(farm, shop, grant)
        }
    }

    /// The shop asks for two channels, and the farm allows one.
    private static func ask(_ farm: Browser, _ shop: Browser) async throws -> String {
        let day = Date(timeIntervalSinceNow: -86_400).formatted(.iso8601.year().month().day())
        let end = Date(timeIntervalSinceNow: 10 * 86_400).formatted(.iso8601.year().month().day())
        let asked = try await shop.post(
            "/shared-data/requests",
            [
                ("owner", "farm"), ("channels", "feed, water"), ("purpose", "Plan <deliveries>"), ("from", day),
                ("until", end),
            ])
        #expect(asked.status == 303, "\(asked.text)")
        let request = try id(after: "/my-data/requests/", in: try await farm.get("/my-data").text)
        let screen = try await farm.get("/my-data/requests/\(request)").text
        #expect(screen.contains("Fresh Corner Market 12 asks to read your data"))
        #expect(screen.contains("Plan &lt;deliveries&gt;") && screen.contains("feed") && screen.contains("water"))
        #expect(try await shop.get("/my-data/requests/\(request)").status == 404, "it is the owner's to decide")
        let empty = try await farm.post("/my-data/requests/\(request)/answer", [("answer", "allow")])
        #expect(empty.status == 400, "nothing is allowed by default")
        let allowed = try await farm.post(
            "/my-data/requests/\(request)/answer", [("answer", "allow"), ("channel-feed", "yes")])
        #expect(allowed.status == 303, "\(allowed.text)")
        return try id(after: "/shared-data/grants/", in: try await shop.get("/shared-data").text)
    }

    private static func read(_ farm: Browser, _ shop: Browser, _ grant: String) async throws {
        let path = "/api/v1/readings?device=\(device)"
        #expect(try await !shop.get(path).text.contains("71.5"), "a grant alone shows nothing yet")
        #expect(try await farm.get("/my-data").text.contains("Nobody has read your closed channels"))
        #expect(try await shop.post("/shared-data/grants/\(grant)/keys", []).status == 303)
        let values = try await shop.get(path).text
        #expect(values.components(separatedBy: "71.5").count == 2, "one channel of two: \(values)")
        #expect(try await shop.get("/shared-data/grants/\(grant)").text.contains("feed: amount"))
        #expect(try await farm.get(path).text.components(separatedBy: "71.5").count == 3, "the owner reads both")
        let other = try await Browser(farm.running, as: "agrilab")
        #expect(try await !other.get(path).text.contains("71.5"), "others read none")
        #expect(try await other.get("/shared-data/grants/\(grant)").status == 404)
        let page = try await farm.get("/my-data").text
        #expect(page.contains("Keys fetched") && page.contains("once") && !page.contains("Nobody has read"))
        let log = try await farm.get("/api/v1/access-log").text
        #expect(log.contains("corner-shop") && log.contains(grant) && log.contains("farm.feed"))
        #expect(try await !shop.get("/api/v1/access-log").text.contains(grant), "the log is the owner's")
    }

    private static func end(_ farm: Browser, _ shop: Browser, _ grant: String) async throws {
        #expect(try await farm.post("/my-data/revoke", [("grant", grant)]).status == 303)
        #expect(try await !shop.get("/api/v1/readings?device=\(device)").text.contains("71.5"), "the next read")
        #expect(try await shop.post("/shared-data/grants/\(grant)/keys", []).status == 403, "the next fetch")
        #expect(try await shop.get("/shared-data/grants/\(grant)").text.contains("This access is over"))
        #expect(try farm.running.platform.node.violations().isEmpty)
        let again = try await farm.post("/my-data/revoke", [("grant", grant)])
        #expect(again.status == 422)
    }
}

extension HTTPClient {
    fileprivate func closing<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
        do {
            let result = try await body(self)
            try await shutdown()
            return result
        } catch {
            try await shutdown()
            throw error
        }
    }
}

extension HTTPClientResponse {
    fileprivate func text() async throws -> (status: UInt, text: String) {
        (status.code, String(buffer: try await body.collect(upTo: 1 << 22)))
    }
}
