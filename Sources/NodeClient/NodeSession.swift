import AsyncHTTPClient
import Foundation
import Ledger
import NIOCore
import Synchronization

/// Signs in at a node with a key that its ledger knows, and keeps the token as long as it lasts.
///
/// The node shows first that it is a member's: genesis has the ledger's id, each change of members since then is signed by a quorum of those
/// before, and the challenge is signed by a key of those that it leads to.
public final class NodeSession: Sendable {
    /// Before its end a token is renewed by this much, so that none ends on its way.
    private static let margin: TimeInterval = 60
    private static let timeout: TimeAmount = .seconds(30)
    private static let maximumAnswer = 1024 * 1024
    /// How often a node may say that these were too many at once, before it is taken at its word.
    private static let attempts = 10

    private let address: String
    private let ledger: Hash32
    private let participant: String
    private let key: SigningKey
    private let http: HTTPClient
    private let state = Mutex(State())

    private struct State {
        var token: (text: String, until: Date)?
    }

    public init(
        address: String, ledger: Hash32, participant: String, key: SigningKey, http: HTTPClient = .shared
    ) {
        self.address = address
        self.ledger = ledger
        self.participant = participant
        self.key = key
        self.http = http
    }

    /// The value of an `Authorization` header.
    ///
    /// - Throws: ``ConnectionError`` when the node is not a member's, or does not let the participant in.
    public func authorization() async throws -> String {
        if let token = state.withLock({ $0.token }), token.until.timeIntervalSinceNow > Self.margin {
            return "Bearer \(token.text)"
        }
        let token = try await signIn()
        state.withLock { $0.token = token }
        return "Bearer \(token.text)"
    }

    /// Forgets the token: the node does not take it any more.
    public func forget() { state.withLock { $0.token = nil } }

    private func signIn() async throws -> (text: String, until: Date) {
        let nonce = Hash32.sha256(Bytes((0..<32).map { _ in UInt8.random(in: 0...255) }))
        let given = try await post(
            "/api/v1/sign-in/challenges", Bytes(#"{"nonce":"\#(nonce.hex)"}"#.utf8), "application/json")
        guard let challenge = (given["challenge"] as? String).flatMap({ Bytes(hex: $0) }),
            let proof = (given["proof"] as? String).flatMap({ Bytes(hex: $0) }), let member = given["member"] as? String
        else { throw ConnectionError("the node at \(address) gave no challenge; is it a Cairn node?") }
        guard let known = try await members().members.first(where: { $0.id == member }),
            KeySignIn.isProof(proof, nonce: nonce.bytes, challenge: challenge, ledger: ledger, by: known.key)
        else { throw ConnectionError("the node at \(address) is no member of ledger \(ledger); check its address") }
        let answer = KeySignIn.answer(challenge: challenge, participant: participant, ledger: ledger, with: key)
        let session = try await post("/api/v1/sign-in/key", answer, "application/cbor")
        guard let token = session["token"] as? String, let text = session["expires"] as? String,
            let until = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        else { throw ConnectionError("the node at \(address) gave no token") }
        return (token, until)
    }

    private func members() async throws -> MemberSet {
        let genesis = try Genesis(decoding: try await fetch("genesis"))
        guard genesis.id == ledger else { throw ConnectionError("genesis does not have the id of ledger \(ledger)") }
        let changes = try MemberHistory.announcements(
            try CBOR.decode(try await fetch("members/changes"), limits: .large))
        return try MemberHistory(genesis, announced: changes).current
    }

    private func fetch(_ path: String) async throws -> Bytes {
        let url = "\(address)/api/v1/ledgers/\(ledger.hex)/\(path)"
        let response = try await http.execute(HTTPClientRequest(url: url), timeout: Self.timeout)
        let body = try await response.body.collect(upTo: Self.maximumAnswer)
        guard response.status == .ok else {
            throw ConnectionError("the node at \(address) does not have ledger \(ledger)")
        }
        return Bytes(body.readableBytesView)
    }

    private func post(_ path: String, _ body: Bytes, _ type: String) async throws -> [String: Any] {
        for _ in 1..<Self.attempts {
            let (response, object) = try await answer(path, body, type)
            guard response.status == .tooManyRequests else { return try created(response, object) }
            let seconds = response.headers.first(name: "Retry-After").flatMap { Int($0) } ?? 1
            try await Task.sleep(for: .seconds(min(seconds, 60)))
        }
        let (response, object) = try await answer(path, body, type)
        return try created(response, object)
    }

    private func answer(
        _ path: String, _ body: Bytes, _ type: String
    ) async throws -> (response: HTTPClientResponse, object: [String: Any]?) {
        var request = HTTPClientRequest(url: address + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: type)
        request.body = .bytes(body)
        let response = try await http.execute(request, timeout: Self.timeout)
        let answer = try await response.body.collect(upTo: Self.maximumAnswer)
        return (response, try? JSONSerialization.jsonObject(with: Data(answer.readableBytesView)) as? [String: Any])
    }

    private func created(_ response: HTTPClientResponse, _ object: [String: Any]?) throws -> [String: Any] {
        guard response.status == .created else {
            let why = object?["detail"] as? String ?? "status \(response.status.code)"
            throw ConnectionError("\(participant) cannot sign in at \(address): \(why)")
        }
        return object ?? [:]
    }
}
