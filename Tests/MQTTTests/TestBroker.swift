import Broker
import Foundation
import MQTT

/// A broker of its own for each test, with an authority, in a folder that goes away.
struct TestBroker {
    static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/sbin/mosquitto")

    let folder: String
    let authority: CertificateAuthority
    let process: MosquittoProcess
    var port: Int { process.configuration.port }

    static func with(_ body: (TestBroker) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "cairn-mqtt-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority(folder: folder + "/ca")
        let process = try await MosquittoProcess.start(
            MosquittoConfiguration(
                port: try LoopbackPort.free(), folder: folder + "/broker", certificate: try authority.issueServer(),
                gateways: [.init(id: "gateway-1", member: "farm")]))
        do {
            try await body(TestBroker(folder: folder, authority: authority, process: process))
        } catch {
            await process.stop()
            throw error
        }
        await process.stop()
    }

    func restart() async throws -> MosquittoProcess {
        await process.stop()
        return try await MosquittoProcess.start(process.configuration)
    }

    func configuration(_ name: String) throws -> MQTTConfiguration {
        let files = try authority.issueClient(commonName: name)
        let tls = MQTTConfiguration.TLS(
            authorityFile: files.authority, certificateFile: files.certificate, keyFile: files.key)
        var configuration = MQTTConfiguration(host: "127.0.0.1", port: port, clientID: name, tls: tls)
        configuration.reconnectDelay = 0.05...0.5
        return configuration
    }
}
