import ContractKit

/// What the law of a place wants in a notice of a security right; `chattel/jurisdictions/<name>`.
public struct Jurisdiction: StateValue, Hashable {
    /// A member of a notice beside those that every notice has.
    public struct Field: Sendable, Hashable {
        public let name: String
        public let isRequired: Bool
        /// Longest text, bytes.
        public let maximum: UInt64
        /// What it may say; empty for any text.
        public let choices: [String]

        init(_ arguments: Value) throws(ContractError) {
            guard let map = arguments.map, map.count == 4, let name = map["name"]?.text, !name.isEmpty,
                name.utf8.count <= 40, let isRequired = map["required"]?.bool, let maximum = map["maximum"]?.unsigned,
                (1...UInt64(Arguments.maximumText)).contains(maximum), let choices = map["choices"]?.array,
                choices.count <= Jurisdiction.maximumFields
            else { throw .invalid("fields", "a list of name, required, maximum and choices") }
            self.name = name
            self.isRequired = isRequired
            self.maximum = maximum
            self.choices = choices.compactMap(\.text)
            guard self.choices.count == choices.count else { throw .invalid("fields", "choices that are texts") }
        }

        var cbor: Value {
            [
                "name": .text(name), "required": .bool(isRequired), "maximum": .unsigned(maximum),
                "choices": .texts(choices),
            ]
        }
    }

    public static let maximumFields = 30

    public let title: String
    public let fields: [Field]
    /// Longest time of a notice, ms.
    public let longest: UInt64
    /// Counts its changes; a notice says under which it was registered.
    public let version: UInt64

    init(title: String, fields: [Field], longest: UInt64, version: UInt64) {
        self.title = title
        self.fields = fields
        self.longest = longest
        self.version = version
    }

    public init(cbor: Value) throws(ContractError) {
        let record = try ContractKit.Fields(cbor, "of a jurisdiction")
        var fields: [Field] = []
        for item in try record.items("fields") { fields.append(try Field(item)) }
        self.init(
            title: try record.text("title"), fields: fields, longest: try record.number("longest"),
            version: try record.number("version"))
    }

    public var cbor: Value {
        [
            "title": .text(title), "fields": .array(fields.map(\.cbor)), "longest": .unsigned(longest),
            "version": .unsigned(version),
        ]
    }

    /// What is wrong with the members of a notice; nil where the law has what it wants.
    public func flaw(in given: [Notice.Member], term: UInt64) -> String? {
        if term > longest { return "a notice holds for at most \(longest / 86_400_000) days" }
        for (index, member) in given.enumerated() {
            guard let field = fields.first(where: { $0.name == member.name }) else {
                return "\(member.name) is no member of a notice in \(title)"
            }
            if given[..<index].contains(where: { $0.name == member.name }) { return "\(member.name) stands twice" }
            if member.text.utf8.count > Int(field.maximum) {
                return "\(member.name) has at most \(field.maximum) bytes"
            }
            if !field.choices.isEmpty, !field.choices.contains(member.text) {
                return "\(member.name) is one of \(field.choices.joined(separator: ", "))"
            }
        }
        let missing = fields.first { field in field.isRequired && !given.contains { $0.name == field.name } }
        return missing.map { "\($0.name) is required in \(title)" }
    }
}
