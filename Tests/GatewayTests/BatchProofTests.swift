import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML
import Testing

/// AGR-43: one measured value is proved out of a batch that holds a thousand.
@Suite(
    "Proof out of a batch, skipped where mosquitto is not installed", .enabled(if: TestField.isPossible), .serialized)
struct BatchProofTests {
    private static let messages = 100
    private static let valuesEach = 10

    /// A device that measures ten times before it speaks: one signature for all ten.
    private func message(_ number: Int, _ device: DeviceIdentity) throws -> DeviceMessage {
        var records = (0..<Self.valuesEach).map {
            SenMLRecord(
                name: "moisture", unit: "%RH", value: .number(Double(number * Self.valuesEach + $0) / 100),
                time: Double($0 - Self.valuesEach + 1))
        }
        records[0].baseName = device.urn.text + ":"
        records[0].baseTime = Date().timeIntervalSince1970
        return DeviceMessage(
            signing: try SenMLPack(records: records).cbor(), topic: TestField.topic(device, "profile"),
            sequence: UInt64(number + 1), with: device.signingKey)
    }

    @Test("One of a thousand values, with nothing else of the batch", .timeLimit(.minutes(2)))
    func oneOfAThousand() async throws {
        try await TestField.with { field in
            let listener = try TestField.identity(1)
            let device = try TestField.identity(2)
            field.enrol(listener, device)
            field.node.state.withLock { _ = $0.published.insert("farm.profile") }
            var configuration = try field.configuration()
            configuration.batch.readings = Self.messages
            configuration.batch.age = .seconds(60)
            try await field.running(configuration) { gateway in
                let first = try MQTTClient(try field.mqtt(listener.urn.text))
                try await field.untilGatewayListens(first, listener)
                let client = try MQTTClient(try field.mqtt(device.urn.text))
                for number in 0..<Self.messages {
                    try await client.publish(try message(number, device).mqttMessage)
                }
                try await field.wait("the batch") { field.node.state.withLock { !$0.batches.isEmpty } }
                await client.close()
                await first.close()
            }
            let batch = try #require(field.node.state.withLock { $0.batches.first { $0.subject == "farm.profile" } })
            let leaves = try #require(batch.plainReadings)
            let root = try #require(batch.operation.arguments["root"]?.hash32)
            let values = try leaves.map { try SenMLPack(decoding: try Reading(decoding: $0).payload).resolve(now: 0) }
            #expect(values.joined().count == Self.messages * Self.valuesEach)
            print("a batch of \(values.joined().count) values: \(batch.bytes.count) of \(Statement.maximumSize) bytes")

            // What a verifier gets: the device's message, its path, and the root that the ledger has.
            let place = 57
            let path = MerkleTree.inclusionPath(leaves.map { MerkleTree.leafHash($0) }[...], index: place)
            let proof = InclusionProof(size: UInt64(leaves.count), index: UInt64(place), path: path)
            #expect(proof.root(of: MerkleTree.leafHash(leaves[place])) == root)
            #expect(path.count == 7)
            let reading = try Reading(decoding: leaves[place])
            #expect(reading.isSigned(by: device.signingKey.verifyingKey))
            #expect(
                values[place].map(\.number) == (0..<Self.valuesEach).map { Double(place * Self.valuesEach + $0) / 100 })
            // Another value under the same path is found out, by the root and by the signature.
            let other = try message(place + 1, device)
            let forged = Reading(
                topic: reading.topic, sequence: reading.sequence, kid: reading.kid, payload: other.payload,
                signature: reading.signature, received: reading.received, quality: reading.quality)
            #expect(proof.root(of: MerkleTree.leafHash(forged.encoded())) != root)
            #expect(!forged.isSigned(by: device.signingKey.verifyingKey))
        }
    }
}
