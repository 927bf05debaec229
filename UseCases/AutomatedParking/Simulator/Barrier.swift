import DeviceKit
import Foundation
import MQTT
import SenML

/// A barrier: opens when it is told, once for each command, and says so.
public actor Barrier {
    public static let profile = "barrier"

    private let session: DeviceSession
    private var done: [[UInt8]] = []
    /// How often it opened.
    public private(set) var openings = 0

    public init(session: DeviceSession) {
        self.session = session
    }

    public func connect() async throws { try await session.connect() }
    public func close() async { await session.close() }

    /// Obeys until cancelled.
    public func run() async throws {
        for try await messages in session.client.deliveries {
            for message in messages {
                guard case .command(let name) = try? DeviceTopic(message.topic).kind else { continue }
                let reply = try DeviceTopic(
                    member: session.member, device: session.identity.urn, kind: .reply(name: name))
                var answer = MQTTMessage(topic: reply.text, payload: Array(obey(name, message.correlationData).utf8))
                answer.correlationData = message.correlationData
                answer.contentType = "application/json"
                try await session.client.publish(answer)
            }
        }
    }

    private func obey(_ name: String, _ correlation: [UInt8]?) -> String {
        guard name == "open" else { return #"{"ok":false,"error":"a barrier knows open"}"# }
        if let correlation {
            guard !done.contains(correlation) else { return #"{"ok":true}"# }
            done = done.suffix(63) + [correlation]
        }
        openings += 1
        return #"{"ok":true}"#
    }
}
