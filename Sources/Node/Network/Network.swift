import Broker
import EtcdSequencing
import Foundation
import Keys
import Ledger
import UseCaseKit

/// A consortium whose members each run a node of their own, laid out in one folder: a folder for each member, with what is this member's alone,
/// and one for each member of the etcd cluster.
public struct Network: Codable, Sendable {
    public struct Member: Codable, Sendable {
        public let id: String
        public let name: String
        /// Of portal and interface.
        public let port: Int
        public let operationsPort: Int

        public var address: String { "http://127.0.0.1:\(port)" }
        public var operationsAddress: String { "http://127.0.0.1:\(operationsPort)" }
    }

    /// Members of the etcd cluster; one of them may fail.
    private static let etcdMembers = 3
    private static let file = "network.json"

    public let useCase: String
    /// Hex.
    public let ledger: String
    public private(set) var members: [Member]
    public let etcd: [EtcdProcess.Place]

    /// Reads what ``make(_:in:)`` wrote.
    public init(folder: URL) throws {
        let file = folder.appending(path: Self.file)
        guard let bytes = try? Data(contentsOf: file) else {
            throw NetworkError(
                .configuration, "\(file.path) cannot be read; make a network with `cairn network init --folder`")
        }
        self = try JSONDecoder().decode(Self.self, from: bytes)
    }

    private init(useCase: String, ledger: String, members: [Member], etcd: [EtcdProcess.Place]) {
        self.useCase = useCase
        self.ledger = ledger
        self.members = members
        self.etcd = etcd
    }

    /// Holds the process id of a member's node that is up.
    public static func processFile(in folder: URL) -> URL { folder.appending(path: "node.pid") }

    public func file(of member: String, in folder: URL) -> URL { folder.appending(path: "\(member)/node.json") }

    /// Makes keys, genesis and configurations: each key only in the folder of its own member, those of participants in their member's.
    public static func make(_ useCase: any UseCase, in folder: URL) throws -> Network {
        guard !FileManager.default.fileExists(atPath: folder.appending(path: file).path) else {
            throw NetworkError(.exists, "\(folder.path) holds a network already; choose another folder")
        }
        let cast = useCase.cast
        var keys: [String: KeyFolder] = [:]
        for member in cast.members {
            let own = folder.appending(path: member.id)
            try FileManager.default.createDirectory(
                at: own, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            keys[member.id] = try KeyFolder(own.appending(path: "keys"))
        }
        func key(of id: String, at member: String) throws -> VerifyingKey {
            guard let folder = keys[member] else {
                throw NetworkError(.configuration, "\(id) belongs to \(member), which is no member")
            }
            return try folder.keyOrNew(of: id).verifyingKey
        }
        let genesis = try useCase.genesis(
            participants: cast.participants, memberKey: { try key(of: "member-\($0)", at: $0) },
            key: { try key(of: $0.id, at: $0.member) })
        var ports = Ports()
        let network = Network(
            useCase: useCase.name, ledger: genesis.id.hex,
            members: try cast.members.map {
                Member(id: $0.id, name: $0.name, port: try ports.next(), operationsPort: try ports.next())
            },
            etcd: try (1...etcdMembers).map {
                EtcdProcess.Place(name: "etcd\($0)", clientPort: try ports.next(), peerPort: try ports.next())
            })
        try network.write(to: folder, genesis: genesis, peerPorts: try cast.members.map { _ in try ports.next() })
        return network
    }

    /// Lays out the node of a further organisation beside those of the others: a key, the ledger's genesis, a configuration. It follows the
    /// ledger once the members have admitted it.
    ///
    /// - Returns: its public key, and where the others will reach it.
    public mutating func add(
        _ id: String, name: String, in folder: URL
    ) throws -> (key: VerifyingKey, address: String) {
        let own = folder.appending(path: id)
        guard !members.contains(where: { $0.id == id }), !FileManager.default.fileExists(atPath: own.path) else {
            throw NetworkError(.exists, "\(folder.path) has a member \(id) already; choose another id")
        }
        guard let first = members.first else { throw NetworkError(.configuration, "the network has no members") }
        try FileManager.default.createDirectory(
            at: own, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = try KeyFolder(own.appending(path: "keys")).keyOrNew(of: "member-\(id)")
        let model = try NodeConfiguration(file: file(of: first.id, in: folder))
        var ports = Ports()
        let member = Member(id: id, name: name, port: try ports.next(), operationsPort: try ports.next())
        var configuration = model
        configuration.member = id
        configuration.folder = "."
        (configuration.port, configuration.operationsPort) = (member.port, member.operationsPort)
        configuration.peerPort = try ports.next()
        configuration.peers = model.peers
        configuration.peers[first.id] = "https://127.0.0.1:\(model.peerPort)"
        try configuration.write(to: own.appending(path: "node.json"))
        try FileManager.default.copyItem(
            at: folder.appending(path: "\(first.id)/genesis.cbor"), to: own.appending(path: "genesis.cbor"))
        members.append(member)
        try write(to: folder)
        return (key.verifyingKey, "https://127.0.0.1:\(configuration.peerPort)")
    }

    private func write(to folder: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: folder.appending(path: Self.file), options: .atomic)
    }

    private func write(to folder: URL, genesis: Genesis, peerPorts: [Int]) throws {
        let peers = Dictionary(
            zip(members, peerPorts).map { ($0.id, "https://127.0.0.1:\($1)") }, uniquingKeysWith: { first, _ in first })
        for (member, peerPort) in zip(members, peerPorts) {
            let configuration = NodeConfiguration(
                useCase: useCase, member: member.id, folder: ".", port: member.port,
                operationsPort: member.operationsPort, peerPort: peerPort, peers: peers.filter { $0.key != member.id },
                etcd: .init(endpoints: etcd.map(\.endpoint)), field: true)
            let own = folder.appending(path: member.id)
            try configuration.write(to: own.appending(path: "node.json"))
            try Data(genesis.bytes).write(to: own.appending(path: "genesis.cbor"))
        }
        try write(to: folder)
    }

    /// Free ports, each given once.
    private struct Ports {
        private var given: Set<Int> = []

        mutating func next() throws -> Int {
            while true {
                let port = try FreePort.find()
                if given.insert(port).inserted { return port }
            }
        }
    }
}
