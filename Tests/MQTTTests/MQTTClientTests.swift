import Broker
import Foundation
import MQTT
import Testing

@Suite("MQTT against a real broker, skipped where mosquitto is not installed", .enabled(if: TestBroker.isInstalled))
struct MQTTClientTests {
    private let device = "urn:dev:ow:10e2073a01080063"

    @Test("Publishes with user properties, and the subscriber gets them")
    func roundTrip() async throws {
        try await TestBroker.with { broker in
            let gateway = try MQTTClient(try broker.configuration("gateway-1"))
            try await gateway.subscribe(["cairn/v1/farm/+/data/+"])
            let sensor = try MQTTClient(try broker.configuration(device))
            var message = MQTTMessage(topic: "cairn/v1/farm/\(device)/data/soil", payload: [1, 2, 3])
            message.userProperties = [.init("kid", "00ff"), .init("seq", "7"), .init("sig", "abc")]
            message.contentType = "application/senml+json"
            message.responseTopic = "a/b"
            message.correlationData = [9]
            #expect(try await sensor.publish(message) == .accepted)
            #expect(sensor.isVersion5)
            let received = try await firstMessage(gateway)
            #expect(received == message)
            #expect(received?.userProperty("seq") == "7")
            await sensor.close()
            await gateway.close()
        }
    }

    @Test("Says so when nobody listens, and when the broker does not allow the topic")
    func answers() async throws {
        try await TestBroker.with { broker in
            let sensor = try MQTTClient(try broker.configuration(device))
            let own = MQTTMessage(topic: "cairn/v1/farm/\(device)/data/soil", payload: [1])
            #expect(try await sensor.publish(own) == .noSubscribers)
            let other = MQTTMessage(topic: "cairn/v1/farm/urn:dev:ow:other/data/soil", payload: [1])
            await #expect(throws: MQTTError(.notAuthorised, "")) { try await sensor.publish(other) }
            let wild = MQTTMessage(topic: "cairn/v1/#", payload: [1])
            await #expect(throws: MQTTError(.invalidMessage, "")) { try await sensor.publish(wild) }
            await sensor.close()
            await #expect(throws: MQTTError(.closed, "")) { try await sensor.publish(own) }
        }
    }

    @Test("A client without a certificate of the authority is not let in")
    func foreignCertificate() async throws {
        try await TestBroker.with { broker in
            let foreign = try CertificateAuthority(folder: broker.folder + "/foreign")
            let files = try foreign.issueClient(commonName: device)
            var configuration = try broker.configuration(device)
            configuration.tls?.certificateFile = files.certificate
            configuration.tls?.keyFile = files.key
            let client = try MQTTClient(configuration)
            await #expect(throws: MQTTError(.unreachable, "")) { try await client.connect(timeout: .seconds(2)) }
            await client.close()
            configuration.tls?.keyFile = "/nonexistent"
            #expect(throws: MQTTError(.configuration, "")) { try MQTTClient(configuration) }
        }
    }

    @Test("Connects again, subscribes again and delivers what was published meanwhile")
    func reconnects() async throws {
        try await TestBroker.with { broker in
            let gateway = try MQTTClient(try broker.configuration("gateway-1"))
            try await gateway.subscribe(["cairn/v1/farm/+/data/+"])
            let sensor = try MQTTClient(try broker.configuration(device))
            try await sensor.connect()
            let topic = "cairn/v1/farm/\(device)/data/soil"
            await broker.process.stop()
            let early = Task { try await sensor.publish(MQTTMessage(topic: topic, payload: [1])) }
            try await Task.sleep(for: .milliseconds(300))
            let restarted = try await MosquittoProcess.start(broker.process.configuration)
            _ = try await early.value
            // The gateway may have come back after the first message; the next ones must arrive.
            while !gateway.isConnected { try await Task.sleep(for: .milliseconds(20)) }
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await sensor.publish(MQTTMessage(topic: topic, payload: [2])) == .accepted)
            var seen: [UInt8] = []
            for try await messages in gateway.deliveries {
                seen += messages.flatMap(\.payload)
                if seen.contains(2) { break }
            }
            #expect(seen.last == 2)
            await sensor.close()
            await gateway.close()
            await restarted.stop()
        }
    }

    @Test("What was received and not processed comes again after the consumer died")
    func acknowledgesAfterProcessing() async throws {
        try await TestBroker.with { broker in
            var configuration = try broker.configuration("gateway-1")
            configuration.cleanSession = false
            configuration.acknowledgement = .afterProcessing
            configuration.subscriptions = ["cairn/v1/farm/+/data/+"]
            configuration.receiveWindow = 8
            let first = try MQTTClient(configuration)
            try await first.connect()
            let sensor = try MQTTClient(try broker.configuration(device))
            let topic = "cairn/v1/farm/\(device)/data/soil"
            while try await sensor.publish(MQTTMessage(topic: topic, payload: [0])) == .noSubscribers {}
            for number in 1..<50 as Range<UInt8> {
                try await sensor.publish(MQTTMessage(topic: topic, payload: [number]))
            }
            // Takes one group and vanishes without asking for the next: the group counts as unprocessed.
            var iterator = first.deliveries.makeAsyncIterator()
            let lost = try #require(try await iterator.next())
            #expect(lost.count <= 8 + 2)
            var second = configuration
            second.receiveWindow = 16
            let successor = try MQTTClient(second)
            var seen: Set<UInt8> = []
            for try await messages in successor.deliveries {
                seen.formUnion(messages.flatMap(\.payload))
                if seen.count == 50 { break }
            }
            #expect(seen.count == 50)
            await first.close()
            await successor.close()
            await sensor.close()
        }
    }

    @Test("Writing of its own does not acknowledge what the consumer has not processed", arguments: 1...5)
    func writesNoEarlyAcknowledgement(round: Int) async throws {
        try await TestBroker.with { broker in
            var configuration = try broker.configuration("gateway-1")
            configuration.cleanSession = false
            configuration.acknowledgement = .afterProcessing
            configuration.subscriptions = ["cairn/v1/farm/+/data/+"]
            let first = try MQTTClient(configuration)
            try await first.connect()
            let sensor = try MQTTClient(try broker.configuration(device))
            let topic = "cairn/v1/farm/\(device)/data/soil"
            while try await sensor.publish(MQTTMessage(topic: topic, payload: [0])) == .noSubscribers {}
            // The first message is processed, so that the connection writes while the others arrive.
            var iterator = first.deliveries.makeAsyncIterator()
            _ = try await iterator.next()
            async let never = iterator.next()
            let errors = (0..<200).map { _ in
                MQTTMessage(
                    topic: "cairn/v1/farm/\(device)/error", payload: [UInt8](repeating: 1, count: 500),
                    qualityOfService: .atMostOnce)
            }
            for number in 1..<200 as Range<UInt8> {
                _ = try sensor.submit(MQTTMessage(topic: topic, payload: [number]))
                _ = try first.submit(errors[Int(number)])
            }
            _ = try await never
            try await Task.sleep(for: .milliseconds(100))
            await first.close()
            let successor = try MQTTClient(configuration)
            var seen: Set<UInt8> = []
            let timer = Task {
                try await Task.sleep(for: .seconds(60))
                await successor.close()
            }
            for try await messages in successor.deliveries {
                seen.formUnion(messages.flatMap(\.payload))
                if seen.isSuperset(of: 1..<200) { break }
            }
            timer.cancel()
            #expect(seen.isSuperset(of: 1..<200), "\(seen.count) of 199 came again")
            await successor.close()
            await sensor.close()
        }
    }

    @Test("The will is published when a client vanishes")
    func will() async throws {
        try await TestBroker.with { broker in
            let gateway = try MQTTClient(try broker.configuration("gateway-1"))
            try await gateway.subscribe(["cairn/v1/farm/+/state"])
            var configuration = try broker.configuration(device)
            configuration.will = MQTTMessage(topic: "cairn/v1/farm/\(device)/state", payload: [0], retain: true)
            let sensor = try MQTTClient(configuration)
            try await sensor.connect()
            // A second client of the same name takes the session over, which the broker counts as vanishing.
            var usurper = configuration
            usurper.will = nil
            let second = try MQTTClient(usurper)
            try await second.connect()
            #expect(try await firstMessage(gateway)?.payload == [0])
            await sensor.close()
            await second.close()
            await gateway.close()
        }
    }

    @Test("Throughput over TLS, many publications under way", .timeLimit(.minutes(1)))
    func throughput() async throws {
        try await TestBroker.with { broker in
            var configuration = try broker.configuration("gateway-1")
            configuration.acknowledgement = .afterProcessing
            configuration.subscriptions = ["cairn/v1/farm/+/data/+"]
            configuration.receiveWindow = 4_096
            let gateway = try MQTTClient(configuration)
            try await gateway.connect()
            let sensor = try MQTTClient(try broker.configuration(device))
            let topic = "cairn/v1/farm/\(device)/data/soil"
            while try await sensor.publish(MQTTMessage(topic: topic, payload: [0])) == .noSubscribers {}
            let total = 20_000
            let clock = ContinuousClock.now
            async let sent: Void = withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<200 {
                    group.addTask {
                        for _ in 0..<total / 200 {
                            _ = try await sensor.publish(
                                MQTTMessage(topic: topic, payload: [UInt8](repeating: UInt8(worker), count: 100)))
                        }
                    }
                }
                try await group.waitForAll()
            }
            var received = -1
            for try await messages in gateway.deliveries {
                received += messages.count
                if received >= total { break }
            }
            try await sent
            let seconds = (ContinuousClock.now - clock) / .seconds(1)
            print("MQTT: \(Int(Double(total) / seconds)) messages a second")
            #expect(received == total)
            await sensor.close()
            await gateway.close()
        }
    }

    private func firstMessage(_ client: MQTTClient) async throws -> MQTTMessage? {
        for try await messages in client.deliveries { return messages.first }
        return nil
    }
}
