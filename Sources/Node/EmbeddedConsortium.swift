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

/// The members of a ledger that run in this process, with own databases and keys, and their portal, broker and gateway: a whole consortium, for
/// which nothing needs to be installed, or one member's node among those of others.
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
        /// The one member that runs here while the others run elsewhere; nil runs all of them here.
        public var place: MemberPlace?
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

    private static let pruningPause = Duration.seconds(10)

    let configuration: Configuration

    /// Runs a consortium as long as `body` does.
    public static func run<R: Sendable>(
        _ configuration: Configuration, _ body: @escaping @Sendable (Running) async throws -> R
    ) async throws -> R {
        try await EmbeddedConsortium(configuration: configuration).run(body)
    }

    private func run<R: Sendable>(_ body: @escaping @Sendable (Running) async throws -> R) async throws -> R {
        let keys = try KeyFolder(configuration.folder.appending(path: "keys"))
        let (node, neighbours) = try await openLedger(keys)
        let useCase = configuration.useCase
        let index = try RecordIndex(
            path: configuration.folder.appending(path: "index.sqlite").path,
            mentions: { PlatformMentions.names(in: $0) + useCase.mentions(of: $0) })
        let logger = configuration.logger
        let vaults = try Vaults(
            node: node, keys: try EncryptionKeyFolder(configuration.folder.appending(path: "keys/encryption")),
            path: configuration.folder.appending(path: "vaults"), report: { logger.warning("\($0)") })
        let running = Task { await node.run() }
        let peering = Task {
            do {
                try await neighbours?.run()
            } catch  where !Task.isCancelled {
                logger.critical("other members' nodes are not answered; start anew", metadata: ["error": "\(error)"])
            } catch {
                // Stopping was asked for.
            }
        }
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
        let pruning = Task { await prune(node, index, vaults) }
        func end() async {
            for task in [following, opening, pruning] { task.cancel() }
            peering.cancel()
            running.cancel()
            await running.value
        }
        do {
            // A network's first block is final once a quorum of its nodes has started.
            if neighbours != nil { logger.notice("joining the other members' nodes") }
            try await node.waitForFinal(0)
            if neighbours != nil { logger.notice("joined", metadata: ["height": "\(node.finalHeight)"]) }
            let result = try await serve(node, index, keys, vaults, body)
            await end()
            return result
        } catch {
            await end()
            throw error
        }
    }

    /// Lets go of what the member is not to keep, now and then.
    private func prune(_ node: LedgerNode, _ index: RecordIndex, _ vaults: Vaults) async {
        while !Task.isCancelled {
            do {
                try await node.prune(below: min(index.nextHeight(of: node.ledger), vaults.nextHeight()))
            } catch {
                configuration.logger.warning("old statements are kept for now", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.pruningPause)
        }
    }

    // MARK: Serving

    /// Whose portal it is.
    private func operatorName(_ node: LedgerNode) -> String {
        let names = node.memberNames
        return (names.first { $0.id == configuration.place?.member } ?? names.first)?.name ?? "Cairn"
    }

    private func serve<R: Sendable>(
        _ node: LedgerNode, _ index: RecordIndex, _ keys: KeyFolder, _ vaults: Vaults,
        _ body: @escaping @Sendable (Running) async throws -> R
    ) async throws -> R {
        let portal = try Portal(
            site: Site(
                name: "Cairn", operatorName: operatorName(node),
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
            let platform = try Platform(
                node: node, index: index, portal: portal, keys: keys, vaults: vaults, folder: configuration.folder,
                address: address, logger: configuration.logger, useCase: configuration.useCase)
            let gateways = GatewayBox()
            let access = try AccessDesk(
                platform: platform, folder: configuration.folder, port: portNumber,
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
                    remedy: problem.status == 410
                        ? "Open the same page at the node of another member, which may keep it."
                        : "Go back, correct it, and try again.")
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
        // Where members have nodes of their own, genesis has everybody.
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
        for person in cast.participants where try platform.keys.key(of: person.id) != nil {
            try await registerEncryptionKey(of: person.id, platform)
        }
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
            try await useCase.work(on: platform, beside: configuration.neighbourhood)
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
