import APIKit
import Broker
import ContractKit
import DeviceKit
import FieldInputs
import Foundation
import Gateway
import Keys
import Ledger
import Logging
import MQTT
import Observability
import Synchronization
import UseCaseKit

/// Broker and gateway of an embedded consortium.
public final class FieldSide: Sendable {
    public let address: Stage.BrokerAddress
    /// Where simulated devices keep their sequence numbers.
    public let devices: URL
    public let gateway: Gateway
    private let broker: MosquittoProcess
    private let running: Task<Void, any Error>
    private let watching: Task<Void, Never>
    private let inputs: Task<Void, any Error>
    /// Where readings are taken over HTTP.
    public let inputPort: Int

    private init(
        address: Stage.BrokerAddress, devices: URL, gateway: Gateway, broker: MosquittoProcess,
        running: Task<Void, any Error>, watching: Task<Void, Never>, inputs: (Int, Task<Void, any Error>)
    ) {
        self.address = address
        self.devices = devices
        self.gateway = gateway
        self.broker = broker
        self.running = running
        self.watching = watching
        (inputPort, self.inputs) = inputs
    }

    /// Starts a broker and the gateway of a cast; nil where the cast has none.
    ///
    /// - Parameters:
    ///   - folder: keeps certificates, the broker's queue and the gateway's store.
    ///   - node: address of the node that the gateway sends to.
    ///   - control: what the gateway controls by itself.
    public static func start(
        folder: URL, ledger: Hash32, keys: KeyFolder, node: String, cast: Cast,
        analysis: (any EdgeAnalysis)? = nil, control: (any EdgeControl)? = nil, logger: Logger
    ) async throws -> FieldSide? {
        guard let participant = cast.participants.first(where: { $0.roles.contains(MembershipContract.gateway) }),
            let key = try keys.key(of: participant.id)
        else { return nil }
        let authority = try CertificateAuthority(folder: folder.appending(path: "ca").path)
        let port = try LoopbackPort.free()
        try authority.writeRevocations()
        var brokerConfiguration = MosquittoConfiguration(
            port: port, folder: folder.appending(path: "broker").path, certificate: try authority.issueServer(),
            gateways: [.init(id: participant.id, member: participant.member)])
        brokerConfiguration.revocations = authority.revocationFile
        brokerConfiguration.claimPort = try LoopbackPort.free()
        let broker = try await MosquittoProcess.start(brokerConfiguration)
        let files = try authority.issueClient(commonName: participant.id)
        var configuration = GatewayConfiguration(
            id: participant.id, member: participant.member, ledger: ledger, signingKey: key, node: node,
            broker: MQTTConfiguration(
                host: "127.0.0.1", port: port, clientID: participant.id,
                tls: .init(authorityFile: files.authority, certificateFile: files.certificate, keyFile: files.key)),
            store: folder.appending(path: "gateway.sqlite").path)
        configuration.logger = logger
        configuration.analysis = analysis
        configuration.directoryInterval = .milliseconds(500)
        configuration.setClaims = { claims in
            do {
                try broker.setClaims(claims)
            } catch {
                logger.error("claims are not in force at the broker", metadata: ["error": "\(error)"])
            }
        }
        configuration.signRequest = { request, name in
            let signed = try authority.sign(request: request, commonName: name)
            return (signed.pem, signed.hash, try String(contentsOfFile: authority.certificateFile, encoding: .utf8))
        }
        configuration.certificates = { Self.certificates(in: authority.folder) }
        configuration.profiles = try ThingProfile.folder(ThingProfile.standardFolder)
            .mapValues { DeviceProfile($0) }
        if let control { configuration.onAccepted = { control.accepted($0) } }
        let gateway = try Gateway(configuration)
        let running = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await gateway.run() }
                if let control { group.addTask { await control.run(on: gateway) } }
                try await group.waitForAll()
            }
        }
        let watch = RevocationWatch(gateway: gateway, broker: broker, authority: authority, logger: logger)
        let watching = Task { await watch.run() }
        return FieldSide(
            address: .init(port: port, authorityFolder: folder.appending(path: "ca").path),
            devices: folder.appending(path: "devices"), gateway: gateway, broker: broker,
            running: running, watching: watching,
            inputs: try startInputs(gateway, folder: folder, keys: keys, logger: logger))
    }

    /// HTTP on a loopback port, and the adapters of `adapters.json`.
    private static func startInputs(
        _ gateway: Gateway, folder: URL, keys: KeyFolder, logger: Logger
    ) throws -> (Int, Task<Void, any Error>) {
        let secret = try keys.keyOrNew(of: "provisioning-secret").rawRepresentation
        let devices = folder.appending(path: "devices")
        try FileManager.default.createDirectory(at: devices, withIntermediateDirectories: true)
        let adapters = try AdapterConfiguration.file(folder.appending(path: "adapters.json").path).map {
            try Adapter(
                $0, provisioningSecret: secret, gateway: gateway,
                sequenceFile: devices.appending(path: $0.urn.replacing(":", with: "_") + ".seq").path)
        }
        let open = adapters.filter(\.configuration.plainHTTP)
        let http = FieldHTTP(
            gateway: gateway,
            adapters: Dictionary(open.map { ($0.configuration.urn, $0) }, uniquingKeysWith: { $1 }))
        // Nobody signs in here: the signatures of messages say who sends them.
        let clock: @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1000) }
        let port = try LoopbackPort.free()
        let sessions = Sessions(
            port: port, directory: { _ in nil },
            keys: try APIKeys(file: folder.appending(path: "field-keys.json"), clock: clock), clock: clock)
        try Data("\(port)\n".utf8).write(to: folder.appending(path: "field-http.port"))
        let server = Server(
            routes: http.routes + (try GatewayPage(gateway: gateway)).routes, sessions: sessions, logger: logger)
        let running = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run(host: "127.0.0.1", port: port) { _ in } }
                for poller in adapters.compactMap({ InputPoller($0, logger: logger) }) {
                    group.addTask { try await poller.run() }
                }
                try await group.waitForAll()
            }
        }
        return (port, running)
    }

    /// The certificates of the broker side and their ends.
    private static func certificates(in folder: String) -> [CertificateEnd] {
        CertificateFiles.all(in: folder).compactMap { name, files in
            guard let until = try? files.notValidAfter() else { return nil }
            let kind =
                CertificateEnd.Kind(rawValue: name) ?? (name.hasPrefix("urn_dev") ? .device : .gateway)
            return .init(name: name, kind: kind, until: UInt64(max(0, until.timeIntervalSince1970)))
        }
    }

    public func stop() async {
        watching.cancel()
        inputs.cancel()
        _ = await inputs.result
        running.cancel()
        _ = await running.result
        await broker.stop()
    }
}

/// The gateway's counters as metrics, once there is a gateway.
final class GatewayBox: Sendable {
    private let field = Mutex<FieldSide?>(nil)

    func set(_ field: FieldSide) { self.field.withLock { $0 = field } }

    var metrics: [(MetricFamily, [MetricSample])] {
        guard let counters = field.withLock({ $0 })?.gateway.counters else { return [] }
        return [
            (
                OperationsRoutes.messages,
                counters.messages.sorted { $0.key < $1.key }.map {
                    MetricSample(Double($0.value), [("result", $0.key)])
                }
            ),
            (OperationsRoutes.backlog, [MetricSample(Double(counters.backlog))]),
            (
                OperationsRoutes.commands,
                counters.commands.sorted { $0.key < $1.key }.map {
                    MetricSample(Double($0.value), [("outcome", $0.key)])
                }
            ),
        ]
    }
}
