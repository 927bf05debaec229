import ArgumentParser
import Broker
import DeviceKit
import Foundation
import Keys
import Ledger
import MQTT

/// The device's side of a claim (docs/operating/devices.md): its keys are made here, and its certificate is fetched.
struct DeviceClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "As a new device: log in by a claim code, and get a certificate for keys made here.",
        discussion: "A registrar enrols the device afterwards; from then on its readings are taken.")

    @Argument(help: "The code that the owner made, ID-CODE.")
    var code: String

    @Option(help: "The device's URN.")
    var urn: String

    @Option(help: "Number of its key: 1 for the first, one more for each later one.")
    var generation: UInt64 = 1

    @Option(help: "Member whose gateway it reports to: the second level of its topics.")
    var member: String

    @Option(help: "Host of the broker.")
    var host = "127.0.0.1"

    @Option(help: "The broker's port for claims.")
    var port: Int

    @Option(help: "Certificate of the broker's authority, PEM.")
    var authority: String

    @Option(help: "Folder that keeps the device's secret, its key and its certificate.")
    var folder = ".cairn-device"

    @Option(help: "Seconds to wait for the gateway's answer.")
    var timeout = 30

    private struct Request: Encodable {
        let device: String
        let generation: UInt64
        let key: String
        let csr: String
    }

    private struct Answer: Decodable {
        let ok: Bool
        let error: String?
        let certificate: String?
        let authority: String?
    }

    func run() async throws {
        let parts = code.split(separator: "-", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Failure(.usage, "a claim code is ID-CODE, as the owner's page shows it") }
        let secrets = try KeyFolder(URL(filePath: folder).appending(path: "keys"))
        let identity = try DeviceIdentity(
            urn: try DeviceURN(urn), generation: generation,
            provisioningSecret: try secrets.keyOrNew(of: "provisioning-secret").rawRepresentation)
        let request = try CertificateRequest(commonName: urn, folder: folder)
        let answer = try await ask(
            Request(
                device: urn, generation: generation, key: identity.signingKey.verifyingKey.coseKey.hex,
                csr: request.pem), identity.signingKey, claim: parts[0], password: parts[1])
        guard answer.ok, let certificate = answer.certificate, let root = answer.authority else {
            throw Failure(.failed, "the gateway refused: \(answer.error ?? "it gave no reason")")
        }
        try request.keep(certificate: certificate, authority: root)
        Console.note("The certificate is in \(request.files.certificate). A registrar enrols the device now.")
        Console.print(identity.signingKey.kid.hex)
    }

    private func ask(_ request: Request, _ key: SigningKey, claim: String, password: String) async throws -> Answer {
        var broker = MQTTConfiguration(host: host, port: port, clientID: claim, tls: .init(authorityFile: authority))
        broker.login = .init(name: claim, password: password)
        let client = try MQTTClient(broker)
        let topic = "cairn/v1/\(member)/\(claim)/provision"
        do {
            try await client.connect(timeout: .seconds(timeout))
            try await client.subscribe([topic + "/reply"])
        } catch {
            await client.close()
            throw Failure(.unreachable, "the broker does not let the claim in: \(error); it may be spent or mistyped")
        }
        let message = DeviceMessage(
            signing: [UInt8](try JSONEncoder().encode(request)), topic: topic, sequence: 1, with: key)
        try await client.publish(message.mqttMessage)
        // Ends the deliveries when nobody answers.
        let limit = Task { [timeout] in
            try await Task.sleep(for: .seconds(timeout))
            await client.close()
        }
        defer { limit.cancel() }
        for try await group in client.deliveries {
            guard let reply = group.first(where: { $0.topic == topic + "/reply" }) else { continue }
            await client.close()
            return try JSONDecoder().decode(Answer.self, from: Data(reply.payload))
        }
        throw Failure(.unreachable, "the gateway did not answer within \(timeout) s; is it running?")
    }
}
