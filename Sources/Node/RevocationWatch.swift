import Broker
import Foundation
import Gateway
import Logging
import MQTT

/// Ends what a device that the ledger does not know any more still has at the broker: its certificates are revoked, and
/// its live connection is taken over and closed.
///
/// Mosquitto reads its revocation list again at SIGHUP but keeps connections that exist. A client id is bound to the
/// common name there, so that a client with a new certificate of the same name takes the device's session over, and the
/// broker closes the old connection (MQTT 5 §3.1.4). The device comes back with a revoked certificate and is refused.
struct RevocationWatch: Sendable {
    /// How often the list of devices is looked at; the gateway reads it from the node.
    private static let interval: Duration = .milliseconds(200)

    let gateway: Gateway
    let broker: MosquittoProcess
    let authority: CertificateAuthority
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async {
        var done: Set<String>?
        while !Task.isCancelled {
            let inactive = gateway.inactiveDevices
            // Those that were revoked before this process started are only looked after once.
            let new = inactive.filter { urn in done.map { !$0.contains(urn) } ?? !authority.hasRevoked(urn) }
            for urn in new { await end(urn) }
            if gateway.knowsDevices { done = inactive }
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func end(_ urn: String) async {
        do {
            let successor = try authority.issueClient(commonName: urn, file: "takeover")
            try authority.revoke(urn, except: successor)
            broker.reload()
            var configuration = MQTTConfiguration(
                host: "127.0.0.1", port: broker.configuration.port, clientID: urn,
                tls: .init(
                    authorityFile: successor.authority, certificateFile: successor.certificate,
                    keyFile: successor.key))
            configuration.reconnectDelay = 0.05...0.2
            let client = try MQTTClient(configuration)
            try await client.connect(timeout: .seconds(2))
            await client.close()
            try authority.revoke(urn)
            broker.reload()
            logger.warning("a device was revoked and cut off", metadata: ["deviceId": "\(urn)"])
        } catch {
            logger.error(
                "a revoked device may still be connected", metadata: ["deviceId": "\(urn)", "error": "\(error)"])
        }
    }
}
