import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML

/// Signs for sensors that cannot, with the key of an enrolled device, and gives the gateway what every device gives it.
public actor Adapter {
    /// Between two attempts while the gateway has no room.
    private static let busyPause: Duration = .seconds(1)

    public nonisolated let configuration: AdapterConfiguration
    private let identity: DeviceIdentity
    private let member: String
    private let gateway: Gateway
    private let sequence: SequenceFile

    /// - Parameter sequenceFile: where its sequence number lies.
    /// - Throws: `DeviceError`.
    public init(
        _ configuration: AdapterConfiguration, provisioningSecret: [UInt8], gateway: Gateway, sequenceFile: String
    ) throws {
        self.configuration = configuration
        self.gateway = gateway
        member = gateway.configuration.member
        identity = try DeviceIdentity(
            urn: try DeviceURN(configuration.urn), generation: configuration.generation,
            provisioningSecret: provisioningSecret)
        sequence = try SequenceFile(path: sequenceFile)
    }

    /// Signs a pack and brings it to the gateway; returns what became of it, once that is durable.
    ///
    /// - Throws: `DeviceError`, `CancellationError`.
    public func take(_ payload: [UInt8], channel: String) async throws -> MessageOutcome {
        let topic = try DeviceTopic(member: member, device: identity.urn, kind: .data(channel: channel)).text
        let message = DeviceMessage(
            signing: payload, topic: topic, sequence: try sequence.next(), with: identity.signingKey)
        while true {
            do {
                return try await gateway.take([message.mqttMessage]).first ?? .duplicateDelivery
            } catch let error as GatewayError where error.code == .busy {
                try await Task.sleep(for: Self.busyPause)
            }
        }
    }
}
