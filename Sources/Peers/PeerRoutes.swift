import APIKit
import Ledger
import Replica

/// What a member's node tells the nodes of the other members, on a port of its own.
public struct PeerRoutes: Sendable {
    /// Bytes of statements after which an answer ends.
    private static let answerSize = 8 << 20
    static let contentType = "application/cbor"
    /// Answered to everybody: how a node that was away learns by which keys the others are known.
    static let changes = "/peer/v1/members/changes"

    let node: LedgerNode
    let clock: @Sendable () -> UInt64

    public init(node: LedgerNode, clock: @escaping @Sendable () -> UInt64) {
        self.node = node
        self.clock = clock
    }

    public var routes: [Route] {
        [
            route(.get, "/peer/v1/standing", "Final height, and the asking member's last vote") { member, _ in
                node.standing(for: member).cbor
            },
            route(.post, "/peer/v1/news", "Votes and clock of the asking member", consumes: Self.contentType) {
                _, request in
                node.take(try PeerNews(cbor: try CBOR.decode(request.body)))
                return .null
            },
            route(.get, "/peer/v1/votes/{height}", "Votes from a height on") { _, request in
                .array(try node.votes(from: try height(request)).map(\.cbor))
            },
            route(.get, "/peer/v1/blocks/{height}", "Final blocks from a height on, of those kept here") { _, request in
                .array(
                    try node.certifiedBlocks(from: try height(request), bytes: Self.answerSize).map(\.cbor))
            },
            route(.get, "/peer/v1/snapshot", "A final block whose state is handed out") { _, _ in
                try node.snapshotOffer().cbor
            },
            route(.get, "/peer/v1/snapshot/{height}/state", "Entries of the state at a block, the first") {
                _, request in
                .array(try node.stateEntries(at: try height(request), after: []).map(\.cbor))
            },
            route(.get, "/peer/v1/snapshot/{height}/state/{key}", "Entries after a key, in hex") { _, request in
                guard let key = Bytes(hex: try request.parameter("key")) else {
                    throw Problem.badRequest("a key is given in hex")
                }
                return .array(try node.stateEntries(at: try height(request), after: key).map(\.cbor))
            },
            route(.get, "/peer/v1/bare-blocks/{height}", "Final blocks from a height on, without statements") {
                _, request in
                .array(try node.bareBlocks(from: try height(request)).map(\.cbor))
            },
            route(.get, "/peer/v1/receipts/{transaction}", "This member's receipt of a transaction") { _, request in
                guard let id = Hash32(hex: try request.parameter("transaction")) else {
                    throw Problem.badRequest("a transaction is 32 bytes in hex")
                }
                return .array(try (node.ownReceipts(for: id) ?? []).map { .bytes($0) })
            },
            route(.get, "/peer/v1/cosignatures/{height}", "This member's lines on the tree head of a block") {
                _, request in
                .array(try node.ownCosignatures(at: try height(request)).map { .text($0) })
            },
            route(
                .post, "/peer/v1/resolutions", "This member's signature for a new order, or for refusing a statement",
                consumes: Self.contentType
            ) { _, request in
                try await node.sign(try ResolutionRequest(cbor: try CBOR.decode(request.body, limits: .large))).cbor
            },
            Route(
                .get, Self.changes, "The headers that announced other members", tag: "peers", access: .anyone,
                produces: Self.contentType
            ) { _ in
                let changes = try node.memberChanges(through: node.finalHeight)
                return .bytes(MemberHistory.cbor(changes).encoded(), Self.contentType)
            },
        ]
    }

    private func height(_ request: APIRequest) throws -> UInt64 {
        guard let height = UInt64(try request.parameter("height")) else {
            throw Problem.badRequest("a height is a number")
        }
        return height
    }

    private func route(
        _ method: Route.Method, _ path: String, _ summary: String, consumes: String? = nil,
        answer: @escaping @Sendable (String, APIRequest) async throws -> CBOR
    ) -> Route {
        Route(
            method, path, summary, tag: "peers", access: .anyone, consumes: consumes, bodyLimit: 1 << 20,
            produces: Self.contentType, rate: nil
        ) { request in
            let asking = try member(of: request)
            do {
                return .bytes(try await answer(asking, request).encoded(), Self.contentType)
            } catch let error as LedgerError {
                throw Problem.badRequest(error.description)
            } catch let error as ReplicaError where error.code == .notFound {
                throw Problem.notFound(error.message)
            } catch let error as ReplicaError where error.code == .busy {
                throw Problem(503, error.code.rawValue, error.message)
            }
        }
    }

    /// The member whose key signed a request.
    private func member(of request: APIRequest) throws -> String {
        let refused = Problem(403, "no-peer", "only nodes of this ledger's other members are answered here")
        guard let id = request.headers[PeerSignature.Field.member],
            let time = request.headers[PeerSignature.Field.time].flatMap({ UInt64($0) }),
            let signature = request.headers[PeerSignature.Field.signature].flatMap({ Bytes(hex: $0) }),
            let member = node.members.current.members.first(where: { $0.id == id })
        else { throw refused }
        let now = clock()
        guard time <= now + PeerSignature.tolerance, now <= time + PeerSignature.tolerance else {
            throw Problem(403, "peer-clock", "the clocks of the two nodes differ by more than a minute; set them")
        }
        let signed = PeerSignature(
            ledger: node.ledger, audience: node.serving.member.id, method: request.method, path: request.path,
            time: time, body: request.body)
        guard signed.isValid(signature, by: member.key) else { throw refused }
        return id
    }
}
