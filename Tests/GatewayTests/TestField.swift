import Broker
import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML
import Testing

/// A broker, a stand-in for the node, and devices with real keys and certificates.
struct TestField {
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/sbin/mosquitto")
    static let secret = [UInt8](repeating: 42, count: 32)
    static let ledger = TestNode.genesis.id

    let folder: String
    let authority: CertificateAuthority
    let broker: MosquittoProcess
    let node: TestNode
    let gatewayKey = SigningKey.generate()

    static func with(_ body: (TestField) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "cairn-gateway-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority(folder: folder + "/ca")
        let broker = try await MosquittoProcess.start(
            MosquittoConfiguration(
                port: try LoopbackPort.free(), folder: folder + "/broker", certificate: try authority.issueServer(),
                gateways: [.init(id: "gateway-1", member: "farm")]))
        let node = try await TestNode()
        do {
            try await body(TestField(folder: folder, authority: authority, broker: broker, node: node))
        } catch {
            await broker.stop()
            try await node.stop()
            throw error
        }
        await broker.stop()
        try await node.stop()
    }

    func mqtt(_ name: String) throws -> MQTTConfiguration {
        let files = try authority.issueClient(commonName: name)
        let tls = MQTTConfiguration.TLS(
            authorityFile: files.authority, certificateFile: files.certificate, keyFile: files.key)
        var configuration = MQTTConfiguration(
            host: "127.0.0.1", port: broker.configuration.port, clientID: name, tls: tls)
        configuration.reconnectDelay = 0.05...0.5
        return configuration
    }

    func configuration() throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration(
            id: "gateway-1", member: "farm", ledger: Self.ledger, signingKey: gatewayKey, node: node.address,
            broker: try mqtt("gateway-1"), store: folder + "/gateway.sqlite")
        configuration.batch.age = .milliseconds(50)
        configuration.nodePauses = 0.05...0.3
        configuration.rejectionPauses = 0.1...0.5
        configuration.directoryInterval = .milliseconds(300)
        configuration.logger.logLevel = .critical
        return configuration
    }

    static func identity(_ number: Int) throws -> DeviceIdentity {
        try DeviceIdentity(urn: try DeviceURN("urn:dev:os:32473-\(number)"), provisioningSecret: secret)
    }

    func enrol(_ identities: DeviceIdentity...) {
        node.state.withLock { state in
            state.devices += identities.map { .init(urn: $0.urn.text, key: $0.signingKey.verifyingKey) }
        }
    }

    func session(_ identity: DeviceIdentity) throws -> DeviceSession {
        try DeviceSession(
            identity: identity, member: "farm", broker: try mqtt(identity.urn.text),
            sequenceFile: folder + "/\(identity.urn.text.suffix(4)).seq")
    }

    static func topic(_ identity: DeviceIdentity, _ channel: String = "soil") -> String {
        "cairn/v1/farm/\(identity.urn.text)/data/\(channel)"
    }

    static func pack(_ identity: DeviceIdentity, _ value: Double, time: Double? = nil) -> SenMLPack {
        SenMLPack(records: [
            SenMLRecord(
                name: "\(identity.urn.text):moisture", unit: "%RH", value: .number(value),
                time: time ?? Date().timeIntervalSince1970)
        ])
    }

    /// Publishes the device's first reading, sequence number 1, until the gateway has subscribed.
    func untilGatewayListens(_ client: MQTTClient, _ identity: DeviceIdentity) async throws {
        let message = DeviceMessage(
            signing: try Self.pack(identity, 20).json(), topic: Self.topic(identity), sequence: 1,
            with: identity.signingKey)
        while try await client.publish(message.mqttMessage) == .noSubscribers {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Runs a gateway while `body` runs, and stops it gracefully.
    func running(_ configuration: GatewayConfiguration, _ body: (Gateway) async throws -> Void) async throws {
        let gateway = try Gateway(configuration)
        let task = Task { try await gateway.run() }
        do {
            try await body(gateway)
        } catch {
            task.cancel()
            try await task.value
            throw error
        }
        task.cancel()
        try await task.value
    }

    func wait(
        _ what: String, seconds: Double = 60, _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            if ContinuousClock.now > deadline {
                Issue.record("waited \(seconds) s in vain: \(what)")
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
