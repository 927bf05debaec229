import Ledger

/// An organisation with a vote on the ledger, never deleted; `membership/members/<id>`.
public struct MemberRecord: StateValue, Hashable {
    public var name: String
    /// Deterministic CBOR of the COSE_Key that it signs blocks with.
    public var coseKey: Bytes
    /// Where the nodes of the other members reach its node; nil where they are told by other means.
    public var address: String?
    /// First height that it signs.
    public var from: UInt64
    /// First height that it no longer does.
    public var until: UInt64?

    public init(name: String, coseKey: Bytes, address: String?, from: UInt64, until: UInt64? = nil) {
        self.name = name
        self.coseKey = coseKey
        self.address = address
        self.from = from
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let name = map["name"]?.text, let key = map["key"]?.bytes,
            let from = map["from"]?.unsigned
        else { throw .corrupt("of a member") }
        self.init(
            name: name, coseKey: key, address: map["address"]?.text, from: from, until: map["until"]?.unsigned)
    }

    public var cbor: Value {
        [
            "name": .text(name), "key": .bytes(coseKey), "address": address.map { .text($0) } ?? .null,
            "from": .unsigned(from), "until": .optional(until),
        ]
    }
}

/// What members vote on; `membership/proposals/<transaction>`.
public struct MemberProposal: StateValue, Hashable {
    public enum Change: String, Sendable { case admit, remove, upgrade }

    public let change: Change
    /// The member; of an upgrade, the contract.
    public let subject: String
    /// Of a member to be admitted.
    public let record: MemberRecord?
    /// Of a contract, and the first height at which it runs.
    public let upgrade: Upgrade?
    public let proposedBy: String
    /// Ids of members that voted.
    public var approvals: [String]
    public var refusals: [String]
    /// ms since 1970; later nobody can vote on it.
    public let expires: UInt64

    public init(
        change: Change, subject: String, record: MemberRecord? = nil, upgrade: Upgrade? = nil, proposedBy: String,
        approvals: [String], refusals: [String] = [], expires: UInt64
    ) {
        self.change = change
        self.subject = subject
        self.record = record
        self.upgrade = upgrade
        self.proposedBy = proposedBy
        self.approvals = approvals
        self.refusals = refusals
        self.expires = expires
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let change = map["change"]?.text.flatMap(Change.init),
            let subject = map["subject"]?.text, let record = map["record"], let upgrade = map["upgrade"],
            let proposedBy = map["proposedBy"]?.text,
            let approvals = map["approvals"]?.array, let refusals = map["refusals"]?.array,
            let expires = map["expires"]?.unsigned
        else { throw .corrupt("of a proposal") }
        self.init(
            change: change, subject: subject, record: record.isNull ? nil : try MemberRecord(cbor: record),
            upgrade: upgrade.isNull ? nil : try Upgrade(cbor: upgrade), proposedBy: proposedBy,
            approvals: approvals.compactMap(\.text), refusals: refusals.compactMap(\.text),
            expires: expires)
    }

    public var cbor: Value {
        [
            "change": .text(change.rawValue), "subject": .text(subject), "record": record?.cbor ?? .null,
            "upgrade": upgrade?.cbor ?? .null, "proposedBy": .text(proposedBy),
            "approvals": .array(approvals.map { .text($0) }),
            "refusals": .array(refusals.map { .text($0) }), "expires": .unsigned(expires),
        ]
    }
}

/// A version of a contract and the first height at which it runs; `membership/upgrades/<contract>/<version>`.
public struct Upgrade: StateValue, Hashable {
    public let contract: String
    public let version: UInt64
    public let height: UInt64

    public init(contract: String, version: UInt64, height: UInt64) {
        self.contract = contract
        self.version = version
        self.height = height
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let contract = map["contract"]?.text, let version = map["version"]?.unsigned,
            let height = map["height"]?.unsigned
        else { throw .corrupt("of an upgrade") }
        self.init(contract: contract, version: version, height: height)
    }

    public var cbor: Value {
        ["contract": .text(contract), "version": .unsigned(version), "height": .unsigned(height)]
    }
}
