import AsyncHTTPClient
import Ledger
import NIOCore
import Replica

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
    private let addresses: [String: String]
    private let clock: @Sendable () -> UInt64
    private let http: HTTPClient
    private let outgoing: [String: (stream: AsyncStream<PeerNews>, into: AsyncStream<PeerNews>.Continuation)]

    /// - Parameters:
    ///   - member: the one that asks, with its key.
    ///   - addresses: of the other members' nodes, without a trailing slash, by member.
    public init(
        ledger: Hash32, member: String, key: SigningKey, addresses: [String: String],
        clock: @escaping @Sendable () -> UInt64, http: HTTPClient = .shared
    ) {
        self.ledger = ledger
        self.member = member
        self.key = key
        self.addresses = addresses
        self.clock = clock
        self.http = http
        outgoing = addresses.mapValues { _ in
            let (stream, into) = AsyncStream.makeStream(
                of: PeerNews.self, bufferingPolicy: .bufferingNewest(Self.waitingNews))
            return (stream, into)
        }
    }

    public var members: [String] { addresses.keys.sorted() }

    /// Sends the news that ``publish(_:)`` was given, until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for (peer, queue) in outgoing {
                group.addTask {
                    for await news in queue.stream {
                        // A peer that does not answer fetches them once it is back.
                        _ = try? await self.ask(peer, "POST", "/peer/v1/news", news.cbor.encoded())
                    }
                }
            }
        }
    }

    public func publish(_ news: PeerNews) {
        for queue in outgoing.values { queue.into.yield(news) }
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
        guard let address = addresses[peer] else { throw PeerError(.unknown, "there is no address of \(peer)") }
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
