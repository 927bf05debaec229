import DeviceKit
import Foundation
import Ledger
import MQTT
import SenML

/// A device made from its profile alone: it reports every property at intervals, and obeys every action. What it knows is
/// configuration, so a new kind of device runs in a demonstration without code.
public actor SimulatedThing {
    /// Commands that it remembers by their correlation data, so that none is carried out twice.
    private static let maximumRemembered = 256

    private let profile: ThingProfile
    private let session: DeviceSession
    private var interval: Double
    private var values: [String: Double] = [:]
    private var answers: [[UInt8]: [UInt8]] = [:]
    private var order: [[UInt8]] = []
    /// How often commands were really carried out.
    public private(set) var carriedOut = 0

    public init(profile: ThingProfile, session: DeviceSession) {
        self.profile = profile
        self.session = session
        interval = profile.interval
        for property in profile.properties {
            values[property.name] = property.type == .number ? property.maximum.map { $0 * 0.8 } ?? 1 : 0
        }
    }

    /// Reports and obeys until cancelled.
    public func run() async throws {
        try await session.connect(timeout: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.obey() }
            group.addTask {
                while true {
                    try await self.report()
                    try await Task.sleep(for: .seconds(await self.interval))
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// One pack for each channel.
    private func report() async throws {
        for (channel, properties) in Dictionary(grouping: profile.properties, by: \.channel).sorted(by: {
            $0.key < $1.key
        }) {
            var records = properties.map { property in
                let value = values[property.name] ?? 0
                return SenMLRecord(
                    name: property.name, unit: property.unit,
                    value: property.type == .number ? .number(value) : .boolean(value > 0))
            }
            records[0].baseName = session.identity.urn.text + ":"
            records[0].baseTime = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
            try await session.publish(SenMLPack(records: records), channel: channel)
        }
    }

    private func obey() async throws {
        for try await messages in session.client.deliveries {
            for message in messages {
                guard case .command(let name) = try? DeviceTopic(message.topic).kind else { continue }
                let answer = answer(name, message)
                let reply = try DeviceTopic(
                    member: session.member, device: session.identity.urn, kind: .reply(name: name))
                var publication = MQTTMessage(topic: reply.text, payload: answer)
                publication.correlationData = message.correlationData
                publication.contentType = "application/json"
                try await session.client.publish(publication)
            }
        }
    }

    /// The same correlation data is the same command: it gets the answer that it got.
    private func answer(_ name: String, _ message: MQTTMessage) -> [UInt8] {
        if let correlation = message.correlationData, let known = answers[correlation] { return known }
        let answer = Array(execute(name, message.payload).utf8)
        if let correlation = message.correlationData {
            answers[correlation] = answer
            order.append(correlation)
            if order.count > Self.maximumRemembered { answers[order.removeFirst()] = nil }
        }
        return answer
    }

    private func execute(_ name: String, _ payload: [UInt8]) -> String {
        let object = try? JSONSerialization.jsonObject(with: Foundation.Data(payload))
        let arguments = object as? [String: Any] ?? [:]
        if name == "interval" {
            guard let seconds = arguments["seconds"] as? Double, seconds >= 1 else {
                return #"{"ok":false,"error":"send {\"seconds\": n} with n of at least 1"}"#
            }
            interval = seconds
            return #"{"ok":true}"#
        }
        guard let action = profile.actions?.first(where: { $0.name == name }),
            action.input.keys.allSatisfy({ arguments[$0] != nil })
        else { return #"{"ok":false,"error":"no such command, or an argument is missing"}"# }
        carriedOut += 1
        if let property = action.sets, let value = arguments[property] as? Double { values[property] = value }
        return #"{"ok":true,"count":\#(carriedOut)}"#
    }
}
