import Ledger

/// A device described for strangers: W3C Web of Things Thing Description 1.1, made from its profile.
public struct ThingDescription: Sendable, Hashable {
    /// The document in the canonical form of RFC 8785: whoever has its values finds ``hash`` again.
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
        var document: [String: CanonicalJSON] = [
            "@context": ["https://www.w3.org/2022/wot/td/v1.1", ["cairn": "urn:cairn:"]], "id": .string(urn.text),
            "title": .string(profile.title),
            "base": .string("mqtts://\(gateway)/"),
            // The broker asks for a client certificate; the gateway for a signature on each message.
            "securityDefinitions": ["certificate": ["scheme": "auto", "description": "TLS client certificate"]],
            "security": "certificate", "cairn:class": .string(profile.class.rawValue),
            "cairn:interval": .number(profile.interval),
        ]
        if let description = profile.description { document["description"] = .string(description) }
        var properties: [String: CanonicalJSON] = [:]
        for property in profile.properties { properties[property.name] = Self.property(property, topics) }
        document["properties"] = .object(properties)
        var actions: [String: CanonicalJSON] = [:]
        for action in profile.actions ?? [] { actions[action.name] = Self.action(action, topics) }
        document["actions"] = .object(actions)
        var events: [String: CanonicalJSON] = [:]
        for event in profile.events ?? [] {
            events[event.name] = [
                "title": .string(event.title),
                "forms": [Self.form("\(topics)/event/\(event.name)", "subscribeevent", "application/senml+json")],
            ]
        }
        document["events"] = .object(events)
        json = CanonicalJSON.object(document).encoded()
    }

    private static func property(_ property: ThingProfile.Property, _ topics: String) -> CanonicalJSON {
        var affordance: [String: CanonicalJSON] = [
            "title": .string(property.title), "type": .string(property.type.rawValue), "readOnly": true,
            "observable": true,
            "forms": [form("\(topics)/data/\(property.channel)", "observeproperty", "application/senml+json")],
        ]
        if let unit = property.unit { affordance["unit"] = .string(unit) }
        if property.type == .number {
            if let minimum = property.minimum { affordance["minimum"] = .number(minimum) }
            if let maximum = property.maximum { affordance["maximum"] = .number(maximum) }
        }
        return .object(affordance)
    }

    private static func action(_ action: ThingProfile.Action, _ topics: String) -> CanonicalJSON {
        [
            "title": .string(action.title), "safe": false, "idempotent": true,
            "input": [
                "type": "object",
                "properties": .object(action.input.mapValues { ["type": .string($0.rawValue)] }),
                "required": .array(action.input.keys.sorted().map { .string($0) }),
            ],
            "forms": [form("\(topics)/cmd/\(action.name)", "invokeaction", "application/json")],
        ]
    }

    private static func form(_ topic: String, _ operation: String, _ type: String) -> CanonicalJSON {
        ["href": .string(topic), "op": .string(operation), "contentType": .string(type)]
    }
}
