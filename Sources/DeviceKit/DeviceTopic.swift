/// A topic under which a device speaks or is spoken to: `cairn/v1/{member}/{device}/…`.
public struct DeviceTopic: Sendable, Hashable {
    /// What is said there.
    public enum Kind: Sendable, Hashable {
        /// `data/{channel}`: SenML packs.
        case data(channel: String)
        /// `event/{type}`: something that happened once.
        case event(type: String)
        /// `state`: retained; set by the last will when the device vanishes.
        case state
        /// `cmd/{name}`: an order to the device.
        case command(name: String)
        /// `cmd/{name}/reply`: its answer.
        case reply(name: String)
        /// `error`: why a message was refused.
        case error
    }

    /// Longest name of a member, channel, event or command, in octets.
    public static let maximumLevel = 64

    /// The member that the device belongs to.
    public let member: String
    /// The device.
    public let device: DeviceURN
    /// What is said there.
    public let kind: Kind

    /// Whether a name can be one level of a topic.
    static func isName(_ name: String) -> Bool { isLevel(name) }

    /// Makes a topic.
    ///
    /// - Throws: ``DeviceError`` with `topic` when a name cannot be one level of a topic.
    public init(member: String, device: DeviceURN, kind: Kind) throws(DeviceError) {
        var levels = [member]
        switch kind {
        case .data(let name), .event(let name), .command(let name), .reply(let name): levels.append(name)
        case .state, .error: break
        }
        for level in levels where !Self.isLevel(level) {
            throw DeviceError(
                .topic, "'\(level)' cannot be part of a topic: 1 to \(Self.maximumLevel) of A-Z a-z 0-9 - . _")
        }
        self.member = member
        self.device = device
        self.kind = kind
    }

    /// Reads a topic.
    ///
    /// - Throws: ``DeviceError`` with `topic` or `urn`.
    public init(_ text: String) throws(DeviceError) {
        let levels = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard levels.count >= 5, levels[0] == "cairn", levels[1] == "v1" else {
            throw DeviceError(.topic, "'\(text)' is not cairn/v1/{member}/{device}/…")
        }
        let kind: Kind
        switch (levels[4], levels.count) {
        case ("data", 6): kind = .data(channel: levels[5])
        case ("event", 6): kind = .event(type: levels[5])
        case ("state", 5): kind = .state
        case ("cmd", 6): kind = .command(name: levels[5])
        case ("cmd", 7) where levels[6] == "reply": kind = .reply(name: levels[5])
        case ("error", 5): kind = .error
        default: throw DeviceError(.topic, "'\(text)' is no topic that devices use")
        }
        try self.init(member: levels[2], device: try DeviceURN(levels[3]), kind: kind)
    }

    /// The topic as MQTT has it.
    public var text: String {
        let base = "cairn/v1/\(member)/\(device.text)"
        return switch kind {
        case .data(let channel): "\(base)/data/\(channel)"
        case .event(let type): "\(base)/event/\(type)"
        case .state: "\(base)/state"
        case .command(let name): "\(base)/cmd/\(name)"
        case .reply(let name): "\(base)/cmd/\(name)/reply"
        case .error: "\(base)/error"
        }
    }

    private static func isLevel(_ text: String) -> Bool {
        1...maximumLevel ~= text.utf8.count
            && text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
