import Broker
import Foundation
import MQTT
import Testing

/// A broker of the time before MQTT 5, reduced to what shows the fallback: it refuses protocol level 5 (MQTT 3.1.1
/// §3.1.2.2), accepts level 4 and acknowledges what is published.
private final class OldBroker: Sendable {
    let port: Int
    private let listener: Int32

    init() throws {
        port = try LoopbackPort.free()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let listener = listener
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0 && listen(listener, 8) == 0)
        Thread {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                Self.serve(connection)
                close(connection)
            }
        }.start()
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ connection: Int32) {
        var octets = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = read(connection, &octets, octets.count)
            guard count > 6 else { return }
            switch octets[0] >> 4 {
            case 1:
                let accepts = octets[8] == 4
                _ = write(connection, [0x20, 2, 0, accepts ? 0 : 1] as [UInt8], 4)
                if !accepts { return }
            case 3:
                let topic = Int(octets[2]) << 8 | Int(octets[3])
                _ = write(connection, [0x40, 2, octets[4 + topic], octets[5 + topic]] as [UInt8], 4)
            default: return
            }
        }
    }
}

@Suite("A broker without MQTT 5")
struct OldBrokerTests {
    @Test("The client falls back to 3.1.1 and publishes without properties", .timeLimit(.minutes(1)))
    func fallback() async throws {
        let broker = try OldBroker()
        var configuration = MQTTConfiguration(host: "127.0.0.1", port: broker.port, clientID: "c1", tls: nil)
        configuration.reconnectDelay = 0.02...0.1
        let client = try MQTTClient(configuration)
        try await client.connect()
        #expect(!client.isVersion5)
        let message = MQTTMessage(topic: "a", payload: [1], userProperties: [.init("kid", "00")])
        #expect(try await client.publish(message) == .accepted)
        await client.close()
        broker.stop()
    }
}
