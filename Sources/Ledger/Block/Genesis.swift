/// The first record of a ledger, whose hash is the ledger's id: members, first participants, contracts and their parameters.
public struct Genesis: Sendable {
    public struct Participant: Sendable {
        public let id: String
        public let member: String
        public let roles: [String]
        public let name: String
        public let key: VerifyingKey

        public init(id: String, member: String, roles: [String], name: String, key: VerifyingKey) {
            self.id = id
            self.member = member
            self.roles = roles
            self.name = name
            self.key = key
        }
    }

    public struct ContractActivation: Sendable, Hashable {
        public let contract: String
        public let version: UInt64
        public let height: UInt64

        public init(contract: String, version: UInt64, height: UInt64) {
            self.contract = contract
            self.version = version
            self.height = height
        }
    }

    public let name: String
    /// ms since 1970.
    public let time: UInt64
    public let members: MemberSet
    /// Display name of each member, in the order of ids.
    public let memberNames: [(id: String, name: String)]
    public let participants: [Participant]
    public let contracts: [ContractActivation]
    /// By contract name.
    public let parameters: CBORMap
    public let bytes: Bytes

    public init(
        name: String, time: UInt64, members: MemberSet, memberNames: [(id: String, name: String)],
        participants: [Participant], contracts: [ContractActivation], parameters: CBORMap
    ) {
        self.name = name
        self.time = time
        self.members = members
        self.memberNames = memberNames
        self.participants = participants
        self.contracts = contracts
        self.parameters = parameters
        bytes = CBOR.map(
            CBORMap([
                (1, 1), (2, .text(name)), (3, .unsigned(time)), (4, members.cbor),
                (5, .array(memberNames.map { .array([.text($0.id), .text($0.name)]) })),
                (6, .array(participants.map(Self.cbor))),
                (
                    7,
                    .array(contracts.map { .array([.text($0.contract), .unsigned($0.version), .unsigned($0.height)]) })
                ),
                (8, .map(parameters)),
            ])
        ).encoded()
    }

    /// The ledger id.
    public var id: Hash32 { Hash32.sha256(bytes) }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        let malformed = LedgerError(.block, "genesis has the members 1 to 8 of its format")
        guard let map = try CBOR.decode(bytes, limits: .large).map, map.count == 8, map[1] == 1,
            let name = map[2]?.text, let time = map[3]?.unsigned, let members = map[4], let names = map[5]?.array,
            let people = map[6]?.array, let contracts = map[7]?.array, let parameters = map[8]?.map
        else { throw malformed }
        self.name = name
        self.time = time
        self.members = try MemberSet(cbor: members)
        self.parameters = parameters
        self.bytes = bytes
        memberNames = names.compactMap { pair in
            guard let pair = pair.array, pair.count == 2, let id = pair[0].text, let name = pair[1].text
            else { return nil }
            return (id, name)
        }
        var participants: [Participant] = []
        for person in people { participants.append(try Self.participant(person)) }
        self.participants = participants
        self.contracts = contracts.compactMap { item in
            guard let item = item.array, item.count == 3, let name = item[0].text, let version = item[1].unsigned,
                let height = item[2].unsigned
            else { return nil }
            return ContractActivation(contract: name, version: version, height: height)
        }
        guard memberNames.count == names.count, self.contracts.count == contracts.count else { throw malformed }
    }

    private static func cbor(_ person: Participant) -> CBOR {
        .array([
            .text(person.id), .text(person.member), .array(person.roles.map { .text($0) }), .text(person.name),
            (try? CBOR.decode(person.key.coseKey)) ?? .null,
        ])
    }

    private static func participant(_ item: CBOR) throws(LedgerError) -> Participant {
        guard let parts = item.array, parts.count == 5, let id = parts[0].text, let member = parts[1].text,
            let roles = parts[2].array, let name = parts[3].text
        else { throw LedgerError(.block, "a genesis participant is [id, member, roles, name, key]") }
        return Participant(
            id: id, member: member, roles: roles.compactMap(\.text), name: name,
            key: try VerifyingKey(coseKey: parts[4].encoded()))
    }
}
