import DeviceKit
import Foundation
import Ledger
import MQTT
import Testing

@Suite("Devices")
struct DeviceTests {
    private let secret = [UInt8](repeating: 7, count: 32)

    @Test(
        "Names of RFC 9039 are accepted",
        arguments: [
            "urn:dev:mac:0024beffff804ff1", "urn:dev:mac:0024befffe804ff1", "urn:dev:ow:10e2073a01080063",
            "urn:dev:ow:264437f5000000ed_humidity", "urn:dev:ow:264437f5000000ed_temperature",
            "urn:dev:org:32473-foo", "urn:dev:os:32473-123456", "urn:dev:os:32473-12-34-56",
            "urn:dev:ops:32473-Refrigerator-5002", "urn:dev:example:new-1-2-3_comp", "urn:dev:x1:a:b.c:D",
        ])
    func names(text: String) throws {
        #expect(try DeviceURN(text).text == text)
    }

    @Test(
        "Other names are refused",
        arguments: [
            "", "urn:dev:", "urn:dev:mac", "urn:dev:mac:", "urn:dev:mac:123", "urn:dev:mac:00AB", "urn:dev:ow:zz",
            "URN:dev:ow:10", "urn:dev:org:foo", "urn:dev:org:0-foo", "urn:dev:ops:32473-5002", "urn:dev:os:32473-",
            "urn:dev:1x:a", "urn:dev:X:a", "urn:dev:x:", "urn:dev:x:a::b", "urn:dev:x:a_", "urn:dev:x:a/b",
            "urn:dev:x:a+b", "urn:dev:x:a b", "urn:dev:x:ä", "urn:dev:x:" + String(repeating: "a", count: 60),
        ])
    func foreignNames(text: String) {
        #expect(throws: DeviceError(.urn, "")) { try DeviceURN(text) }
    }

    @Test("Keys follow from secret, name and generation, and from nothing less")
    func keys() throws {
        let urn = try DeviceURN("urn:dev:ow:10e2073a01080063")
        let identity = try DeviceIdentity(urn: urn, provisioningSecret: secret)
        let again = try DeviceIdentity(urn: urn, provisioningSecret: secret)
        #expect(identity.signingKey.kid == again.signingKey.kid)
        #expect(identity.agreementKey == again.agreementKey)
        let others = [
            try DeviceIdentity(urn: urn, generation: 1, provisioningSecret: secret),
            try DeviceIdentity(urn: try DeviceURN("urn:dev:ow:10e2073a01080064"), provisioningSecret: secret),
            try DeviceIdentity(urn: urn, provisioningSecret: [UInt8](repeating: 8, count: 32)),
        ]
        #expect(Set((others + [identity]).map(\.signingKey.kid)).count == 4)
        #expect(throws: DeviceError(.secret, "")) {
            try DeviceIdentity(urn: urn, provisioningSecret: [UInt8](repeating: 7, count: 31))
        }
    }

    @Test("A signature holds for its topic, number and payload only")
    func signatures() throws {
        let key = try DeviceIdentity(urn: try DeviceURN("urn:dev:ow:01"), provisioningSecret: secret).signingKey
        let message = DeviceMessage(
            signing: [1, 2, 3], topic: "cairn/v1/farm/urn:dev:ow:01/data/soil", sequence: 9, with: key)
        let received = try DeviceMessage(message.mqttMessage)
        #expect(received == message)
        #expect(received.isSigned(by: key.verifyingKey))
        #expect(received.reading(received: 5, quality: .frozen).isSigned(by: key.verifyingKey))
        for change in [
            { (message: inout DeviceMessage) in message.payload[0] ^= 1 },
            { (message: inout DeviceMessage) in message.sequence += 1 },
            { (message: inout DeviceMessage) in message.topic = "cairn/v1/farm/urn:dev:ow:01/data/air" },
            { (message: inout DeviceMessage) in message.signature[5] ^= 1 },
            { (message: inout DeviceMessage) in message.kid = .zero },
        ] {
            var forged = received
            change(&forged)
            #expect(!forged.isSigned(by: key.verifyingKey))
        }
    }

    @Test("Properties that are missing or malformed are told apart")
    func properties() throws {
        let key = try DeviceIdentity(urn: try DeviceURN("urn:dev:ow:01"), provisioningSecret: secret).signingKey
        let good = DeviceMessage(signing: [1], topic: "t", sequence: 1, with: key).mqttMessage
        for index in 0..<3 {
            var message = good
            message.userProperties.remove(at: index)
            #expect(throws: DeviceError(.unsigned, "")) { try DeviceMessage(message) }
            for text in ["", "x", "-1", "01", "9223372036854775808"] {
                message = good
                message.userProperties[index].value = text
                #expect(throws: DeviceError(.malformed, "")) { try DeviceMessage(message) }
            }
        }
    }

    @Test("Topics are read and written")
    func topics() throws {
        let base = "cairn/v1/farm/urn:dev:ow:01"
        for text in ["data/soil", "event/weighed", "state", "cmd/interval", "cmd/interval/reply", "error"] {
            #expect(try DeviceTopic("\(base)/\(text)").text == "\(base)/\(text)")
        }
        for text in ["data", "data/a/b", "data/+", "data/", "cmd/a/b", "other"] {
            #expect(throws: DeviceError(.topic, "")) { try DeviceTopic("\(base)/\(text)") }
        }
        #expect(throws: DeviceError(.urn, "")) { try DeviceTopic("cairn/v1/farm/x/state") }
        #expect(throws: DeviceError(.topic, "")) { try DeviceTopic("cairn/v2/farm/urn:dev:ow:01/state") }
    }

    @Test("The sequence number grows over restarts, and a damaged or used file is refused")
    func sequence() throws {
        let path = NSTemporaryDirectory() + "cairn-sequence-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let file = try SequenceFile(path: path)
            #expect(try (0..<3).map { _ in try file.next() } == [1, 2, 3])
            #expect(throws: DeviceError(.sequence, "")) { try SequenceFile(path: path) }
        }
        #expect(try SequenceFile(path: path).next() == 4)
        try Foundation.Data("00".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: DeviceError(.sequence, "")) { try SequenceFile(path: path) }
    }
}
