import EtcdSequencing
import Foundation
import Keys
import Logging
import Replica
import UseCaseKit

/// The file that `cairn node` is started with.
public struct NodeConfiguration: Codable, Sendable {
    /// Where etcd is, and how the node is let in; secrets only as files.
    public struct Etcd: Codable, Sendable {
        public var endpoints: [String]
        public var authorityFile: String?
        public var certificateFile: String?
        public var keyFile: String?
        public var user: String?
        public var passwordFile: String?
        /// As etcd was started with; its default where it is left out.
        public var quotaBytes: Int?

        public init(endpoints: [String]) { self.endpoints = endpoints }

        fileprivate func configuration() throws -> EtcdConfiguration {
            let isPrivate = authorityFile ?? certificateFile != nil
            let password = try passwordFile.map {
                try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return EtcdConfiguration(
                endpoints: endpoints,
                tls: isPrivate
                    ? .init(authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile) : nil,
                user: user.map { ($0, password ?? "") }, quotaBytes: quotaBytes ?? EtcdConfiguration.defaultQuota)
        }
    }

    /// A node of another ledger that the member's participants act on too.
    public struct Beside: Codable, Sendable {
        /// Without a trailing slash.
        public var address: String
        /// Folder of their keys there; relative to the file.
        public var keys: String

        public init(address: String, keys: String) {
            self.address = address
            self.keys = keys
        }
    }

    /// In kebab case, as in `cairn scenario NAME`.
    public var useCase: String
    public var member: String
    /// Keeps keys, genesis and databases; relative to the file.
    public var folder: String
    /// Ports on 127.0.0.1: portal and interface, health and metrics, other members' nodes.
    public var port: Int
    public var operationsPort: Int
    public var peerPort: Int
    /// The address on which other members' nodes are answered; 127.0.0.1 unless given.
    public var peerHost: String?
    /// Addresses of the other members' nodes, by member: `https://127.0.0.1:7101`.
    public var peers: [String: String]
    public var etcd: Etcd
    /// Whether broker and gateway run beside this node; they do where the gateway's key is.
    public var field: Bool
    /// By use case.
    public var beside: [String: Beside]?
    /// The latest blocks whose statements are kept; all where it is left out.
    public var keepBlocks: UInt64?
    /// Blocks behind the others from which on the node takes over a peer's state instead of executing them.
    public var snapshotBeyond: UInt64?

    /// What the member keeps of the past.
    public var history: LedgerNode.History {
        snapshotBeyond.map { .init(keepBlocks: keepBlocks, snapshotBeyond: $0) } ?? .init(keepBlocks: keepBlocks)
    }

    private static let known: Set<String> = [
        "useCase", "member", "folder", "port", "operationsPort", "peerPort", "peerHost", "peers", "etcd", "field",
        "beside", "keepBlocks", "snapshotBeyond",
    ]
    private static let knownOfEtcd: Set<String> = [
        "endpoints", "authorityFile", "certificateFile", "keyFile", "user", "passwordFile",
        "quotaBytes",
    ]

    public init(
        useCase: String, member: String, folder: String, port: Int, operationsPort: Int, peerPort: Int,
        peers: [String: String], etcd: Etcd, field: Bool
    ) {
        self.useCase = useCase
        self.member = member
        self.folder = folder
        self.port = port
        self.operationsPort = operationsPort
        self.peerPort = peerPort
        self.peers = peers
        self.etcd = etcd
        self.field = field
    }

    /// Reads a file; a key that it does not know is an error, for it would be a mistake that nobody sees.
    public init(file: URL) throws {
        let bytes = try Data(contentsOf: file)
        let object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
        let etcd = object["etcd"] as? [String: Any] ?? [:]
        let strange = Set(object.keys).subtracting(Self.known).union(Set(etcd.keys).subtracting(Self.knownOfEtcd))
        guard strange.isEmpty else {
            throw NetworkError(
                .configuration,
                "\(file.path) has \(strange.sorted().joined(separator: ", ")), which is not known; correct or remove it"
            )
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: bytes)
        } catch {
            throw NetworkError(.configuration, "\(file.path) is no configuration of a node: \(error)")
        }
        for (peer, address) in peers where !address.hasPrefix("https://") || address.hasSuffix("/") {
            throw NetworkError(
                .configuration,
                "\(file.path) has \(address) as the address of \(peer)'s node; it is https://HOST:PORT, without a slash at its end"
            )
        }
        if let keepBlocks, keepBlocks < LedgerNode.History.fewestBlocks {
            throw NetworkError(
                .configuration,
                "\(file.path): keepBlocks is \(keepBlocks), and has to be \(LedgerNode.History.fewestBlocks) or more: peers that were away for a while need these blocks"
            )
        }
        let own = file.deletingLastPathComponent()
        folder = URL(filePath: folder, relativeTo: own).path
        beside = beside?.mapValues { Beside(address: $0.address, keys: URL(filePath: $0.keys, relativeTo: own).path) }
    }

    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: file, options: .atomic)
    }

    /// The member's node as it is run.
    public func consortium(logger: Logger) throws -> EmbeddedConsortium.Configuration {
        guard let chosen = useCases.withCompanions.first(where: { $0.name == useCase }) else {
            throw NetworkError(.configuration, "there is no use case \(useCase)")
        }
        var configuration = EmbeddedConsortium.Configuration(
            folder: URL(filePath: folder), port: port, operationsPort: operationsPort, hasField: field, useCase: chosen,
            logger: logger)
        configuration.place = MemberPlace(
            member: member, peerHost: peerHost ?? "127.0.0.1", peerPort: peerPort, peers: peers,
            etcd: try etcd.configuration(), history: history)
        configuration.neighbourhood = Neighbourhood(
            elsewhere: try (beside ?? [:]).mapValues {
                LedgerPlace(address: $0.address, keys: try KeyFolder(URL(filePath: $0.keys)))
            })
        return configuration
    }
}
