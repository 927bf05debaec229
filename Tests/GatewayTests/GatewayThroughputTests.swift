import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import Testing

/// Says how fast the gateway is where it runs. With `CAIRN_THROUGHPUT=<messages>` it runs longer; the figure is
/// printed.
@Suite("Throughput, skipped where mosquitto is not installed", .enabled(if: TestField.isPossible), .serialized)
struct GatewayThroughputTests {
    @Test("Signed messages through broker, gateway and node", .timeLimit(.minutes(2)))
    func throughput() async throws {
        let total = ProcessInfo.processInfo.environment["CAIRN_THROUGHPUT"].flatMap { Int($0) } ?? 10_000
        try await TestField.with { field in
            let devices = try (1...4).map { try TestField.identity($0) }
            for device in devices { field.enrol(device) }
            // Signed beforehand: what is measured is the gateway, not the devices.
            let messages = try devices.map { device in
                try (2...total / devices.count).map { sequence in
                    DeviceMessage(
                        signing: try TestField.pack(device, Double(sequence % 90)).json(),
                        topic: TestField.topic(device), sequence: UInt64(sequence), with: device.signingKey
                    ).mqttMessage
                }
            }
            var configuration = try field.configuration()
            configuration.batch.age = .seconds(1)
            try await field.running(configuration) { gateway in
                let clients = try devices.map { try MQTTClient(try field.mqtt($0.urn.text)) }
                for (client, device) in zip(clients, devices) { try await field.untilGatewayListens(client, device) }
                let start = ContinuousClock.now
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (client, messages) in zip(clients, messages) {
                        group.addTask {
                            for start in stride(from: 0, to: messages.count, by: 500) {
                                let pending = try messages[start..<min(start + 500, messages.count)].map(client.submit)
                                for one in pending { _ = try await one.answer() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let published = ContinuousClock.now - start
                let count = UInt64(total / devices.count * devices.count)
                try await field.wait("all taken", seconds: 60) { gateway.counters.messages["accepted"] == count }
                let taken = ContinuousClock.now - start
                try await field.wait("all final", seconds: 60) { gateway.counters.settled == count }
                let final = ContinuousClock.now - start
                func rate(_ duration: Duration) -> Int { Int(Double(count) / (duration / .seconds(1))) }
                print(
                    "signed messages a second: \(rate(published)) published, "
                        + "\(rate(taken)) durable, \(rate(final)) final"
                )
                for client in clients { await client.close() }
            }
        }
    }
}
