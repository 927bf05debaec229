import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML
import Testing

@Suite("Refused messages, skipped where mosquitto is not installed", .enabled(if: TestField.isPossible), .serialized)
struct GatewayRefusalTests {
    @Test("Each kind of bad message is refused with its own reason, told to the device and kept for replay")
    func deadLetters() async throws {
        try await TestField.with { field in
            let (device, stranger, other) = (
                try TestField.identity(1), try TestField.identity(2), try TestField.identity(3)
            )
            field.enrol(device, other)
            field.node.state.withLock { $0.devices[1].isActive = false }
            try await field.running(try field.configuration()) { gateway in
                let client = try MQTTClient(try field.mqtt(device.urn.text))
                try await client.subscribe(["cairn/v1/farm/\(device.urn.text)/error"])
                let payload = try TestField.pack(device, 1).json()
                let topic = TestField.topic(device)
                func signed(_ sequence: UInt64, _ payload: [UInt8], by identity: DeviceIdentity? = nil) -> MQTTMessage {
                    DeviceMessage(
                        signing: payload, topic: topic, sequence: sequence, with: (identity ?? device).signingKey
                    ).mqttMessage
                }
                func publish(_ message: MQTTMessage) async throws {
                    while try await client.publish(message) == .noSubscribers {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                try await publish(signed(5, payload))
                var forged = signed(6, payload)
                forged.payload = try TestField.pack(device, 2).json()
                try await publish(forged)
                try await publish(signed(4, try TestField.pack(device, 3).json()))
                try await publish(signed(5, try TestField.pack(device, 4).json()))
                try await publish(signed(5, payload))
                try await publish(signed(7, payload, by: stranger))
                try await publish(signed(8, payload, by: other))
                try await publish(signed(9, Array("[{}]".utf8)))
                try await publish(signed(10, try TestField.pack(device, 1, time: 9e9).json()))
                try await publish(MQTTMessage(topic: topic, payload: payload))
                var malformed = signed(11, payload)
                malformed.userProperties[2].value = "x"
                try await publish(malformed)

                try await field.wait("9 dead letters") { try await gateway.deadLetters().count == 9 }
                let reasons = try await gateway.deadLetters().map(\.reason).reversed()
                #expect(
                    Array(reasons) == [
                        "bad-signature", "duplicate", "duplicate", "unknown-device", "foreign-key", "bad-senml",
                        "bad-time", "unsigned", "malformed-signature",
                    ])
                #expect(gateway.counters.messages["accepted"] == 1)
                #expect(gateway.counters.messages["duplicate-delivery"] == 1)
                try await heardOf(9, client)

                // The stranger is enrolled under the device's name with a new key: its message is taken on replay.
                let letter = try #require(try await gateway.deadLetters().first { $0.reason == "unknown-device" })
                field.node.state.withLock { state in
                    state.devices.append(.init(urn: device.urn.text, key: stranger.signingKey.verifyingKey))
                }
                #expect(try await gateway.replay(deadLetter: letter.id) == .accepted)
                #expect(try await gateway.deadLetters().first { $0.id == letter.id }?.replayedAt != nil)
                try await field.wait("two readings") {
                    field.node.state.withLock { $0.readings.map(\.sequence) } == [5, 7]
                }
                await #expect(throws: GatewayError(.notFound, "")) { try await gateway.replay(deadLetter: 999) }
                await client.close()
            }
        }
    }

    private func heardOf(_ count: Int, _ client: MQTTClient) async throws {
        var reports = 0
        for try await messages in client.deliveries {
            reports += messages.count
            if reports >= count { return }
        }
    }

    @Test("A revoked device is refused, and a wrong topic and another member's too")
    func revokedAndForeign() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            try await field.running(try field.configuration()) { gateway in
                let session = try field.session(device)
                try await session.publish(TestField.pack(device, 1), channel: "soil")
                field.node.state.withLock { $0.devices[0].isActive = false }
                // The gateway hears of it when it next reads the list.
                try await field.wait("refused") {
                    try await session.publish(TestField.pack(device, 2), channel: "soil")
                    return (gateway.counters.messages["inactive-device"] ?? 0) >= 1
                }
                // A space may not be in a channel's name; the broker does not know that rule.
                let odd = DeviceMessage(
                    signing: [1], topic: TestField.topic(device, "so il"), sequence: 99, with: device.signingKey)
                #expect(try await session.client.publish(odd.mqttMessage) == .accepted)
                try await field.wait("wrong topic") { gateway.counters.messages["wrong-topic"] == 1 }
                // Neither another device's topic nor another member's reaches the gateway.
                let foreign = MQTTMessage(topic: TestField.topic(try TestField.identity(2)), payload: [1])
                await #expect(throws: MQTTError(.notAuthorised, "")) { try await session.client.publish(foreign) }
                let elsewhere = MQTTMessage(topic: "cairn/v1/mill/\(device.urn.text)/data/soil", payload: [1])
                #expect(try await session.client.publish(elsewhere) == .noSubscribers)
                await session.close()
            }
        }
    }
}
