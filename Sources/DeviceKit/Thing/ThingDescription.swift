import Foundation
import Ledger

/// A device described for strangers: W3C Web of Things Thing Description 1.1, made from its profile.
public struct ThingDescription: Sendable, Hashable {
    /// The document, JSON with its members in order: the same device and profile give the same octets.
    public let json: [UInt8]
    /// SHA-256 of ``json``, as the ledger's device record has it.
    public var hash: Hash32 { Hash32.sha256(json) }

    /// Describes a device.
    ///
    /// - Parameters:
    ///   - member: second level of its topics.
    ///   - gateway: by whose broker it is reached.
    public init(_ urn: DeviceURN, profile: ThingProfile, member: String, gateway: String) {
        let topics = "cairn/v1/\(member)/\(urn.text)"
        var document: [String: Any] = [
            "@context": ["https://www.w3.org/2022/wot/td/v1.1", ["cairn": "urn:cairn:"]], "id": urn.text,
            "title": profile.title,
            "base": "mqtts://\(gateway)/",
            // The broker asks for a client certificate; the gateway for a signature on each message.
            "securityDefinitions": ["certificate": ["scheme": "auto", "description": "TLS client certificate"]],
            "security": "certificate", "cairn:class": profile.class.rawValue, "cairn:interval": profile.interval,
        ]
        if let description = profile.description { document["description"] = description }
        var properties: [String: Any] = [:]
        for property in profile.properties { properties[property.name] = Self.property(property, topics) }
        document["properties"] = properties
        var actions: [String: Any] = [:]
        for action in profile.actions ?? [] { actions[action.name] = Self.action(action, topics) }
        document["actions"] = actions
        var events: [String: Any] = [:]
        for event in profile.events ?? [] {
            events[event.name] = [
                "title": event.title,
                "forms": [Self.form("\(topics)/event/\(event.name)", "subscribeevent", "application/senml+json")],
            ]
        }
        document["events"] = events
        let octets = try? JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes])
        json = octets.map { [UInt8]($0) } ?? []
    }

    private static func property(_ property: ThingProfile.Property, _ topics: String) -> [String: Any] {
        var affordance: [String: Any] = [
            "title": property.title, "type": property.type.rawValue, "readOnly": true, "observable": true,
            "forms": [form("\(topics)/data/\(property.channel)", "observeproperty", "application/senml+json")],
        ]
        if let unit = property.unit { affordance["unit"] = unit }
        if property.type == .number {
            if let minimum = property.minimum { affordance["minimum"] = minimum }
            if let maximum = property.maximum { affordance["maximum"] = maximum }
        }
        return affordance
    }

    private static func action(_ action: ThingProfile.Action, _ topics: String) -> [String: Any] {
        [
            "title": action.title, "safe": false, "idempotent": true,
            "input": [
                "type": "object", "properties": action.input.mapValues { ["type": $0.rawValue] },
                "required": action.input.keys.sorted(),
            ],
            "forms": [form("\(topics)/cmd/\(action.name)", "invokeaction", "application/json")],
        ]
    }

    private static func form(_ topic: String, _ operation: String, _ type: String) -> [String: Any] {
        ["href": topic, "op": operation, "contentType": type]
    }
}
