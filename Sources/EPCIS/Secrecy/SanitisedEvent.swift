import Crypto

/// An event of which some members are kept from readers, and that can still be proved.
///
/// What is hidden is taken out, and a digest stands for it under `cairn:hidden`, by its JSON pointer. Whoever gets the opening of one member,
/// its salt and its value, computes the digest again. The event hash is taken over the sanitised event, so it shows that the digests were
/// there when it was captured.
public struct SanitisedEvent: Sendable {
    /// Who may read a member.
    public enum Level: String, Sendable, CaseIterable {
        /// Everybody: it stays.
        case `public`
        /// Whoever the owner gives the opening to.
        case restricted
        /// Nobody but the owner; the digest binds the owner to it.
        case `private`
        /// Whoever knows the value already: its digest has no salt, so that partners who hold the same identifier find each other's
        /// events. Only for identifiers that cannot be guessed; see ``isUnguessable(_:)``.
        case linked
    }

    /// What opens one hidden member.
    public struct Opening: Sendable, Hashable {
        /// JSON pointer (RFC 6901) of the member in the event.
        public let pointer: String
        public let level: Level
        /// 16 random octets in hex; empty for a linked one.
        public let salt: String
        public let value: JSONValue

        public init(pointer: String, level: Level, salt: String, value: JSONValue) {
            self.pointer = pointer
            self.level = level
            self.salt = salt
            self.value = value
        }

        /// SHA-256 in hex over salt, pointer and value with sorted names, each on a line. A linked one is over the value alone, in GS1's one
        /// form of an identifier, so that it is the same wherever it stands.
        public var digest: String {
            guard level != .linked else { return Self.link(value) }
            return SHA256.hash(data: Array("cairn-hidden/1\n\(salt)\n\(pointer)\n".utf8) + value.encoded()).hex
        }

        static func link(_ value: JSONValue) -> String {
            let identifier = value.string.map { JSONValue.string(CanonicalKey.link(of: $0) ?? $0) } ?? value
            return SHA256.hash(data: Array("cairn-linked/1\n".utf8) + identifier.encoded()).hex
        }

        public var json: JSONValue {
            ["pointer": .string(pointer), "level": .string(level.rawValue), "salt": .string(salt), "value": value]
        }

        public init?(_ json: JSONValue) {
            guard let pointer = json["pointer"]?.string, let salt = json["salt"]?.string, let value = json["value"],
                let level = json["level"]?.string.flatMap(Level.init)
            else { return nil }
            self.init(pointer: pointer, level: level, salt: salt, value: value)
        }
    }

    /// Namespace of what an event says here beyond the standard, and of the digests.
    public static let namespace = "urn:cairn:epcis:"
    private static let member = "cairn:hidden"
    /// Members that one event may hide.
    public static let maximumHidden = 100

    /// The event as it is captured; its own prefixes are declared in it.
    public let members: [String: JSONValue]
    /// For the owner to keep, and to give away one by one.
    public let openings: [Opening]

    /// - Parameters:
    ///   - levels: by JSON pointer; what is not named stays public.
    ///   - salt: 16 fresh random octets in hex each time.
    public init(
        _ event: JSONValue, levels: [String: Level], salt: () -> String
    ) throws(EPCISError) {
        var openings: [Opening] = []
        var rest = event
        guard levels.count <= Self.maximumHidden else {
            throw EPCISError(.combination, at: "", "an event hides at most \(Self.maximumHidden) members")
        }
        // From the longest pointer and the last item on, so that taking one out moves no other.
        for (pointer, level) in levels.sorted(by: { Self.comesFirst($0.key, $1.key) }) where level != .public {
            let path = Self.path(pointer)
            guard let value = Self.value(at: path[...], in: event) else {
                throw EPCISError(.missing, at: pointer, "there is nothing here to hide")
            }
            guard !levels.keys.contains(where: { pointer.hasPrefix($0 + "/") && levels[$0] != .public }) else {
                throw EPCISError(.combination, at: pointer, "it is inside a member that is hidden whole")
            }
            guard level != .linked || value.string.map(Self.isUnguessable) == true else {
                throw EPCISError(
                    .value, at: pointer, "only an identifier with a serial number is linked; others could be guessed")
            }
            openings.append(
                Opening(pointer: pointer, level: level, salt: level == .linked ? "" : salt(), value: value))
            rest = Self.removing(path[...], from: rest)
        }
        guard var members = rest.object else { throw EPCISError(.wrongType, at: "", "an event is an object") }
        if !openings.isEmpty {
            members[Self.member] = .object(
                Dictionary(
                    openings.map { (Self.name($0), .string($0.digest)) }, uniquingKeysWith: { first, _ in first }))
            let context = members["@context"].map { $0.array ?? [$0] } ?? []
            members["@context"] = .array(context + [["cairn": .string(Self.namespace)]])
        }
        self.members = members
        self.openings = openings.reversed()
    }

    /// Whether an opening is of a member that this event hides.
    public static func opens(_ opening: Opening, in event: [String: JSONValue]) -> Bool {
        event[member]?[name(opening)]?.string == opening.digest
    }

    /// Whether an event hides this identifier behind a link.
    static func links(_ identifier: String, in event: [String: JSONValue]) -> Bool {
        let digest = Opening.link(.string(identifier))
        return event[member]?.object?.values.contains { $0.string == digest } ?? false
    }

    /// A name in the namespace: members of an extension need one.
    private static func name(_ opening: Opening) -> String { "cairn:\(opening.level.rawValue)\(opening.pointer)" }

    /// A serial of at least six characters, or a UUID: what nobody tries out.
    private static func isUnguessable(_ identifier: String) -> Bool {
        if identifier.lowercased().hasPrefix("urn:uuid:") { return true }
        let parts = CanonicalKey.link(of: identifier)?.split(separator: "/") ?? []
        return parts.count >= 2 && parts[parts.count - 2] == "21" && parts[parts.count - 1].utf8.count >= 6
    }

    // MARK: JSON pointers

    private static func path(_ pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0.replacing("~1", with: "/").replacing("~0", with: "~"))
        }
    }

    private static func comesFirst(_ left: String, _ right: String) -> Bool {
        for (a, b) in zip(path(left), path(right)) where a != b {
            if let a = Int(a), let b = Int(b) { return a > b }
            return a > b
        }
        return path(left).count > path(right).count
    }

    private static func value(at path: ArraySlice<String>, in value: JSONValue) -> JSONValue? {
        guard let name = path.first else { return value }
        let rest = path.dropFirst()
        switch value {
        case .object(let members): return members[name].flatMap { Self.value(at: rest, in: $0) }
        case .array(let items):
            guard let index = Int(name), items.indices.contains(index) else { return nil }
            return Self.value(at: rest, in: items[index])
        default: return nil
        }
    }

    private static func removing(_ path: ArraySlice<String>, from value: JSONValue) -> JSONValue {
        guard let name = path.first else { return value }
        let rest = path.dropFirst()
        switch value {
        case .object(var members):
            if rest.isEmpty {
                members[name] = nil
            } else if let inner = members[name] {
                members[name] = removing(rest, from: inner)
            }
            return .object(members)
        case .array(var items):
            guard let index = Int(name), items.indices.contains(index) else { return value }
            if rest.isEmpty { items.remove(at: index) } else { items[index] = removing(rest, from: items[index]) }
            return .array(items)
        default: return value
        }
    }
}
