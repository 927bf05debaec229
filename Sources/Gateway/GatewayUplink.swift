import AsyncHTTPClient
import Foundation
import Ledger
import NIOCore
import NIOHTTP1
import NodeClient

/// What the node said to a statement.
enum NodeAnswer: Sendable, Hashable {
    /// FINAL and accepted.
    case final
    /// Taken, outcome not known yet.
    case underway
    /// Refused; the stable code and the reason.
    case rejected(code: String, reason: String)
    /// Not reached, or not able to answer now.
    case away(reason: String)
}

/// The node's interface as far as a gateway uses it. Statements need no session: their signature says who sends them.
struct GatewayUplink: Sendable {
    /// Seconds that the node is asked to wait for finality.
    static let wait = 10
    /// How long a request may take: the wait, and some for the way.
    private static let timeout: TimeAmount = .seconds(20)
    /// Octets read of an answer.
    private static let maximumAnswer = 8 * 1024 * 1024
    private static let maximumOutcome = 256 * 1024

    let base: String
    let path: String
    let gateway: String
    /// The gateway's COSE_Key, hex.
    let publicKey: String
    let session: NodeSession
    let http: HTTPClient
    let board: CounterBoard

    /// `POST` of the signed bytes.
    ///
    /// - Parameter waits: ask for the outcome (`Prefer: wait=10`), not only for the admission (`wait=0`).
    func submit(_ statement: [UInt8], waits: Bool) async -> NodeAnswer {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/cose")
        request.headers.add(name: "prefer", value: "wait=\(waits ? Self.wait : 0)")
        // A node that does not know the key yet can show it to a registrar.
        request.headers.add(name: "cairn-key", value: publicKey)
        request.body = .bytes(statement)
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            let answer = try await read(response)
            let isAway = if case .away = answer { true } else { false }
            if isAway { board.update { $0.isNodeReachable = false } } else { board.noteNode() }
            return answer
        } catch {
            board.update { counters in
                counters.isNodeReachable = false
                counters.nodeFailures += 1
            }
            return .away(reason: "\(base): \(error)")
        }
    }

    private func read(_ response: HTTPClientResponse) async throws -> NodeAnswer {
        let body = try await response.body.collect(upTo: Self.maximumOutcome)
        switch response.status.code {
        case 200, 201: return .final
        case 202, 303: return .underway
        // Too early, too many, timeout: the same bytes may be taken later.
        case 408, 425, 429, 500...599: return .away(reason: "the node answered \(response.status.code)")
        case let status:
            let problem = try? JSONDecoder().decode(Problem.self, from: Foundation.Data(body.readableBytesView))
            let reason = problem?.detail ?? problem?.title ?? response.status.reasonPhrase
            return .rejected(code: problem?.code ?? "http-\(status)", reason: reason)
        }
    }

    /// An answer of RFC 9457 with the member `code`.
    private struct Problem: Decodable {
        var code: String?
        var title: String?
        var detail: String?
    }

    /// `GET /api/v1/devices?gateway=…`: the JSON as it came.
    func devices() async throws -> [UInt8] { try await list("devices") }

    /// `GET /api/v1/streams?gateway=…`: the JSON as it came.
    func streams() async throws -> [UInt8] { try await list("streams") }

    /// A list that the node makes for this gateway: `devices`, `commands`, `rules` or `claims`.
    func list(_ name: String) async throws -> [UInt8] {
        var components = URLComponents()
        components.queryItems = [URLQueryItem(name: "gateway", value: gateway)]
        var request = HTTPClientRequest(url: base + "/api/v1/\(name)?" + (components.percentEncodedQuery ?? ""))
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "authorization", value: try await session.authorization())
        let response = try await http.execute(request, timeout: Self.timeout)
        if response.status == .unauthorized { session.forget() }
        guard response.status == .ok else {
            throw GatewayError(.directory, "the node answered \(response.status.code) to the question for \(name)")
        }
        board.noteNode()
        return [UInt8](try await response.body.collect(upTo: Self.maximumAnswer).readableBytesView)
    }

    /// `POST /api/v1/gateways/certificates`.
    func tell(_ report: CertificateReport) async throws {
        var request = HTTPClientRequest(url: base + "/api/v1/gateways/certificates")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "authorization", value: try await session.authorization())
        request.body = .bytes([UInt8](try JSONEncoder().encode(report)))
        let response = try await http.execute(request, timeout: Self.timeout)
        if response.status == .unauthorized { session.forget() }
        guard response.status == .noContent else {
            throw GatewayError(.directory, "the node answered \(response.status.code) to a report of certificates")
        }
    }

    /// What the key service is given: the epoch and its wrapped key, octets in hex.
    private struct Delivery: Encodable {
        var gateway: String
        var stream: String
        var epoch: UInt64
        var enc: String
        var ciphertext: String
    }

    /// `POST /api/v1/epoch-keys` to the owner's key service.
    ///
    /// - Parameter service: its base address; nil for the gateway's own node.
    func deliver(_ secret: WrappedSecret, of epoch: StreamEpoch, to service: String?) async -> NodeAnswer {
        var request = HTTPClientRequest(url: (service ?? base) + "/api/v1/epoch-keys")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        let delivery = Delivery(
            gateway: epoch.gateway, stream: epoch.stream, epoch: epoch.number, enc: secret.encapsulatedKey.hex,
            ciphertext: secret.ciphertext.hex)
        do {
            request.body = .bytes([UInt8](try JSONEncoder().encode(delivery)))
            return try await read(try await http.execute(request, timeout: Self.timeout))
        } catch {
            return .away(reason: "\(service ?? base): \(error)")
        }
    }
}
