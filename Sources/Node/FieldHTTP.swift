import APIKit
import DeviceKit
import FieldInputs
import Foundation
import Gateway
import MQTT

/// Readings over HTTP, for sensors that do not speak MQTT, on a loopback port of the gateway. The rules are those of
/// MQTT: a message is signed by its device for its topic, and is durable before it is answered.
struct FieldHTTP: Sendable {
    /// Octets of a pack, as `SenMLLimits` has it.
    private static let maximumPack = 32 * 1024

    let gateway: Gateway
    /// Adapters that sign for plain sensors, by URN.
    let adapters: [String: Adapter]

    var routes: [Route] {
        [
            Route(
                .post, "/v1/{device}/{channel}", "A reading of a device", tag: "field", access: .anyone,
                parameters: [
                    .init("device", in: .path, "Device URN"), .init("channel", in: .path, "Channel"),
                    .init("Cairn-Kid", in: .header, "Thumbprint of the device's key, hex"),
                    .init("Cairn-Seq", in: .header, "Sequence number"),
                    .init("Cairn-Sig", in: .header, "Signature, base64url"),
                ], consumes: "application/senml+json", bodyLimit: Self.maximumPack, success: (201, "Stored"),
                problems: [422: "a reason of refusal", 503: "busy"], rate: nil
            ) { request in try await take(request) }
        ]
    }

    private func take(_ request: APIRequest) async throws -> APIResponse {
        let (device, channel) = (try request.parameter("device"), try request.parameter("channel"))
        let outcome: MessageOutcome
        if request.headers["cairn-sig"] == nil, let adapter = adapters[device] {
            outcome = try await adapter.take(request.body, channel: channel)
        } else {
            var message = MQTTMessage(
                topic: "cairn/v1/\(gateway.configuration.member)/\(device)/data/\(channel)", payload: request.body)
            for (field, property) in [
                ("cairn-kid", DeviceMessage.Property.kid), ("cairn-seq", DeviceMessage.Property.sequence),
                ("cairn-sig", DeviceMessage.Property.signature),
            ] {
                if let value = request.headers[field] { message.userProperties.append(.init(property, value)) }
            }
            do {
                outcome = try await gateway.take([message]).first ?? .duplicateDelivery
            } catch let error as GatewayError where error.code == .busy {
                throw Problem(503, "busy", error.message)
            }
        }
        switch outcome {
        case .accepted: return .json(["result": "accepted"], status: 201)
        case .duplicateDelivery: return .json(["result": "duplicate-delivery"], status: 200)
        case .refused(let refusal): throw Problem(422, refusal.reason.rawValue, refusal.message)
        }
    }
}
