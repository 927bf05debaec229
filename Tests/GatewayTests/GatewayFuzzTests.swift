import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML
import Testing

/// A generator with a seed, so that a failure can be replayed (SplitMix64).
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

@Suite("Hostile messages, skipped where mosquitto is not installed", .enabled(if: TestField.isPossible), .serialized)
struct GatewayFuzzTests {
    @Test(
        "Mutated messages of an enrolled device are taken or refused, every one, and nothing stops",
        arguments: [11 as UInt64, 12])
    func mutations(seed: UInt64) async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            try await field.running(try field.configuration()) { gateway in
                let client = try MQTTClient(try field.mqtt(device.urn.text))
                var generator = Generator(state: seed)
                let count = 1_500
                try await field.untilGatewayListens(client, device)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for sequence in 2...UInt64(count) {
                        let message = try mutant(device, sequence, &generator)
                        // Handed over in order; acknowledgements are awaited apart.
                        let pending = try client.submit(message)
                        group.addTask { _ = try await pending.answer() }
                    }
                    try await group.waitForAll()
                }
                try await field.wait("every message accounted for, seed \(seed)") {
                    gateway.counters.messages.values.reduce(0, +) == UInt64(count)
                }
                let taken = Int(gateway.counters.messages["accepted"] ?? 0)
                #expect(taken > 50, "seed \(seed)")
                try await field.wait("all on the ledger") { field.node.state.withLock { $0.readings.count } == taken }
                await client.close()
            }
            let readings = field.node.state.withLock { $0.readings }
            #expect(readings.allSatisfy { $0.isSigned(by: device.signingKey.verifyingKey) }, "seed \(seed)")
            #expect(Set(readings.map(\.sequence)).count == readings.count, "seed \(seed)")
        }
    }

    /// Some mutants are signed after the change, so that the payload's parser is reached.
    private func mutant(_ device: DeviceIdentity, _ sequence: UInt64, _ generator: inout Generator) throws
        -> MQTTMessage
    {
        var payload =
            Bool.random(using: &generator)
            ? try TestField.pack(device, 20).json() : try TestField.pack(device, 20).cbor()
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let place = Int.random(in: 0..<max(1, payload.count), using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where !payload.isEmpty: payload[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1 where !payload.isEmpty: payload.remove(at: place)
            case 2: payload.insert(UInt8.random(in: 0...255, using: &generator), at: min(place, payload.count))
            default: payload.append(contentsOf: generator.octets(3))
            }
        }
        var message = DeviceMessage(
            signing: payload, topic: TestField.topic(device), sequence: sequence, with: device.signingKey
        ).mqttMessage
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: message.userProperties.shuffle(using: &generator)
        case 1: message.userProperties.removeLast()
        case 2: message.userProperties[Int.random(in: 0..<3, using: &generator)].value = generator.octets(8).hex
        case 3: message.payload = generator.octets(Int.random(in: 0..<200, using: &generator))
        default: break
        }
        return message
    }
}
