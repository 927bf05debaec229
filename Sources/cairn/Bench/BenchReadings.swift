import ArgumentParser
import Broker
import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import Node
import SenML
import UseCaseKit

struct BenchReadings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "readings",
        abstract: "Device messages, each signed, published to the broker until FINAL.",
        discussion: """
            An embedded consortium of four members with its broker and gateway, on the same cores as the devices. The bound is the lower of two \
            rates of the same run: the broker delivering the same messages to a plain subscriber, and the cores verifying their signatures.
            """)

    @Option(help: "Messages to send under load.")
    var count = 40_000

    @Option(help: "Devices.")
    var devices = 8

    @Option(help: "Messages of the lone device.")
    var alone = 20

    @Option(help: "table or json.")
    var output = Output.table

    private static let member = "cooperative"
    private static let gateway = "farm-gateway"

    func run() async throws {
        let folder = URL.temporaryDirectory.appending(path: "cairn-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = try ConsortiumOptions.parse([])
        options.port = 0
        let configuration = try options.configuration(useCases[0], field: true, folder: folder)
        var report = try await EmbeddedConsortium.run(configuration) { running in try await measure(running) }
        report.bytesPerTransaction =
            try BenchTransfers.diskBytes(folder, members: report.replicas) / Double(report.operations + alone)
        try report.show(output)
    }

    private func measure(_ running: EmbeddedConsortium.Running) async throws -> BenchReport {
        let stage = try await running.stage { _ in }
        guard let field = running.field else { throw Failure(.configuration, "the consortium has no gateway") }
        let identities = try await enrol(stage)
        Console.note("Signing \(count + alone) messages …")
        let each = count / devices
        let messages = try identities.map { identity in
            try (1...each).map { try Self.message(identity, sequence: UInt64($0), kind: .data(channel: "soil")) }
        }
        Console.note("Measuring the bounds …")
        let verification = verificationRate(messages[0], identities[0])
        let delivery = try await deliveryRate(stage, identities, each)
        let clients = try await connect(stage, identities)
        Console.note("\(devices) devices …")
        let start = ContinuousClock.now
        try await publish(messages, clients)
        try await settled(field.gateway, UInt64(each * devices))
        let seconds = (ContinuousClock.now - start).seconds
        Console.note("One device alone …")
        var latencies: [Double] = []
        for offset in 1...alone {
            let message = try Self.message(identities[0], sequence: UInt64(each + offset), kind: .data(channel: "soil"))
            let start = ContinuousClock.now
            try await clients[0].publish(message.mqttMessage)
            try await settled(field.gateway, UInt64(each * devices + offset))
            latencies.append((ContinuousClock.now - start).seconds * 1000)
        }
        for client in clients { await client.close() }
        return BenchReport(
            throughput: Double(each * devices) / seconds, bound: min(verification, delivery),
            boundIs: delivery < verification ? "messages the broker delivers/s" : "signatures verified/s",
            finalityP50Ms: Percentile.of(0.5, latencies), finalityP99Ms: Percentile.of(0.99, latencies),
            bytesPerTransaction: 0,
            replicas: running.platform.node.replicas.count, operations: each * devices)
    }

    private func enrol(_ stage: Stage) async throws -> [DeviceIdentity] {
        let secret = try stage.provisioningSecret()
        let identities = try (1...devices).map {
            try DeviceIdentity(
                urn: try DeviceURN("urn:dev:ops:32473-bench-\($0)"), generation: 1, provisioningSecret: secret)
        }
        try await stage.enrol(
            identities.map { .init($0, profile: "soil-probe", owner: "farm", gateway: Self.gateway) },
            by: "accreditor")
        return identities
    }

    private static func message(_ identity: DeviceIdentity, sequence: UInt64, kind: DeviceTopic.Kind) throws
        -> DeviceMessage
    {
        var record = SenMLRecord(name: "moisture", unit: "/", value: .number(Double(2000 + sequence % 700) / 10_000))
        record.baseName = identity.urn.text + ":"
        record.baseTime = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        return DeviceMessage(
            signing: try SenMLPack(records: [record]).json(),
            topic: try DeviceTopic(member: member, device: identity.urn, kind: kind).text, sequence: sequence,
            with: identity.signingKey)
    }

    private func connect(_ stage: Stage, _ identities: [DeviceIdentity]) async throws -> [MQTTClient] {
        var clients: [MQTTClient] = []
        for identity in identities {
            var configuration = try stage.brokerConfiguration(clientID: identity.urn.text)
            configuration.tls = try stage.certificate(for: identity.urn.text)
            let client = try MQTTClient(configuration)
            try await client.connect(timeout: .seconds(10))
            clients.append(client)
        }
        return clients
    }

    private func publish(_ messages: [[DeviceMessage]], _ clients: [MQTTClient]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (client, messages) in zip(clients, messages) {
                group.addTask {
                    for start in stride(from: 0, to: messages.count, by: 500) {
                        let pending = try messages[start..<min(start + 500, messages.count)].map {
                            try client.submit($0.mqttMessage)
                        }
                        for one in pending { _ = try await one.answer() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func settled(_ gateway: Gateway, _ count: UInt64) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while gateway.counters.settled < count {
            guard ContinuousClock.now < deadline else {
                throw Failure(.failed, "\(gateway.counters.settled) of \(count) readings are final after two minutes")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func verificationRate(_ messages: [DeviceMessage], _ identity: DeviceIdentity) -> Double {
        let key = identity.signingKey.verifyingKey
        let sample = Array(messages.prefix(2000))
        return VerificationRate.measure(count: sample.count, seconds: 2) { sample[$0].isSigned(by: key) }
    }

    /// The same messages on a topic that the gateway does not read, delivered to a subscriber that only counts.
    private func deliveryRate(_ stage: Stage, _ identities: [DeviceIdentity], _ each: Int) async throws -> Double {
        var configuration = try stage.brokerConfiguration(clientID: "bench-subscriber")
        configuration.tls = try stage.certificate(for: Self.gateway)
        configuration.subscriptions = ["cairn/v1/\(Self.member)/+/event/+"]
        let subscriber = try MQTTClient(configuration)
        try await subscriber.connect(timeout: .seconds(10))
        let messages = try identities.map { identity in
            try (1...each).map { try Self.message(identity, sequence: UInt64($0), kind: .event(type: "bench")) }
        }
        let clients = try await connect(stage, identities)
        let total = each * devices
        let start = ContinuousClock.now
        async let sent: Void = publish(messages, clients)
        var received = 0
        for try await batch in subscriber.deliveries {
            received += batch.count
            if received >= total { break }
        }
        try await sent
        let seconds = (ContinuousClock.now - start).seconds
        for client in clients + [subscriber] { await client.close() }
        return Double(total) / seconds
    }
}
