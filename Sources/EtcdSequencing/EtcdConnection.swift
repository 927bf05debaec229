import AsyncHTTPClient
import Foundation
import Ledger
import NIOCore
import NIOSSL
import Sequencing
import Synchronization

/// The few calls of etcd's v3 interface that the sequencer makes, over etcd's own JSON gateway, at whichever member of the cluster answers.
final class EtcdConnection: SlotStore {
    /// How long a call may take; after that its outcome is unknown.
    private static let timeout = TimeAmount.seconds(4)
    /// Largest answer, bytes: entries of several slots in base64.
    private static let maximumAnswer = 64 << 20
    /// Codes of gRPC, as the gateway hands them on.
    private enum Code {
        static let invalidArgument = 3, permissionDenied = 7, resourceExhausted = 8, failedPrecondition = 9
        static let unauthenticated = 16
    }

    private struct State {
        var current = 0
        var token: String?
    }

    private let addresses: [String]
    private let http: HTTPClient
    private let user: (name: String, password: String)?
    private let state = Mutex(State())

    init(_ configuration: EtcdConfiguration) throws {
        let scheme = configuration.tls == nil ? "http" : "https"
        addresses = try configuration.checkedEndpoints().map { "\(scheme)://\($0)" }
        user = configuration.user
        http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(tlsConfiguration: try configuration.tls.map { try Self.security($0) }))
    }

    private static func security(_ tls: EtcdConfiguration.TLS) throws -> TLSConfiguration {
        var security = TLSConfiguration.makeClientConfiguration()
        do {
            if let file = tls.authorityFile { security.trustRoots = .file(file) }
            if let file = tls.certificateFile {
                security.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
            }
            if let file = tls.keyFile {
                security.privateKey = .privateKey(try NIOSSLPrivateKey(file: file, format: .pem))
            }
        } catch {
            throw SequencingError(.configuration, "a certificate or key for etcd cannot be read: \(error)")
        }
        return security
    }

    func close() { http.shutdown { _ in } }

    // MARK: Calls

    // Requests are put together as text: base64 needs no escape, and they are most of what a batch costs its proposer.

    func range(_ start: Bytes, to end: Bytes?, limit: Int) async throws -> [(key: Bytes, value: Bytes)] {
        let last = end.map { ",\"range_end\":\"\(Self.text($0))\"" } ?? ""
        let answer = try await call("kv/range", "{\"key\":\"\(Self.text(start))\"\(last),\"limit\":\"\(limit)\"}")
        return try (answer["kvs"] as? [[String: Any]] ?? []).map { item in
            (try Self.bytes(item["key"]), try Self.bytes(item["value"]))
        }
    }

    func put(_ values: [(key: Bytes, value: Bytes)], ifKey key: Bytes, is expected: Bytes?) async throws -> SlotWrite {
        let wanted =
            expected.map { "\"target\":\"VALUE\",\"value\":\"\(Self.text($0))\"" }
            ?? "\"target\":\"VERSION\",\"version\":\"0\""
        let compare = "{\"key\":\"\(Self.text(key))\",\"result\":\"EQUAL\",\(wanted)}"
        let puts = values.map { Self.put($0.value, at: $0.key) }.joined(separator: ",")
        let read = "{\"request_range\":{\"key\":\"\(Self.text(key))\"}}"
        let answer = try await call(
            "kv/txn", "{\"compare\":[\(compare)],\"success\":[\(puts)],\"failure\":[\(read)]}")
        if answer["succeeded"] as? Bool ?? false { return .written }
        let range = (answer["responses"] as? [[String: Any]])?.first?["response_range"] as? [String: Any]
        return .found(try (range?["kvs"] as? [[String: Any]])?.first.map { try Self.bytes($0["value"]) })
    }

    func put(_ value: Bytes, at key: Bytes, deletingFrom start: Bytes, to end: Bytes) async throws {
        let range = "{\"key\":\"\(Self.text(start))\",\"range_end\":\"\(Self.text(end))\"}"
        let deletion = "{\"request_delete_range\":\(range)}"
        _ = try await call("kv/txn", "{\"success\":[\(Self.put(value, at: key)),\(deletion)]}")
    }

    func bytesInUse() async throws -> Int? {
        (try await call("maintenance/status", "{}")["dbSizeInUse"] as? String).flatMap { Int($0) }
    }

    private static func put(_ value: Bytes, at key: Bytes) -> String {
        "{\"request_put\":{\"key\":\"\(text(key))\",\"value\":\"\(text(value))\"}}"
    }

    private static func text(_ bytes: Bytes) -> String { Data(bytes).base64EncodedString() }

    /// An empty value is left out of an answer.
    private static func bytes(_ text: Any?) throws -> Bytes {
        guard let text else { return [] }
        guard let data = (text as? String).flatMap({ Data(base64Encoded: $0) }) else {
            throw SequencingError(.broken, "etcd answered with something else than base64")
        }
        return Bytes(data)
    }

    private func call(_ path: String, _ request: String) async throws -> [String: Any] {
        let current = state.withLock { $0.current }
        do {
            return try await send(path, Bytes(request.utf8), token: try await token(at: current), to: current)
        } catch {
            state.withLock { state in
                // A token ends with the etcd member that gave it, and after some minutes.
                state.token = nil
                if state.current == current { state.current = (current + 1) % addresses.count }
            }
            throw error
        }
    }

    private func token(at address: Int) async throws -> String? {
        guard let user else { return nil }
        if let token = state.withLock({ $0.token }) { return token }
        let named = try JSONSerialization.data(withJSONObject: ["name": user.name, "password": user.password])
        let answer = try await send("auth/authenticate", Bytes(named), token: nil, to: address)
        let token = answer["token"] as? String
        state.withLock { $0.token = token }
        return token
    }

    private func send(
        _ path: String, _ json: Bytes, token: String?, to address: Int
    ) async throws -> [String: Any] {
        var request = HTTPClientRequest(url: "\(addresses[address])/v3/\(path)")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let token { request.headers.add(name: "Authorization", value: token) }
        request.body = .bytes(ByteBuffer(bytes: json))
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await http.execute(request, timeout: Self.timeout)
            body = try await response.body.collect(upTo: Self.maximumAnswer)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw SequencingError(.unreachable, "etcd at \(addresses[address]) does not answer: \(error)")
        }
        let answer = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        guard response.status == .ok, let answer else {
            throw Self.error(
                code: answer?["code"] as? Int, message: answer?["error"] as? String ?? "status \(response.status.code)")
        }
        return answer
    }

    private static func error(code: Int?, message: String) -> SequencingError {
        switch code {
        case Code.resourceExhausted where message.contains("space"):
            SequencingError(
                .full, "etcd has no space left (\(message)); compact and defragment it, then disarm its alarm")
        case Code.invalidArgument, Code.permissionDenied, Code.failedPrecondition, Code.unauthenticated:
            SequencingError(.refused, "etcd refuses: \(message); check user, password and certificate")
        default:
            SequencingError(.unreachable, "etcd does not answer as it should: \(message)")
        }
    }
}
