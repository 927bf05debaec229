import Foundation
import Ledger
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server that stands in for the node: it keeps the rules that a gateway depends on (dense positions, a known
/// transaction answered with its first result, expiry, keys before batches) and can be told to misbehave. It is the owner's
/// key service, too.
final class TestNode: Sendable {
    struct Device {
        var urn: String
        var key: VerifyingKey
        var profile = "standard"
        var owner = "farm"
        var isActive = true
    }

    struct Rejection: Equatable {
        var code: String
        var reason = "said the test"
    }

    struct State {
        var devices: [Device] = []
        var batches: [Statement] = []
        /// Readings in the order of their registration.
        var readings: [Reading] = []
        var results: [Hash32: Rejection?] = [:]
        /// The next free position by stream.
        var next: [String: UInt64] = [:]
        var requests = 0
        /// Commitments of epochs by stream and number, and the keys that were delivered for them.
        var commitments: [StreamEpoch: Hash32] = [:]
        var keys: [StreamEpoch: EpochKey] = [:]
        /// Streams that may come in the open.
        var published: Set<String> = []
        /// Grows when a stream wants another key.
        var rotation: UInt64 = 0
        /// Answer 503 to deliveries.
        var isKeyServiceDown = false
        /// Answer 503 to everything.
        var isDown = false
        /// Reject this many next statements.
        var rejectNext: [Rejection] = []
        /// Times of ledger, seconds, beyond which statements are expired; nil takes the clock.
        var isExpiring = false
        /// Take the statement and hang up before the answer.
        var loseAnswers = 0
    }

    /// What shows that this is a member's node.
    static let memberKey = SigningKey.generate()
    private static let members: MemberSet = {
        guard let set = try? MemberSet([.init(id: "m", key: memberKey.verifyingKey)]) else {
            preconditionFailure("one member is a set")
        }
        return set
    }()
    static let genesis = Genesis(
        name: "field", time: 0,
        members: members,
        memberNames: [("m", "Member")], participants: [], contracts: [], parameters: CBORMap())

    let state = Mutex(State())
    private let ownerKey: DecryptionKey
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    let port: Int

    init() async throws {
        ownerKey = try DecryptionKey([UInt8](repeating: 7, count: 32))
        let state = WeakNode()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(node: state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        state.set(self)
    }

    var address: String { "http://127.0.0.1:\(port)" }

    func stop() async throws {
        try await channel.withLock { $0 }?.close()
        try await group.shutdownGracefully()
    }

    /// status, content type, body; nil hangs up.
    func answer(_ method: HTTPMethod, _ uri: String, _ headers: HTTPHeaders, _ body: [UInt8]) -> (Int, String, [UInt8])?
    {
        if uri.hasSuffix("/genesis") { return (200, "application/cbor", Self.genesis.bytes) }
        if uri.hasSuffix("/members/changes") { return (200, "application/cbor", MemberHistory.cbor([]).encoded()) }
        return text(method, uri, headers, body).map { ($0.0, $0.1, Array($0.2.utf8)) }
    }

    private static func signIn(_ uri: String, _ body: [UInt8]) -> (Int, String, String) {
        if uri.hasSuffix("/key") {
            let until = Date(timeIntervalSinceNow: 3600).formatted(.iso8601).dropLast() + ".000Z"
            return (201, "application/json", #"{"token":"t","expires":"\#(until)"}"#)
        }
        let asked = try? JSONSerialization.jsonObject(with: Foundation.Data(body)) as? [String: String]
        let challenge = Bytes(repeating: 7, count: 32)
        let proof = KeySignIn.proof(
            nonce: Bytes(hex: asked?["nonce"] ?? "") ?? [], challenge: challenge, ledger: genesis.id, with: memberKey)
        return (201, "application/json", #"{"challenge":"\#(challenge.hex)","member":"m","proof":"\#(proof.hex)"}"#)
    }

    private func text(
        _ method: HTTPMethod, _ uri: String, _ headers: HTTPHeaders, _ body: [UInt8]
    ) -> (Int, String, String)? {
        state.withLock { state in
            state.requests += 1
            if state.isDown { return (503, "text/plain", "away") }
            if uri.hasPrefix("/api/v1/sign-in/") { return Self.signIn(uri, body) }
            if method == .GET && uri.hasPrefix("/api/v1/devices?gateway=") {
                guard headers.first(name: "authorization") == "Bearer t" else { return (401, "text/plain", "") }
                return (200, "application/json", Self.list(state.devices))
            }
            if method == .GET && uri.hasPrefix("/api/v1/streams?gateway=") {
                return (200, "application/json", streams(state))
            }
            if method == .POST && uri == "/api/v1/epoch-keys" { return take(body, &state) }
            guard method == .POST, ["/api/v1/transactions", "/entries"].contains(uri) else {
                return (404, "text/plain", "")
            }
            guard headers.first(name: "content-type") == "application/cose" else { return (415, "text/plain", "") }
            let waits = headers.first(name: "prefer") == "wait=10"
            guard waits || headers.first(name: "prefer") == "wait=0" else { return (400, "text/plain", "") }
            guard let statement = try? Statement(decoding: body) else {
                return Self.problem(Rejection(code: "malformed"))
            }
            if state.results[statement.id] == nil { state.results[statement.id] = Self.register(statement, &state) }
            if state.loseAnswers > 0 {
                state.loseAnswers -= 1
                return nil
            }
            if let rejection = state.results[statement.id] ?? nil { return Self.problem(rejection) }
            return waits ? (201, "application/json", "{}") : (202, "application/json", "{}")
        }
    }

    private static func register(_ statement: Statement, _ state: inout State) -> Rejection? {
        if state.isExpiring {
            state.isExpiring = false
            return Rejection(code: "expired")
        }
        if !state.rejectNext.isEmpty { return state.rejectNext.removeFirst() }
        let arguments = statement.operation.arguments
        if statement.operation.name == "openEpoch" { return openEpoch(statement, &state) }
        guard let stream = arguments["stream"]?.text, let first = arguments["first"]?.unsigned,
            let last = arguments["last"]?.unsigned, let root = arguments["root"]?.hash32
        else { return Rejection(code: "arguments") }
        guard first == state.next[stream] ?? 0 else { return Rejection(code: "telemetry/100") }
        let encoded: [Bytes]
        if let sealed = statement.sealedBatch {
            guard let key = state.keys[sealed.epoch] else { return Rejection(code: "sealed before its key was there") }
            guard let opened = try? key.open(sealed.body, of: sealed.batch) else {
                return Rejection(code: "not opened")
            }
            encoded = opened
        } else {
            guard state.published.contains(stream) else { return Rejection(code: "telemetry-105") }
            encoded = statement.plainReadings ?? []
        }
        guard encoded.count == Int(last - first + 1), MerkleTree.root(encoded.map(MerkleTree.leafHash)) == root,
            statement.subject == stream
        else { return Rejection(code: "telemetry/103") }
        state.next[stream] = last + 1
        state.batches.append(statement)
        state.readings += encoded.compactMap { try? Reading(decoding: $0) }
        return nil
    }

    private static func openEpoch(_ statement: Statement, _ state: inout State) -> Rejection? {
        let arguments = statement.operation.arguments
        guard let stream = arguments["stream"]?.text, let number = arguments["epoch"]?.unsigned,
            let commitment = arguments["commitment"]?.hash32
        else { return Rejection(code: "arguments") }
        let epoch = StreamEpoch(
            ledger: statement.ledger, gateway: statement.issuer, stream: stream, number: number)
        let latest = state.commitments.keys.filter { $0.stream == stream }.map(\.number).max() ?? 0
        if number == latest && state.commitments[epoch] == commitment { return nil }
        guard number == latest + 1 else { return Rejection(code: "telemetry-107") }
        state.commitments[epoch] = commitment
        return nil
    }

    private struct Delivery: Decodable {
        var gateway: String
        var stream: String
        var epoch: UInt64
        var enc: String
        var ciphertext: String
    }

    private func take(_ body: [UInt8], _ state: inout State) -> (Int, String, String) {
        if state.isKeyServiceDown { return (503, "text/plain", "away") }
        guard let delivery = try? JSONDecoder().decode(Delivery.self, from: Foundation.Data(body)),
            let enc = Bytes(hex: delivery.enc), let ciphertext = Bytes(hex: delivery.ciphertext)
        else { return (400, "text/plain", "") }
        let epoch = StreamEpoch(
            ledger: TestField.ledger, gateway: delivery.gateway, stream: delivery.stream, number: delivery.epoch)
        guard let commitment = state.commitments[epoch] else { return (404, "text/plain", "") }
        let key = try? EpochKey.unwrap(
            WrappedSecret(encapsulatedKey: enc, ciphertext: ciphertext), of: epoch, recipient: "farm", grant: nil,
            with: ownerKey, commitment: commitment)
        guard let key else { return (403, "text/plain", "") }
        state.keys[epoch] = key
        return (200, "application/json", "{}")
    }

    private func streams(_ state: State) -> String {
        let names = Set(state.next.keys).union(state.published).union(["farm.soil"])
        let items = names.sorted().map {
            #"{"stream":"\#($0)","published":\#(state.published.contains($0)),"rotation":\#(state.rotation)}"#
        }
        return #"{"owners":[{"id":"farm","encryptionKey":"\#(ownerKey.encryptionKey.bytes.hex)","service":null}],"#
            + #""streams":[\#(items.joined(separator: ","))]}"#
    }

    private static func problem(_ rejection: Rejection) -> (Int, String, String) {
        let text =
            #"{"type":"about:blank","title":"Rejected","code":"\#(rejection.code)","detail":"\#(rejection.reason)"}"#
        return (422, "application/problem+json", text)
    }

    private static func list(_ devices: [Device]) -> String {
        let items = devices.map { device in
            #"{"urn":"\#(device.urn)","kid":"\#(device.key.kid.hex)","publicKey":"\#(device.key.coseKey.hex)","#
                + #""profile":"\#(device.profile)","owner":"\#(device.owner)","active":\#(device.isActive)}"#
        }
        return #"{"items":[\#(items.joined(separator: ","))]}"#
    }
}

private final class WeakNode: Sendable {
    private struct Reference { weak var node: TestNode? }
    private let reference = Mutex(Reference())
    func set(_ node: TestNode) { reference.withLock { $0.node = node } }
    var node: TestNode? { reference.withLock { $0.node } }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let node: WeakNode
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(node: WeakNode) { self.node = node }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let head, let answer = node.node?.answer(head.method, head.uri, head.headers, body) else {
                context.close(promise: nil)
                return
            }
            var response = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.0))
            response.headers.add(name: "content-type", value: answer.1)
            response.headers.add(name: "content-length", value: "\(answer.2.count)")
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.2)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
