import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Ledger
import Sequencing
import SwiftProtobuf
import Synchronization

/// The few calls of etcd's v3 interface that the sequencer makes, at whichever member of the cluster answers.
final class EtcdConnection: Sendable {
    /// How long a call may take; after that its outcome is unknown.
    static let timeout = Duration.seconds(4)
    /// Largest answer, bytes: entries of several slots.
    static let maximumAnswer = 64 << 20

    private typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private struct State {
        var current = 0
        var token: String?
    }

    private let clients: [Client]
    private let running: [Task<Void, any Error>]
    private let user: (name: String, password: String)?
    private let state = Mutex(State())

    init(_ configuration: EtcdConfiguration) throws {
        clients = try configuration.addresses().map { host, port in
            let security = Self.security(configuration.tls)
            let isAddress = host.split(separator: ".").allSatisfy { UInt8($0) != nil }
            return Client(
                transport: isAddress
                    ? try .http2NIOPosix(target: .ipv4(address: host, port: port), transportSecurity: security)
                    : try .http2NIOPosix(target: .dns(host: host, port: port), transportSecurity: security))
        }
        user = configuration.user
        running = clients.map { client in Task { try await client.runConnections() } }
    }

    private static func security(_ tls: EtcdConfiguration.TLS?) -> HTTP2ClientTransport.Posix.TransportSecurity {
        guard let tls else { return .plaintext }
        return .tls(
            .defaults { security in
                if let file = tls.authorityFile {
                    security.trustRoots = .certificates([.file(path: file, format: .pem)])
                }
                if let file = tls.certificateFile {
                    security.certificateChain = [.file(path: file, format: .pem)]
                }
                if let file = tls.keyFile { security.privateKey = .file(path: file, format: .pem) }
            })
    }

    func close() {
        for client in clients { client.beginGracefulShutdown() }
        for task in running { task.cancel() }
    }

    // MARK: Calls

    /// Values under keys from `start` up to `end`, ascending; of one key without `end`.
    func range(_ start: Bytes, to end: Bytes? = nil, limit: Int64 = 0) async throws -> [(key: Bytes, value: Bytes)] {
        let request = Etcdserverpb_RangeRequest.with {
            $0.key = Data(start)
            if let end { $0.rangeEnd = Data(end) }
            $0.limit = limit
        }
        let answer: Etcdserverpb_RangeResponse = try await call("etcdserverpb.KV", "Range", request)
        return answer.kvs.map { (Bytes($0.key), Bytes($0.value)) }
    }

    /// Writes all values if a key still has the value `expected` (nil: does not exist); false if it does not.
    func put(
        _ values: [(key: Bytes, value: Bytes)], ifKey key: Bytes, is expected: Bytes?
    ) async throws -> Bool {
        let compare = Etcdserverpb_Compare.with {
            $0.key = Data(key)
            $0.result = .equal
            if let expected {
                $0.target = .value
                $0.value = Data(expected)
            } else {
                $0.target = .version
                $0.version = 0
            }
        }
        let request = Etcdserverpb_TxnRequest.with {
            $0.compare = [compare]
            $0.success = values.map { key, value in
                .with {
                    $0.requestPut = .with {
                        $0.key = Data(key)
                        $0.value = Data(value)
                    }
                }
            }
        }
        let answer: Etcdserverpb_TxnResponse = try await call("etcdserverpb.KV", "Txn", request)
        return answer.succeeded
    }

    /// Writes one value and deletes keys from `start` up to `end`.
    func put(_ value: Bytes, at key: Bytes, deletingFrom start: Bytes, to end: Bytes) async throws {
        let request = Etcdserverpb_TxnRequest.with {
            $0.success = [
                .with {
                    $0.requestPut = .with {
                        $0.key = Data(key)
                        $0.value = Data(value)
                    }
                },
                .with {
                    $0.requestDeleteRange = .with {
                        $0.key = Data(start)
                        $0.rangeEnd = Data(end)
                    }
                },
            ]
        }
        let _: Etcdserverpb_TxnResponse = try await call("etcdserverpb.KV", "Txn", request)
    }

    private func call<Request: Message, Answer: Message>(
        _ service: String, _ method: String, _ request: Request
    ) async throws -> Answer {
        let current = state.withLock { $0.current }
        do {
            return try await send(service, method, request, token: try await token(at: current), to: current)
        } catch let error as RPCError {
            state.withLock { state in
                // A token ends with the etcd member that gave it, and after some minutes.
                state.token = nil
                if error.code != .unauthenticated, state.current == current {
                    state.current = (current + 1) % clients.count
                }
            }
            throw Self.error(error)
        }
    }

    private func send<Request: Message, Answer: Message>(
        _ service: String, _ method: String, _ request: Request, token: String?, to client: Int
    ) async throws -> Answer {
        var options = CallOptions.defaults
        options.timeout = Self.timeout
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.maximumAnswer
        var metadata = Metadata()
        if let token { metadata.addString(token, forKey: "token") }
        return try await clients[client].unary(
            request: ClientRequest(message: request, metadata: metadata),
            descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
            serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Answer>(), options: options
        ) { try $0.message }
    }

    private func token(at client: Int) async throws -> String? {
        guard let user else { return nil }
        if let token = state.withLock({ $0.token }) { return token }
        let answer: Etcdserverpb_AuthenticateResponse = try await send(
            "etcdserverpb.Auth", "Authenticate",
            Etcdserverpb_AuthenticateRequest.with {
                $0.name = user.name
                $0.password = user.password
            }, token: nil, to: client)
        state.withLock { $0.token = answer.token }
        return answer.token
    }

    private static func error(_ error: RPCError) -> SequencingError {
        switch error.code {
        case .resourceExhausted where error.message.contains("space"):
            SequencingError(
                .full, "etcd has no space left (\(error.message)); compact and defragment it, then disarm its alarm")
        case .unauthenticated, .permissionDenied, .invalidArgument, .failedPrecondition:
            SequencingError(.refused, "etcd refuses: \(error.message); check user, password and certificate")
        default:
            SequencingError(.unreachable, "etcd does not answer: \(error.code): \(error.message)")
        }
    }
}
