import Foundation

/// A kind of device as configuration: what it measures, what it does, what it tells, and what is plausible. A new kind
/// is a JSON file in the profiles folder (docs/operating/devices.md) and no code.
public struct ThingProfile: Codable, Sendable, Hashable {
    /// The classes of ISO/IEC 30141 and TR 30176.
    public enum Class: String, Codable, Sendable, Hashable, CaseIterable {
        case sensor, actuator, tag, reader, wearable
    }

    /// What a property's values are.
    public enum ValueType: String, Codable, Sendable, Hashable {
        case number, boolean, string
    }

    /// Something that a device measures or is.
    public struct Property: Codable, Sendable, Hashable {
        /// The last part of the SenML record's name.
        public var name: String
        public var title: String
        public var type: ValueType
        /// The last level of the topic.
        public var channel: String
        /// SenML unit (RFC 8428 §12.1).
        public var unit: String?
        /// Plausible values; what lies outside is marked.
        public var minimum: Double?
        public var maximum: Double?
        /// Change for each second beyond which a value is marked, and change that is never marked.
        public var maximumRate: Double?
        public var tolerance: Double?
        /// Seconds after which a value that never changed is marked.
        public var frozenAfter: Double?
    }

    /// Something that a device can be told to do: `cmd/{name}`.
    public struct Action: Codable, Sendable, Hashable {
        public var name: String
        public var title: String
        /// Names and types of the arguments.
        public var input: [String: ValueType]
        /// The property that an argument of the same name sets.
        public var sets: String?
    }

    /// Something that happens: `event/{name}`.
    public struct Event: Codable, Sendable, Hashable {
        public var name: String
        public var title: String
    }

    /// Its name on the ledger.
    public var name: String
    public var title: String
    public var `class`: Class
    public var description: String?
    /// Seconds between two readings unless the ledger says otherwise.
    public var interval: Double
    /// Days after which a sensor has to be calibrated again.
    public var calibrationDays: Double?
    public var properties: [Property]
    public var actions: [Action]?
    public var events: [Event]?

    /// Largest file, octets.
    public static let maximumFile = 64 * 1024

    /// Reads the profiles of a folder; no folder means no profiles.
    ///
    /// - Throws: ``DeviceError`` with `profile`: which file, and what is wrong with it.
    public static func folder(_ path: String) throws(DeviceError) -> [String: ThingProfile] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        var profiles: [String: ThingProfile] = [:]
        for name in names.sorted() where name.hasSuffix(".profile.json") {
            let profile = try file("\(path)/\(name)")
            guard profiles.updateValue(profile, forKey: profile.name) == nil else {
                throw DeviceError(.profile, "\(name) describes \(profile.name) a second time; rename one")
            }
        }
        return profiles
    }

    /// Reads one profile.
    public static func file(_ path: String) throws(DeviceError) -> ThingProfile {
        guard let octets = FileManager.default.contents(atPath: path), octets.count <= maximumFile else {
            throw DeviceError(.profile, "\(path) cannot be read, or is larger than \(maximumFile) octets")
        }
        let profile: ThingProfile
        do {
            profile = try JSONDecoder().decode(ThingProfile.self, from: octets)
        } catch {
            throw DeviceError(.profile, "\(path) is no profile: \(error)")
        }
        let names =
            profile.properties.flatMap { [$0.name, $0.channel] } + (profile.actions ?? []).map(\.name)
            + (profile.events ?? []).map(\.name) + [profile.name]
        for name in names where !DeviceTopic.isName(name) {
            throw DeviceError(.profile, "\(path): '\(name)' cannot be a level of a topic; use letters, digits and -")
        }
        guard profile.interval >= 1, !profile.properties.isEmpty || profile.events?.isEmpty == false else {
            throw DeviceError(.profile, "\(path) needs an interval of at least a second and something to tell")
        }
        return profile
    }

    /// Where profiles lie: `CAIRN_PROFILES`, or the folder Profiles where the program is started.
    public static var standardFolder: String {
        ProcessInfo.processInfo.environment["CAIRN_PROFILES"] ?? "Profiles"
    }
}
