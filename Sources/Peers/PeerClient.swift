import AsyncHTTPClient
import Ledger
import NIOCore
import Replica
import Synchronization

/// The nodes of the other members, over HTTP.
public final class PeerClient: PeerGroup {
    private static let timeout: TimeAmount = .seconds(10)
    /// Largest answer that is read, bytes: one above a block of the largest batch.
    private static let maximumAnswer = 32 << 20
    /// News that wait for a peer that is slow or away; older votes are fetched by the peer itself.
    private static let waitingNews = 64

    private let ledger: Hash32
    private let member: String
    private let key: SigningKey
    /// As they were configured.
    private let given: [String: String]
    private let clock: @Sendable () -> UInt64
    private let http: HTTPClient
    private let peers = Mutex<[String: Peer]>([:])
    /// Peers whose news are to be sent from now on.
    private let found: AsyncStream<String>
    private let finding: AsyncStream<String>.Continuation

    /// Another member's node, with the news that wait for it.
    private struct Peer {
        var address: String
        let stream: AsyncStream<PeerNews>
        let into: AsyncStream<PeerNews>.Continuation

        init(address: String) {
            self.address = address
            (stream, into) = AsyncStream.makeStream(
                of: PeerNews.self, bufferingPolicy: .bufferingNewest(PeerClient.waitingNews))
        }
    }

    /// - Parameters:
    ///   - member: the one that asks, with its key.
    ///   - addresses: of the other members' nodes, without a trailing slash, by member. They come before those that the ledger names.
    public init(
        ledger: Hash32, member: String, key: SigningKey, addresses: [String: String],
        clock: @escaping @Sendable () -> UInt64, http: HTTPClient = .shared
    ) {
        self.ledger = ledger
        self.member = member
        self.key = key
        given = addresses
        self.clock = clock
        self.http = http
        (found, finding) = AsyncStream.makeStream(of: String.self)
        use([:], without: [])
    }

    public var members: [String] { peers.withLock { $0.keys.sorted() } }

    public func use(_ addresses: [String: String], without left: Set<String>) {
        let wanted = addresses.merging(given) { $1 }.filter { !left.contains($0.key) }
        peers.withLock { peers in
            for (id, peer) in peers where wanted[id] == nil {
                peer.into.finish()
                peers.removeValue(forKey: id)
            }
            for (id, address) in wanted {
                if peers[id] == nil {
                    peers[id] = Peer(address: address)
                    finding.yield(id)
                } else {
                    peers[id]?.address = address
                }
            }
        }
    }

    /// Sends the news that ``publish(_:)`` was given, until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for await peer in found {
                guard let stream = peers.withLock({ $0[peer]?.stream }) else { continue }
                group.addTask {
                    for await news in stream {
                        // A peer that does not answer fetches them once it is back.
                        _ = try? await self.ask(peer, "POST", "/peer/v1/news", news.cbor.encoded())
                    }
                }
            }
        }
    }

    public func publish(_ news: PeerNews) {
        peers.withLock { peers in for peer in peers.values { peer.into.yield(news) } }
    }

    public func standing(of member: String) async throws -> PeerStanding {
        try PeerStanding(cbor: try await ask(member, "GET", "/peer/v1/standing"))
    }

    public func votes(from height: UInt64, of member: String) async throws -> [SignedHeader] {
        try await list(member, "/peer/v1/votes/\(height)").map { try SignedHeader(cbor: $0) }
    }

    public func blocks(from height: UInt64, of member: String) async throws -> [CertifiedBlock] {
        try await list(member, "/peer/v1/blocks/\(height)").map { try CertifiedBlock(cbor: $0) }
    }

    public func snapshotOffer(of member: String) async throws -> SnapshotOffer {
        try SnapshotOffer(cbor: try await ask(member, "GET", "/peer/v1/snapshot"))
    }

    public func bareBlocks(from height: UInt64, of member: String) async throws -> [BareBlock] {
        try await list(member, "/peer/v1/bare-blocks/\(height)").map { try BareBlock(cbor: $0) }
    }

    public func stateEntries(at height: UInt64, after key: Bytes, of member: String) async throws -> [StateEntry] {
        let path = "/peer/v1/snapshot/\(height)/state" + (key.isEmpty ? "" : "/\(key.hex)")
        return try await list(member, path).map { try StateEntry(cbor: $0) }
    }

    public func receipts(for transaction: Hash32, of member: String) async throws -> [Bytes] {
        try await list(member, "/peer/v1/receipts/\(transaction.hex)").compactMap(\.bytes)
    }

    public func cosignatures(at height: UInt64, of member: String) async throws -> [String] {
        try await list(member, "/peer/v1/cosignatures/\(height)").compactMap(\.text)
    }

    private func list(_ peer: String, _ path: String) async throws -> [CBOR] {
        guard let list = try await ask(peer, "GET", path).array else {
            throw PeerError(.answer, "\(peer) answered \(path) with something else than a list")
        }
        return list
    }

    private func ask(_ peer: String, _ method: String, _ path: String, _ body: Bytes = []) async throws -> CBOR {
        guard let address = peers.withLock({ $0[peer]?.address }) else {
            throw PeerError(.unknown, "there is no address of \(peer)")
        }
        let signed = PeerSignature(
            ledger: ledger, audience: peer, method: method, path: path, time: clock(), body: body)
        var request = HTTPClientRequest(url: address + path)
        request.method = .RAW(value: method)
        request.headers.add(name: PeerSignature.Field.member, value: member)
        request.headers.add(name: PeerSignature.Field.time, value: "\(signed.time)")
        request.headers.add(name: PeerSignature.Field.signature, value: signed.sign(with: key).hex)
        if !body.isEmpty {
            request.headers.add(name: "Content-Type", value: PeerRoutes.contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await http.execute(request, timeout: Self.timeout)
        let answer = Bytes(try await response.body.collect(upTo: Self.maximumAnswer).readableBytesView)
        guard response.status == .ok else {
            throw PeerError(.answer, "\(peer) answered \(path) with \(response.status.code)")
        }
        return try CBOR.decode(answer, limits: .large)
    }
}
