import ContractKit
import EtcdSequencing
import Foundation
import Keys
import Ledger
import Peers
import Replica
import Sequencing
import UseCaseKit

extension EmbeddedConsortium {
    private static let clock: @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1000) }

    /// Opens the ledger with the members that run here, and with what connects them to the others.
    func openLedger(_ keys: KeyFolder) async throws -> (LedgerNode, Neighbours?) {
        let file = configuration.folder.appending(path: "genesis.cbor")
        let genesis: Genesis
        if let bytes = try? Data(contentsOf: file) {
            genesis = try Genesis(decoding: Bytes(bytes))
        } else if configuration.place == nil {
            genesis = try makeGenesis(keys)
            try Data(genesis.bytes).write(to: file, options: .atomic)
        } else {
            throw ReplicaError(
                .notFound, "\(file.path) is missing; copy it from another member, or make a network anew")
        }
        if let place = configuration.place { return try await openMember(place, genesis, keys) }
        let node = try await LedgerNode.embedded(
            genesis: genesis, members: try genesis.members.members.map { try localMember($0.id, keys) },
            contracts: contracts, clock: Self.clock)
        for damage in node.damaged {
            configuration.logger.error(
                "a member's store is damaged and left out",
                metadata: ["member": "\(damage.member)", "error": "\(damage.error)"])
        }
        return (node, nil)
    }

    private func openMember(
        _ place: MemberPlace, _ genesis: Genesis, _ keys: KeyFolder
    ) async throws -> (LedgerNode, Neighbours?) {
        let member = try localMember(place.member, keys)
        let logger = configuration.logger
        let report: @Sendable (String?) -> Void = { trouble in
            if let trouble {
                logger.warning("the order does not go on", metadata: ["error": "\(trouble)"])
            } else {
                logger.notice("the order goes on")
            }
        }
        let sequencer = try EtcdSequencer(
            place.etcd, ledger: genesis.id, member: member.id, signing: member.keys, report: report)
        let peers = PeerClient(
            genesis: genesis, member: place.member, keys: member.keys, addresses: place.peers, clock: Self.clock
        ) { peer, trouble in
            if let trouble {
                logger.warning("a member's node is not asked", metadata: ["member": "\(peer)", "error": "\(trouble)"])
            } else {
                logger.notice("a member's node shows its key again", metadata: ["member": "\(peer)"])
            }
        }
        let node = try await LedgerNode.member(
            genesis: genesis, member: member, contracts: contracts, sequencer: sequencer, peers: peers,
            clock: Self.clock, history: place.history, report: report)
        let server = PeerServer(
            node: node, keys: member.keys, host: place.peerHost, port: place.peerPort, clock: Self.clock, logger: logger
        )
        return (node, Neighbours(client: peers, server: server))
    }

    private func localMember(_ id: String, _ keys: KeyFolder) throws -> LedgerNode.LocalMember {
        let folder = configuration.folder.appending(path: "members/\(id)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return .init(
            id: id, storePath: folder.appending(path: "ledger.sqlite").path, keys: try memberKeys(of: id, in: keys))
    }

    /// The member's key, and beside it the one that is to replace it (`cairn member rotate`).
    private func memberKeys(of id: String, in folder: KeyFolder) throws -> MemberKeys {
        let (name, logger) = (MembershipContract.participant(of: id), configuration.logger)
        guard try folder.key(of: name) != nil else {
            throw ReplicaError(.notMember, "the key of member \(id) is missing from the key folder")
        }
        return try MemberKeys { key in
            do {
                try folder.replace(name, by: KeyFolder.next(name))
                logger.notice("another key is the member's", metadata: ["member": "\(id)", "kid": "\(key.kid)"])
            } catch {
                logger.error("the old key of the member is not replaced", metadata: ["error": "\(error)"])
            }
        } load: {
            [name, KeyFolder.next(name)].compactMap { try? folder.key(of: $0) }
        }
    }

    private var contracts: [any Contract] { configuration.useCase.allContracts }

    private func makeGenesis(_ keys: KeyFolder) throws -> Genesis {
        let first =
            configuration.useCase.cast.participants.filter { $0.roles.contains(MembershipContract.registrar) }
            + configuration.extraParticipants
        return try configuration.useCase.genesis(
            participants: first, memberKey: { try keys.keyOrNew(of: "member-\($0)").verifyingKey },
            key: { try keys.keyOrNew(of: $0.id).verifyingKey })
    }
}

extension UseCase {
    /// The built-in contracts and its own.
    var allContracts: [any Contract] {
        [
            MembershipContract(), WalletContract(), TelemetryContract(), GrantsContract(), DevicesContract(),
            PersonalContract(), TermsContract(),
        ] + contracts
    }

    /// The first record of a ledger of this use case's cast.
    ///
    /// - Parameter participants: who is enrolled from the beginning; the first issues points unless the use case names its own issuers.
    func genesis(
        participants: [Cast.Participant], memberKey: (String) throws -> VerifyingKey,
        key: (Cast.Participant) throws -> VerifyingKey
    ) throws -> Genesis {
        let issuer = participants.first { $0.roles.contains(MembershipContract.registrar) }?.id ?? ""
        return Genesis(
            name: name, time: UInt64(Date().timeIntervalSince1970 * 1000),
            members: try MemberSet(cast.members.map { .init(id: $0.id, key: try memberKey($0.id)) }),
            memberNames: cast.members.map { ($0.id, $0.name) },
            participants: try participants.map {
                .init(id: $0.id, member: $0.member, roles: $0.roles, name: $0.name, key: try key($0))
            },
            contracts: Dictionary(grouping: allContracts, by: \.name).compactMap { name, versions in
                versions.map(\.version).max().map { .init(contract: name, version: $0, height: 0) }
            }.sorted { $0.contract < $1.contract },
            parameters: CBORMap(told(issuer: issuer)))
    }

    /// What contracts are told; the registrar issues points unless the use case names its own issuers.
    private func told(issuer: String) -> [(CBOR, CBOR)] {
        let points: [(contract: String, values: CBOR)] =
            parameters.contains { $0.contract == "wallet" }
            ? [] : [("wallet", ["issuers": .map(CBORMap([("XPT", .text(issuer))]))])]
        return (points + parameters).map { (.text($0.contract), $0.values) }
    }
}
