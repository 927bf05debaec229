import APIKit
import ContractKit
import Gateway
import Ledger
import PortalKit

/// What a use case brings: one folder, one name in the manifest, one line in the node's list.
public protocol UseCase: Sendable {
    /// In kebab case, as in `cairn scenario NAME`.
    var name: String { get }
    var contracts: [any Contract] { get }
    /// Where ISO/IEC TR 30176:2021 has its steps: "table 4".
    var table: String { get }
    /// What its contracts are told in genesis, by contract: `("agri", ["coldChainLimit": 700])`.
    var parameters: [(contract: String, values: CBOR)] { get }
    /// Templates of its pages.
    var templates: [TemplateFolder] { get }
    /// Roles that may read its whole ledger; nil for whoever takes part. Others read the records that mention them or what is theirs.
    var ledgerReaders: Set<String>? { get }
    /// What is a participant's, as records mention it: `pond:P1`, `loan:L7`.
    func subjects(of participant: String, on platform: Platform) throws -> [String]
    /// Whether a state value is one that this participant may read, with its proof, where ``ledgerReaders`` closes the ledger.
    func mayRead(stateKey: String, as participant: String, on platform: Platform) throws -> Bool
    /// What else than its subject a statement of its contracts is about, for search.
    func mentions(of statement: Statement) -> [String]
    /// A statement of its contracts as the report's step table has it; nil for others'.
    func exchange(in statement: Statement) -> Exchange?
    /// All rows of the step table that a record holds, in their order: a batch, for instance, both what sensors sent to the
    /// gateway and what the gateway sent on, and an event what the platform told. ``exchange(in:)`` alone unless said.
    func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange]
    /// What else a case consists of: the lot of a box, for instance.
    func names(relatedTo name: String, on platform: Platform) throws -> [String]
    /// Pages and interfaces.
    func routes(on platform: Platform) -> [Route]
    /// Ways in, for the portal's start page.
    func doors(on platform: Platform) -> StartPage.Section
    /// The page that a person with these roles works on.
    func home(for roles: [String]) -> String?
    /// Addresses of pages that show something, by group and name: `["boxes": ["active": "/01/…"]]`.
    func examples(on platform: Platform) throws -> [String: [String: String]]
    /// The operation by which somebody signs these terms; nil for the terms contract's own.
    func signing(_ terms: SignedTerms, by session: Session, on platform: Platform) throws -> Ledger.Operation?
    /// The participants, devices and prices of its demo consortium.
    var cast: Cast { get }
    /// Consortia with ledgers of their own that its parties take part in too, and that its scenario needs.
    var companions: [any UseCase] { get }
    /// What a node does for it by itself as long as it runs; `others` are ledgers that its parties take part in too.
    func work(on platform: Platform, beside others: any LedgersBeside) async throws
    /// The step table of ISO/IEC TR 30176, run against a running node.
    func scenario(on stage: Stage) async throws
    /// What its gateway controls by itself, made anew for each gateway; nil where edge rules are enough.
    func control() -> (any EdgeControl)?
    /// What its gateway concludes from several sensors over time; a new one, without memory. nil for nothing.
    func analysis() -> (any EdgeAnalysis)?
    /// Devices that go on reporting while the demo runs.
    func simulate(on stage: Stage) async throws
}

extension UseCase {
    public var companions: [any UseCase] { [] }
    public var ledgerReaders: Set<String>? { nil }
    public func subjects(of participant: String, on platform: Platform) throws -> [String] { [] }
    public func mayRead(stateKey: String, as participant: String, on platform: Platform) throws -> Bool { false }
    public func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        exchange(in: statement).map { [$0] } ?? []
    }
    public func work(on platform: Platform, beside others: any LedgersBeside) async throws {}
    public var parameters: [(contract: String, values: CBOR)] { [] }
    public func names(relatedTo name: String, on platform: Platform) throws -> [String] { [] }
    public func signing(_ terms: SignedTerms, by session: Session, on platform: Platform) throws -> Ledger.Operation? {
        nil
    }
    public func control() -> (any EdgeControl)? { nil }
    public func analysis() -> (any EdgeAnalysis)? { nil }
}

/// A row of a step table: who sends what to whom.
public struct Exchange: Sendable, Hashable {
    /// As the report numbers it: T4.1.
    public let step: String?
    /// Participants by their ids, or parties by their names.
    public let producer: String
    public let receiver: String
    public let exchanged: String

    public init(step: String? = nil, producer: String, receiver: String, exchanged: String) {
        self.step = step
        self.producer = producer
        self.receiver = receiver
        self.exchanged = exchanged
    }
}

/// Who takes part in a demo consortium of a use case.
public struct Cast: Sendable {
    public struct Participant: Sendable {
        public let id: String
        public let member: String
        public let name: String
        public let roles: [String]

        public init(_ id: String, member: String, name: String, roles: [String]) {
            self.id = id
            self.member = member
            self.name = name
            self.roles = roles
        }
    }

    /// Members of the ledger, an organisation each.
    public let members: [(id: String, name: String)]
    /// The first one with the role registrar enrols the others.
    public let participants: [Participant]

    /// In whose name a scenario reads the ledger: a registrar may in each use case.
    public var spectator: String {
        (participants.first { $0.roles.contains(MembershipContract.registrar) } ?? participants.first)?.id ?? ""
    }

    public init(members: [(id: String, name: String)], participants: [Participant]) {
        self.members = members
        self.participants = participants
    }
}
