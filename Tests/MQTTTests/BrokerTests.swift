import Foundation
import Testing

@testable import Broker

@Suite("Broker and authority")
struct BrokerTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "cairn-broker-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("Keys are readable by their owner only, and the authority opens again")
    func files() async throws {
        try await withFolder { folder in
            let authority = try CertificateAuthority(folder: folder)
            let files = try authority.issueClient(commonName: "urn:dev:ow:1")
            for path in [files.key, files.certificate, folder + "/ca.key.pem"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect((attributes[.posixPermissions] as? Int) == 0o600)
            }
            let again = try CertificateAuthority(folder: folder)
            let days = try again.issueClient(commonName: "gateway-1").notValidAfter().timeIntervalSinceNow / 86_400
            #expect((364.0...365.1).contains(days))
        }
    }

    @Test(
        "Names that would widen an access pattern are refused",
        arguments: [
            "a/b", "+", "#", "%u", "", "ä", "a b",
            String(repeating: "x", count: 65),
        ])
    func names(name: String) async throws {
        try await withFolder { folder in
            let authority = try CertificateAuthority(folder: folder)
            #expect(throws: BrokerError(.name, "")) { try authority.issueClient(commonName: name) }
        }
    }

    @Test("A missing program and a taken port are said plainly")
    func faults() async throws {
        try await withFolder { folder in
            let authority = try CertificateAuthority(folder: folder)
            var configuration = MosquittoConfiguration(
                port: try LoopbackPort.free(), folder: folder + "/b", certificate: try authority.issueServer(),
                gateways: [])
            configuration.program = folder + "/none"
            await #expect(throws: BrokerError(.missingProgram, "")) { try await MosquittoProcess.start(configuration) }
            guard TestBroker.isInstalled else { return }
            configuration.program = "/usr/sbin/mosquitto"
            let first = try await MosquittoProcess.start(configuration)
            await #expect(throws: BrokerError(.portInUse, "")) { try await MosquittoProcess.start(configuration) }
            await first.stop()
            #expect(!first.isRunning)
            configuration.port = try LoopbackPort.free()
            configuration.certificate.key = folder + "/none.pem"
            await #expect(throws: BrokerError(.notStarted, "")) { try await MosquittoProcess.start(configuration) }
        }
    }

    @Test(
        "A broker that outlived its parent is replaced, skipped where mosquitto is not installed",
        .enabled(if: TestBroker.isInstalled && FileManager.default.fileExists(atPath: "/proc/self/status")),
        .timeLimit(.minutes(1)))
    func orphan() async throws {
        try await withFolder { folder in
            let authority = try CertificateAuthority(folder: folder)
            let configuration = MosquittoConfiguration(
                port: try LoopbackPort.free(), folder: folder + "/b", certificate: try authority.issueServer(),
                gateways: [])
            await (try await MosquittoProcess.start(configuration)).stop()
            // A shell that ends at once leaves the broker to process 1.
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            let broker = "/usr/sbin/mosquitto -c \(folder)/b/mosquitto.conf"
            shell.arguments = ["-c", "\(broker) >/dev/null 2>&1 & echo $! > \(folder)/b/mosquitto.pid"]
            // What the shell leaves behind must not inherit that this thread masks SIGTERM. The shell is not waited
            // for:
            // `Process` counts it as running for as long as anybody holds the descriptors it gave it.
            var (none, previous) = (sigset_t(), sigset_t())
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, &previous)
            try shell.run()
            pthread_sigmask(SIG_SETMASK, &previous, nil)
            // Accepting is not enough: until the shell has ended, the broker still has a parent.
            while OrphanedBroker(configuration) == nil || !LoopbackPort.accepts(configuration.port) {
                try await Task.sleep(for: .milliseconds(10))
            }
            let successor = try await MosquittoProcess.start(configuration)
            #expect(successor.isRunning)
            await successor.stop()
        }
    }
}
