import AsyncHTTPClient
import Ledger
import NIOCore
import NIOSSL
import Replica
import Sequencing
import Synchronization

/// The nodes of the other members, over HTTP and TLS. Nothing is asked of who does not show the key of the member that it is taken for.
public final class PeerClient: PeerGroup {
    private static let timeout: TimeAmount = .seconds(10)
    /// Largest answer that is read, bytes: one above a block of the largest batch.
    private static let maximumAnswer = 32 << 20
    /// News that wait for a peer that is slow or away; older votes are fetched by the peer itself.
    private static let waitingNews = 64
    /// Between two questions to one who does not show the key that is known, ms.
    private static let patience: UInt64 = 5_000
    /// Connections are kept and shared by all clients of the process. A peer that is away is heard of at once, and asked again by who needs it.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let genesis: Genesis
    private let member: String
    private let keys: MemberKeys
    /// As they were configured.
    private let given: [String: String]
    private let clock: @Sendable () -> UInt64
    private let report: @Sendable (String, String?) -> Void
    private let state: Mutex<State>
    /// Peers whose news are to be sent from now on.
    private let found: AsyncStream<String>
    private let finding: AsyncStream<String>.Continuation

    private struct State {
        var peers: [String: Peer] = [:]
        /// The furthest that is known of: the ledger's here, or what a peer told that a quorum signed.
        var members: MemberHistory
        /// How connections to who has a key are secured. Kept, because connections are kept by it.
        var security: [VerifyingKey: TLSConfiguration] = [:]

        func key(of member: String) -> VerifyingKey? {
            members.current.members.first { $0.id == member }?.key
        }
    }

    /// Another member's node, with the news that wait for it.
    private struct Peer {
        var address: String
        /// Whether somebody else answers in its place.
        var isImpostor = false
        /// When who answers there was last asked which members there are, ms.
        var asked: UInt64 = 0
        let stream: AsyncStream<PeerNews>
        let into: AsyncStream<PeerNews>.Continuation

        init(address: String) {
            self.address = address
            (stream, into) = AsyncStream.makeStream(
                of: PeerNews.self, bufferingPolicy: .bufferingNewest(PeerClient.waitingNews))
        }
    }

    /// - Parameters:
    ///   - member: the one that asks, with its keys.
    ///   - addresses: of the other members' nodes, `https://` without a trailing slash, by member. They come before those that the ledger names.
    ///   - report: is told which member's node is not the one that answers, and nil when it is again.
    public init(
        genesis: Genesis, member: String, keys: MemberKeys, addresses: [String: String],
        clock: @escaping @Sendable () -> UInt64, report: @escaping @Sendable (String, String?) -> Void
    ) {
        self.genesis = genesis
        self.member = member
        self.keys = keys
        given = addresses
        self.clock = clock
        self.report = report
        let members = MemberHistory(genesis.members)
        state = Mutex(State(members: members))
        (found, finding) = AsyncStream.makeStream(of: String.self)
        use([:], of: members, without: [])
    }

    public var members: [String] { state.withLock { $0.peers.keys.sorted() } }

    public func key(of member: String) -> VerifyingKey? { state.withLock { $0.key(of: member) } }

    public func use(_ addresses: [String: String], of members: MemberHistory, without left: Set<String>) {
        let wanted = addresses.merging(given) { $1 }.filter { !left.contains($0.key) }
        state.withLock { state in
            if members.periods.count >= state.members.periods.count { state.members = members }
            for (id, peer) in state.peers where wanted[id] == nil {
                peer.into.finish()
                state.peers.removeValue(forKey: id)
            }
            for (id, address) in wanted {
                if state.peers[id] == nil {
                    state.peers[id] = Peer(address: address)
                    finding.yield(id)
                } else {
                    state.peers[id]?.address = address
                }
            }
        }
    }

    /// Sends the news that ``publish(_:)`` was given, until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for await peer in found {
                guard let stream = state.withLock({ $0.peers[peer]?.stream }) else { continue }
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
        state.withLock { state in for peer in state.peers.values { peer.into.yield(news) } }
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

    public func signature(for request: ResolutionRequest, of member: String) async throws -> ResolutionAnswer {
        try ResolutionAnswer(cbor: try await ask(member, "POST", "/peer/v1/resolutions", request.cbor.encoded()))
    }

    private func list(_ peer: String, _ path: String) async throws -> [CBOR] {
        guard let list = try await ask(peer, "GET", path).array else {
            throw PeerError(.answer, "\(peer) answered \(path) with something else than a list")
        }
        return list
    }

    // MARK: Asking

    private func ask(_ peer: String, _ method: String, _ path: String, _ body: Bytes = []) async throws -> CBOR {
        let address = try address(of: peer)
        while true {
            guard let known = state.withLock({ $0.key(of: peer) }) else {
                if try await learn(from: peer, at: address), state.withLock({ $0.key(of: peer) }) != nil { continue }
                throw PeerError(.unknown, "\(peer) is no member, as far as is known here")
            }
            do {
                let answer = try await answer(
                    of: peer, at: address, method, path, body, with: try security(trusting: known))
                settle(peer, nil)
                return try CBOR.decode(answer, limits: .large)
            } catch let error as NIOSSLError {
                // Its member may have another key by now, which a quorum has signed then.
                if try await learn(from: peer, at: address), state.withLock({ $0.key(of: peer) }) != known { continue }
                let reason = "who answers at \(address) does not show the key of \(peer)"
                settle(peer, reason)
                throw PeerError(.impostor, "\(reason): \(error)")
            }
        }
    }

    /// A peer whose ledger is further than this one's, or not as far, knows this member by another of its keys.
    private func answer(
        of peer: String, at address: String, _ method: String, _ path: String, _ body: Bytes,
        with security: TLSConfiguration
    ) async throws -> Bytes {
        func answer(_ key: SigningKey) async throws -> Bytes {
            try await execute(
                request(to: peer, at: address, method, path, body, signedWith: key), with: security, of: peer)
        }
        let shown = keys.shown
        do {
            return try await answer(shown)
        } catch let refusal as PeerError where refusal.code == .refused {
            for other in keys.reloaded() where other.kid != shown.kid {
                if let answer = try? await answer(other) { return answer }
            }
            throw refusal
        }
    }

    private func address(of peer: String) throws -> String {
        guard let address = state.withLock({ $0.peers[peer]?.address }) else {
            throw PeerError(.unknown, "there is no address of \(peer)")
        }
        // One that an older ledger holds, for instance.
        guard address.hasPrefix("https://") else {
            throw PeerError(.unknown, "the address of \(peer) is \(address); nodes are asked by https:// alone")
        }
        return address
    }

    private func security(trusting key: VerifyingKey) throws -> TLSConfiguration {
        if let known = state.withLock({ $0.security[key] }) { return known }
        let made = try PeerSecurity.client(trusting: key)
        return state.withLock { state in
            if state.security.count > MemberSet.maximum { state.security.removeAll() }
            return state.security[key]
                ?? {
                    state.security[key] = made
                    return made
                }()
        }
    }

    private func request(
        to peer: String, at address: String, _ method: String, _ path: String, _ body: Bytes,
        signedWith key: SigningKey
    ) -> HTTPClientRequest {
        let signed = PeerSignature(
            ledger: genesis.id, audience: peer, method: method, path: path, time: clock(), body: body)
        var request = HTTPClientRequest(url: address + path)
        request.method = .RAW(value: method)
        request.headers.add(name: PeerSignature.Field.member, value: member)
        request.headers.add(name: PeerSignature.Field.time, value: "\(signed.time)")
        request.headers.add(name: PeerSignature.Field.signature, value: signed.sign(with: key).hex)
        if !body.isEmpty {
            request.headers.add(name: "Content-Type", value: PeerRoutes.contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return request
    }

    private func execute(
        _ request: HTTPClientRequest, with security: TLSConfiguration, of peer: String
    ) async throws -> Bytes {
        var request = request
        request.tlsConfiguration = security
        let response = try await Self.http.execute(request, timeout: Self.timeout)
        let answer = Bytes(try await response.body.collect(upTo: Self.maximumAnswer).readableBytesView)
        guard response.status == .ok else {
            throw PeerError(
                response.status == .forbidden ? .refused : .answer,
                "\(peer) answered \(request.url) with \(response.status.code)")
        }
        return answer
    }

    // MARK: Who is who

    /// Asks who answers in a peer's place for the changes of members. Whoever it is: they prove themselves by the signatures of quorums from
    /// genesis on. Nothing is said to it but the question.
    ///
    /// - Returns: whether more changes are known now.
    private func learn(from peer: String, at address: String) async throws -> Bool {
        let now = clock()
        let isDue = state.withLock { state in
            guard let asked = state.peers[peer]?.asked, now >= asked + Self.patience else { return false }
            state.peers[peer]?.asked = now
            return true
        }
        guard isDue else { return false }
        guard
            let answer = try? await execute(
                HTTPClientRequest(url: address + PeerRoutes.changes), with: PeerSecurity.clientOfAnybody(), of: peer),
            let changes = try? MemberHistory.announcements(CBOR.decode(answer, limits: .large)),
            let history = try? MemberHistory(genesis, announced: changes)
        else { return false }
        return state.withLock { state in
            guard history.periods.count > state.members.periods.count else { return false }
            state.members = history
            return true
        }
    }

    private func settle(_ peer: String, _ impostor: String?) {
        let isNew = state.withLock { state in
            guard let before = state.peers[peer]?.isImpostor else { return false }
            state.peers[peer]?.isImpostor = impostor != nil
            return before != (impostor != nil)
        }
        if isNew { report(peer, impostor) }
    }
}
