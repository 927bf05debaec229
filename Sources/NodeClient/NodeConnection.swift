import AsyncHTTPClient
import Foundation
import Ledger
import NIOCore
import Synchronization

/// A node seen from outside, over its HTTP interface.
public struct NodeConnection: Sendable {
    /// Largest answer that is read, bytes.
    public static let maximumAnswer = 64 * 1024 * 1024

    public let address: String
    public let ledger: Hash32
    public let genesis: Genesis
    private let http: HTTPClient
    private var session: NodeSession?
    /// Of all who read by this connection and its copies.
    private let sessions = Sessions()

    private final class Sessions: Sendable {
        let byParticipant = Mutex<[String: NodeSession]>([:])
    }

    /// What a node answered to a statement.
    public struct Submission: Sendable {
        public let status: Int
        /// FINAL, REJECTED, EXPIRED or RECEIVED.
        public let word: String
        public let height: UInt64?
        /// The problem's code and detail, when it was refused.
        public let problem: (code: String, detail: String)?
    }

    /// Connects, and takes the first ledger of the node unless one is named; genesis is compared with the ledger's id.
    ///
    /// - Parameter reader: who reads, with a key that the ledger knows; nil reads what is public.
    public init(
        address: String, ledger expected: Hash32? = nil, reader: (participant: String, key: SigningKey)? = nil,
        http: HTTPClient = .shared
    ) async throws {
        self.address = address
        self.http = http
        let ledgers = try await Self.json("\(address)/api/v1/ledgers", http)["items"] as? [[String: Any]] ?? []
        let ids = ledgers.compactMap { ($0["id"] as? String).flatMap { Hash32(hex: $0) } }
        guard let id = expected ?? ids.first, ids.contains(id) else {
            throw ConnectionError("the node at \(address) does not have the ledger asked for")
        }
        genesis = try Genesis(decoding: try await Self.get("\(address)/api/v1/ledgers/\(id.hex)/genesis", http))
        guard genesis.id == id else { throw ConnectionError("the node's genesis does not have the id of its ledger") }
        ledger = id
        if let reader { read(as: reader.participant, with: reader.key) }
    }

    /// Who reads from now on.
    public mutating func read(as participant: String, with key: SigningKey) {
        session = sessions.byParticipant.withLock { known in
            let session =
                known[participant]
                ?? NodeSession(address: address, ledger: ledger, participant: participant, key: key, http: http)
            known[participant] = session
            return session
        }
    }

    /// Submits a statement and waits until it is final, at most a minute.
    public func submit(_ statement: Bytes) async throws -> Submission {
        var request = HTTPClientRequest(url: "\(address)/api/v1/transactions")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/cose")
        request.headers.add(name: "Prefer", value: "wait=60")
        request.body = .bytes(ByteBuffer(bytes: statement))
        let response = try await http.execute(request, timeout: .seconds(90))
        let body = try await response.body.collect(upTo: Self.maximumAnswer)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any] ?? [:]
        let status = Int(response.status.code)
        if status == 201 || status == 202 {
            return Submission(
                status: status, word: json["status"] as? String ?? "",
                height: (json["height"] as? NSNumber)?.uint64Value,
                problem: nil)
        }
        let code = json["code"] as? String ?? "unknown"
        return Submission(
            status: status, word: code == "expired" ? "EXPIRED" : "REJECTED", height: nil,
            problem: (code, json["detail"] as? String ?? ""))
    }

    /// The bytes at a path; anything but 200 is an error.
    public func get(_ path: String) async throws -> Bytes {
        try await Self.get(address + path, http, authorization: try await session?.authorization())
    }

    /// Posts bytes; the status and the JSON object of the answer, also of a refusal.
    public func post(
        _ path: String, _ body: Bytes, contentType: String
    ) async throws -> (status: Int, json: [String: Any]) {
        var request = HTTPClientRequest(url: address + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: contentType)
        if let session { request.headers.add(name: "Authorization", value: try await session.authorization()) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await http.execute(request, timeout: .seconds(90))
        let answer = try await response.body.collect(upTo: Self.maximumAnswer)
        let json = try JSONSerialization.jsonObject(with: Data(answer.readableBytesView)) as? [String: Any] ?? [:]
        return (Int(response.status.code), json)
    }

    /// The JSON object at a path.
    public func json(_ path: String) async throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(try await get(path))) as? [String: Any] ?? [:]
    }

    /// How often a node may say that these were too many requests at once, before it is taken at its word.
    private static let attempts = 10

    private static func get(_ url: String, _ http: HTTPClient, authorization: String? = nil) async throws -> Bytes {
        for _ in 1..<attempts {
            do {
                return try await getOnce(url, http, authorization)
            } catch let error as ConnectionError where error.status == 429 {
                try await Task.sleep(for: .seconds(1))
            }
        }
        return try await getOnce(url, http, authorization)
    }

    private static func getOnce(_ url: String, _ http: HTTPClient, _ authorization: String?) async throws -> Bytes {
        var request = HTTPClientRequest(url: url)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: .seconds(30))
        } catch {
            throw ConnectionError("\(url) cannot be reached: \(error); is the node running?")
        }
        let body = try await response.body.collect(upTo: maximumAnswer)
        guard response.status == .ok else {
            throw ConnectionError(
                "\(url) answered \(response.status.code): \(String(buffer: body).prefix(300))",
                status: Int(response.status.code))
        }
        return Bytes(body.readableBytesView)
    }

    private static func json(_ url: String, _ http: HTTPClient) async throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(try await get(url, http))) as? [String: Any] ?? [:]
    }
}

/// A node that cannot be reached or does not answer as it should.
public struct ConnectionError: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// Whether the node answers with what no quorum signed.
    public let contradicts: Bool
    /// The HTTP status, where the node answered with another than asked for.
    public let status: Int?

    public init(_ description: String, contradicts: Bool = false, status: Int? = nil) {
        self.description = description
        self.contradicts = contradicts
        self.status = status
    }
}
