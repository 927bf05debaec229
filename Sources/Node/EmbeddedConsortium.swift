import APIKit
import ContractKit
import DeviceKit
import Foundation
import Gateway
import KeyService
import Keys
import Ledger
import Logging
import NodeClient
import Observability
import PortalKit
import ProjectionKit
import Replica
import UseCaseKit

/// A whole consortium in one process: four members with own databases and keys, broker, gateway and portal. Nothing needs to be installed beside it.
public struct EmbeddedConsortium: Sendable {
    public struct Configuration: Sendable {
        /// Everything that is kept lies here.
        public var folder: URL
        /// 0 takes a free port.
        public var port: Int
        public var operationsPort: Int
        /// Whether broker and gateway run in this process too.
        public var hasField: Bool
        public var useCase: any UseCase
        /// Participants beside the use case's cast, enrolled in genesis with keys from the key folder; for load tests.
        public var extraParticipants: [Cast.Participant] = []
        /// The consortia that run in this process too.
        public var neighbourhood = Neighbourhood()
        /// Whether the start page's doors sign the visitor in as one of the made-up people of a demonstration.
        public var hasOpenDoors = false
        public var logger: Logger

        public init(folder: URL, port: Int, operationsPort: Int, hasField: Bool, useCase: any UseCase, logger: Logger) {
            self.folder = folder
            self.port = port
            self.operationsPort = operationsPort
            self.hasField = hasField
            self.useCase = useCase
            self.logger = logger
        }
    }

    private let configuration: Configuration

    /// Runs a consortium as long as `body` does.
    public static func run<R: Sendable>(
        _ configuration: Configuration, _ body: @escaping @Sendable (Running) async throws -> R
    ) async throws -> R {
        try await EmbeddedConsortium(configuration: configuration).run(body)
    }

    private func run<R: Sendable>(_ body: @escaping @Sendable (Running) async throws -> R) async throws -> R {
        let keys = try KeyFolder(configuration.folder.appending(path: "keys"))
        let node = try await openLedger(keys)
        let useCase = configuration.useCase
        let index = try RecordIndex(
            path: configuration.folder.appending(path: "index.sqlite").path,
            mentions: { PlatformMentions.names(in: $0) + useCase.mentions(of: $0) })
        let logger = configuration.logger
        let vaults = try Vaults(
            node: node, keys: try EncryptionKeyFolder(configuration.folder.appending(path: "keys/encryption")),
            path: configuration.folder.appending(path: "vaults"), report: { logger.warning("\($0)") })
        let running = Task { await node.run() }
        let following = Task {
            do {
                try await index.follow(node)
            } catch  where !Task.isCancelled {
                logger.error(
                    "the record index stands still; delete index.sqlite and start anew", metadata: ["error": "\(error)"]
                )
            } catch {
                // Stopping was asked for.
            }
        }
        let opening = Task {
            do {
                try await vaults.follow()
            } catch  where !Task.isCancelled {
                logger.error(
                    "no readings are opened any more; start anew, without the folder vaults but for keys.sqlite if it stays so",
                    metadata: ["error": "\(error)"])
            } catch {
                // Stopping was asked for.
            }
        }
        do {
            let result = try await serve(node, index, keys, vaults, body)
            following.cancel()
            opening.cancel()
            running.cancel()
            await running.value
            return result
        } catch {
            following.cancel()
            opening.cancel()
            running.cancel()
            await running.value
            throw error
        }
    }

    // MARK: Ledger

    private var contracts: [any Contract] {
        [
            MembershipContract(), WalletContract(), TelemetryContract(), GrantsContract(), DevicesContract(),
            PersonalContract(),
        ] + configuration.useCase.contracts
    }

    private func openLedger(_ keys: KeyFolder) async throws -> LedgerNode {
        let file = configuration.folder.appending(path: "genesis.cbor")
        let genesis: Genesis
        if let bytes = try? Data(contentsOf: file) {
            genesis = try Genesis(decoding: Bytes(bytes))
        } else {
            genesis = try makeGenesis(keys)
            try Data(genesis.bytes).write(to: file, options: .atomic)
        }
        var members: [LedgerNode.LocalMember] = []
        for member in genesis.members.members {
            let folder = configuration.folder.appending(path: "members/\(member.id)")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            guard let key = try keys.key(of: "member-\(member.id)") else {
                throw ReplicaError(.notMember, "the key of member \(member.id) is missing from the key folder")
            }
            members.append(.init(storePath: folder.appending(path: "ledger.sqlite").path, key: key))
        }
        let node = try await LedgerNode.embedded(
            genesis: genesis, members: members, contracts: contracts,
            clock: { UInt64(Date().timeIntervalSince1970 * 1000) })
        for damage in node.damaged {
            configuration.logger.error(
                "a member's store is damaged and left out",
                metadata: ["member": "\(damage.member)", "error": "\(damage.error)"])
        }
        return node
    }

    private func makeGenesis(_ keys: KeyFolder) throws -> Genesis {
        let cast = configuration.useCase.cast
        let members = try MemberSet(
            cast.members.map { .init(id: $0.id, key: try keys.keyOrNew(of: "member-\($0.id)").verifyingKey) })
        let first =
            cast.participants.filter { $0.roles.contains(MembershipContract.registrar) }
            + configuration.extraParticipants
        return Genesis(
            name: configuration.useCase.name, time: UInt64(Date().timeIntervalSince1970 * 1000), members: members,
            memberNames: cast.members.map { ($0.id, $0.name) },
            participants: try first.map {
                .init(
                    id: $0.id, member: $0.member, roles: $0.roles, name: $0.name,
                    key: try keys.keyOrNew(of: $0.id).verifyingKey)
            },
            contracts: contracts.map { .init(contract: $0.name, version: $0.version, height: 0) },
            parameters: CBORMap(parameters(issuer: first.first?.id ?? "")))
    }

    /// What contracts are told; the registrar issues points unless the use case names its own issuers.
    private func parameters(issuer: String) -> [(CBOR, CBOR)] {
        let given = configuration.useCase.parameters
        let points: [(contract: String, values: CBOR)] =
            given.contains { $0.contract == "wallet" }
            ? [] : [("wallet", ["issuers": .map(CBORMap([("XPT", .text(issuer))]))])]
        return (points + given).map { (.text($0.contract), $0.values) }
    }

    // MARK: Serving

    private func serve<R: Sendable>(
        _ node: LedgerNode, _ index: RecordIndex, _ keys: KeyFolder, _ vaults: Vaults,
        _ body: @escaping @Sendable (Running) async throws -> R
    ) async throws -> R {
        let portal = try Portal(
            site: Site(
                name: "Cairn", operatorName: node.genesis.memberNames.first?.name ?? "Cairn",
                navigation: [
                    .init(title: "Start", href: "/"),
                    .init(title: "Ledger", href: "/ledgers/\(node.ledger.hex)", isPublic: false, isForReaders: true),
                    .init(title: "My data", href: SharingPaths.myData, isPublic: false),
                    .init(title: "Devices", href: "/devices", isPublic: false),
                    .init(title: "Wallet", href: "/wallet", isPublic: false),
                    .init(title: "Verify", href: "/verify"),
                ], showsDemoRecords: true), templates: configuration.useCase.templates)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            let ports = PortBox()
            // The address is known once the port is; pages are rendered only after that.
            let portNumber = configuration.port == 0 ? try FreePort.find() : configuration.port
            let operationsPort = configuration.operationsPort == 0 ? try FreePort.find() : configuration.operationsPort
            let address = "http://127.0.0.1:\(portNumber)"
            let platform = Platform(
                node: node, index: index, portal: portal, keys: keys, vaults: vaults, address: address,
                logger: configuration.logger, useCase: configuration.useCase)
            let gateways = GatewayBox()
            guard let memberKey = try keys.key(of: "member-\(node.serving.member.id)") else {
                throw ReplicaError(.notMember, "the key of member \(node.serving.member.id) is missing")
            }
            let access = try AccessDesk(
                platform: platform, folder: configuration.folder, port: portNumber, memberKey: memberKey,
                useCases: [configuration.useCase])
            let sessions = access.sessions
            let quarantine = Quarantine(logger: configuration.logger)
            let certificates = CertificateBoard()
            let devices = DevicePages(
                platform: platform, profiles: try ThingProfile.folder(ThingProfile.standardFolder),
                quarantine: quarantine, certificates: certificates)
            let personal = try PersonalDesk(platform: platform, folder: configuration.folder)
            let doors = Doors(
                useCase: configuration.useCase, platform: platform,
                links: configuration.hasOpenDoors ? links(sessions) : [])
            configuration.neighbourhood.settle(
                configuration.useCase.name, .init(platform: platform, doors: { doors.section }))
            let (routes, openAPI) = routes(platform, access, devices, personal, doors)
            group.addTask {
                try await server(routes, platform, sessions).run(host: "127.0.0.1", port: portNumber) { ports.open($0) }
                return nil
            }
            group.addTask {
                let operations = OperationsRoutes(
                    node: node, more: { gateways.metrics + certificates.metrics + quarantine.metrics })
                try await Server(routes: operations.routes, sessions: sessions, logger: configuration.logger)
                    .run(host: "127.0.0.1", port: operationsPort) { _ in }
                return nil
            }
            group.addTask {
                try await ports.wait()
                try await enrolCast(platform)
                do {
                    try await personal.finishErasures()
                } catch {
                    // The data is gone; only its record on the ledger is late, and that must not keep the node from starting.
                    configuration.logger.warning(
                        "an erasure is not on the ledger yet; it is tried again at the next start",
                        metadata: ["error": "\(error)"])
                }
                let field = try await startField(platform, gateways)
                let running = Running(
                    useCase: configuration.useCase, platform: platform, address: address,
                    operationsAddress: "http://127.0.0.1:\(operationsPort)",
                    signIn: links(sessions), field: field, folder: configuration.folder, openAPI: openAPI,
                    routes: routes)
                let working = Task { try await work(platform) }
                defer { working.cancel() }
                do {
                    let result = try await body(running)
                    await field?.stop()
                    return result
                } catch {
                    await field?.stop()
                    throw error
                }
            }
            defer { group.cancelAll() }
            while let next = try await group.next() { if let result = next { return result } }
            throw ReplicaError(.stopped, "the portal stopped")
        }
    }

    private func routes(
        _ platform: Platform, _ access: AccessDesk, _ devices: DevicePages, _ personal: PersonalDesk,
        _ doors: Doors
    ) -> (routes: [Route], openAPI: [UInt8]) {
        let useCase = configuration.useCase
        let api = LedgerAPI(platform, quarantine: devices.quarantine)
        return NodeRoutes.all(
            readers: useCase.ledgerReaders,
            api: api.routes + GrantRoutes(platform: platform).routes + useCase.routes(on: platform),
            pages: ExplorerRoutes(
                platform: platform,
                doors: { [doors.section] + configuration.neighbourhood.doors(besides: useCase.name) }
            ).routes
                + SharingRoutes(platform: platform).routes,
            platform: platform, access: access, useCases: [useCase], devices: devices,
            personal: PersonalRoutes(desk: personal))
    }

    private func server(_ routes: [Route], _ platform: Platform, _ sessions: Sessions) -> Server {
        Server(
            routes: routes, sessions: sessions, logger: configuration.logger,
            headers: Portal.securityHeaders
        ) { problem, session in
            let page =
                problem.status == 404
                ? ProblemPage.notFound
                : ProblemPage(
                    status: problem.status, title: problem.title, reason: problem.detail,
                    remedy: "Go back, correct it, and try again.")
            return try? platform.portal.render(page, for: platform.visitor(session))
        }
    }

    /// The people of a demonstration are made up, so their links may be opened by everybody and often.
    private func links(_ sessions: Sessions) -> [(name: String, roles: [String], link: String)] {
        configuration.useCase.cast.participants.map { person in
            (person.name, person.roles, sessions.link(signer: person.id, use: .many))
        }
    }

    /// The registrar vouches for everybody of the cast whom the ledger does not know yet.
    private func enrolCast(_ platform: Platform) async throws {
        let cast = configuration.useCase.cast
        guard let registrar = cast.participants.first(where: { $0.roles.contains(MembershipContract.registrar) }) else {
            return
        }
        for person in cast.participants
        where try platform.state.get(MembershipContract.participants, person.id) == nil {
            let key = try platform.keys.keyOrNew(of: person.id)
            let operation = Ledger.Operation(
                "membership", "enrolParticipant",
                [
                    ("id", .text(person.id)), ("member", .text(person.member)), ("name", .text(person.name)),
                    ("roles", .array(person.roles.map { .text($0) })), ("validUntil", .null),
                    ("key", .bytes(key.verifyingKey.coseKey)),
                ])
            _ = try await platform.perform(operation, as: registrar.id, about: person.id)
        }
        for person in cast.participants { try await registerEncryptionKey(of: person.id, platform) }
    }

    /// So that streams of theirs can be sealed, and granted streams be read.
    private func registerEncryptionKey(of participant: String, _ platform: Platform) async throws {
        let key = try platform.vaults.folder.keyOrNew(of: participant)
        guard try platform.state.get(GrantsContract.keys, participant)?.key != key.bytes else { return }
        let operation = Ledger.Operation("grants", "setEncryptionKey", [("key", .bytes(key.bytes))])
        _ = try await platform.perform(operation, as: participant, about: participant)
    }

    /// What the node does for its use case by itself.
    private func work(_ platform: Platform) async throws {
        let useCase = configuration.useCase
        do {
            try await useCase.work(
                on: platform, beside: configuration.neighbourhood.platforms(of: useCase.companions.map(\.name)))
        } catch  where !Task.isCancelled {
            configuration.logger.error(
                "\(useCase.name) does nothing by itself any more; start anew", metadata: ["error": "\(error)"])
        }
    }

    private func startField(_ platform: Platform, _ gateways: GatewayBox) async throws -> FieldSide? {
        guard configuration.hasField else { return nil }
        let field = try await FieldSide.start(
            folder: configuration.folder, ledger: platform.node.ledger, keys: platform.keys, node: platform.address,
            cast: configuration.useCase.cast, analysis: configuration.useCase.analysis(),
            control: configuration.useCase.control(), logger: configuration.logger)
        if let field { gateways.set(field) }
        return field
    }
}
