import DeviceKit
import Foundation
import Ledger
import Logging
import MQTT

/// Lets new devices in: a device that has logged in to the broker by a claim sends the request for its TLS certificate
/// and the key that will sign its readings; the gateway has the certificate issued and tells the ledger. The device can
/// then connect, and its readings are taken once a registrar has enrolled it.
struct ProvisioningDesk: Sendable {
    /// What a device asks for, JSON, signed as a device message by the key in it (docs/reference/formats.md).
    struct Request: Decodable, Sendable {
        var device: String
        var generation: UInt64
        /// COSE_Key, hex.
        var key: String
        /// PKCS #10, PEM.
        var csr: String
    }

    private struct Answer: Encodable {
        var ok: Bool
        var error: String?
        var certificate: String?
        var authority: String?
    }

    let gateway: Gateway

    // MARK: Claims

    private struct Document: Decodable {
        struct Item: Decodable {
            var id: String
            var device: String?
            var verifier: String
            var salt: String
        }
        var items: [Item]
    }

    /// Keeps the broker's list of claims as the ledger has it.
    func follow() async throws {
        guard let setClaims = gateway.configuration.setClaims else { return }
        var current: [UInt8]?
        while true {
            if let octets = try? await gateway.node.list("claims"), octets != current,
                let document = try? JSONDecoder().decode(Document.self, from: Foundation.Data(octets))
            {
                current = octets
                gateway.claims.withLock { claims in
                    claims = Dictionary(
                        document.items.map { ($0.id, OpenClaim(device: $0.device)) }, uniquingKeysWith: { $1 })
                }
                setClaims(
                    document.items.compactMap { item in
                        guard let salt = Bytes(hex: item.salt), let verifier = Bytes(hex: item.verifier) else {
                            return nil
                        }
                        return (item.id, salt, verifier)
                    })
            }
            try await Task.sleep(for: gateway.configuration.directoryInterval)
        }
    }

    // MARK: Requests

    /// The claim of a topic `cairn/v1/{member}/{claim}/provision`; nil for other topics.
    static func claim(of topic: String, member: String) -> String? {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count == 5, levels[0] == "cairn", levels[1] == "v1", levels[2] == member, levels[4] == "provision"
        else { return nil }
        return String(levels[3])
    }

    /// Answers a request. The broker has checked the claim's code, and that the claim speaks under its own name.
    func answer(_ message: MQTTMessage, claim: String) async {
        var answer: Answer
        do {
            answer = try await provision(message, claim: claim)
            gateway.configuration.logger.info("a device came in by \(claim)")
        } catch {
            let reason = (error as? Refusal)?.message ?? "\(error)"
            answer = Answer(ok: false, error: reason)
            gateway.configuration.logger.warning("a device was not let in by \(claim): \(reason)")
        }
        guard let octets = try? JSONEncoder().encode(answer) else { return }
        var reply = MQTTMessage(topic: message.topic + "/reply", payload: [UInt8](octets))
        reply.contentType = "application/json"
        reply.correlationData = message.correlationData
        gateway.reportQueue.yield(reply)
    }

    private func provision(_ message: MQTTMessage, claim id: String) async throws -> Answer {
        guard let sign = gateway.configuration.signRequest,
            let claim = gateway.claims.withLock({ $0[id] })
        else { throw Refusal(.unknownDevice, "the claim is not open; the owner makes another") }
        let request: Request
        do {
            request = try JSONDecoder().decode(Request.self, from: Foundation.Data(message.payload))
        } catch {
            throw Refusal(.malformedSignature, "the request has device, generation, key and csr as JSON")
        }
        let signed = try DeviceMessage(message)
        guard let coseKey = Bytes(hex: request.key), let key = try? VerifyingKey(coseKey: coseKey),
            signed.isSigned(by: key)
        else { throw Refusal(.badSignature, "the request must be signed by the key in it") }
        let urn = try DeviceURN(request.device)
        guard claim.device ?? urn.text == urn.text else {
            throw Refusal(.foreignKey, "the claim is for \(claim.device ?? "")")
        }
        let purpose = "claim/\(id)"
        guard try await !gateway.store.hasOutboxEntry(purpose) else {
            throw Refusal(.duplicate, "the claim was used; the owner makes another")
        }
        let certificate = try await sign(request.csr, urn.text)
        try await gateway.post(
            Ledger.Operation(
                "devices", "claimed",
                [
                    ("id", .text(id)), ("device", .text(urn.text)), ("generation", .unsigned(request.generation)),
                    ("key", .bytes(key.coseKey)), ("certificate", .bytes(certificate.hash)),
                ]), about: urn.text, purpose: purpose)
        gateway.claims.withLock { $0[id] = nil }
        return Answer(ok: true, certificate: certificate.pem, authority: certificate.authority)
    }
}

/// A claim that a device can still use.
struct OpenClaim: Sendable, Hashable {
    /// The only device that may; nil for any.
    var device: String?
}
