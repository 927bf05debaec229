import Ledger

/// All that a contract can see: state, the block's time, the verified sender. All that it can do: change state, emit events, set timers.
public final class ContractContext {
    /// Who signed the statement, as the membership contract knows them.
    public struct Sender: Sendable, Hashable {
        /// The participant whom the statement binds: the signer, or the organisation that the signer acts for.
        public let id: String
        /// The participant whose key signed: `iss` of the statement.
        public let signer: String
        /// The member (organisation) that the participant belongs to.
        public let member: String
        public let roles: [String]

        /// - Parameter signer: nil where the participant signs for itself.
        public init(id: String, signer: String? = nil, member: String, roles: [String]) {
            self.id = id
            self.signer = signer ?? id
            self.member = member
            self.roles = roles
        }
    }

    /// Most events that one statement may emit.
    public static let maximumEvents = 1000

    public let state: WorkingState
    public let height: UInt64
    /// Ledger time, ms since 1970.
    public let time: UInt64
    public let sender: Sender
    /// 32 zero bytes when a timer fires.
    public let transaction: Hash32
    public let parameters: ValueMap
    /// Whether a second person's statement lets the operation happen, so that the statement itself does not tell what happens.
    public let isApproved: Bool
    public private(set) var events: [TransactionResult.Event] = []

    private let contract: String

    public init(
        contract: String, state: WorkingState, height: UInt64, time: UInt64, sender: Sender, transaction: Hash32,
        parameters: ValueMap, isApproved: Bool = false
    ) {
        self.contract = contract
        self.state = state
        self.height = height
        self.time = time
        self.sender = sender
        self.transaction = transaction
        self.parameters = parameters
        self.isApproved = isApproved
    }

    public func get<Element>(_ map: StateMap<Element>, _ key: String) throws(ContractError) -> Element? {
        try state.get(map, key)
    }

    /// The entry, or a refusal that says what does not exist.
    public func require<Element>(
        _ map: StateMap<Element>, _ key: String, _ what: String
    ) throws(ContractError) -> Element {
        guard let value = try state.get(map, key) else { throw .notFound("\(what) \(key)") }
        return value
    }

    /// Refuses unless the entry exists; cheaper than ``require(_:_:_:)`` where its content does not matter.
    public func requireEntry<Element>(
        _ map: StateMap<Element>, _ key: String, _ what: String
    ) throws(ContractError) {
        guard try state.value(map.key(key)) != nil else { throw .notFound("\(what) \(key)") }
    }

    public func set<Element>(_ map: StateMap<Element>, _ key: String, _ value: Element) {
        state.set(map.key(key), value.cbor.encoded())
    }

    public func remove<Element>(_ map: StateMap<Element>, _ key: String) {
        state.set(map.key(key), nil)
    }

    public func emit(_ name: String, subject: String, _ details: [(String, Value)] = []) throws(ContractError) {
        try emit(name, subject: subject, details, of: contract)
    }

    /// For what a built-in contract does on behalf of the one that runs: an event of the wallet says where money went, whoever moved it.
    func emit(
        _ name: String, subject: String, _ details: [(String, Value)], of contract: String
    ) throws(ContractError) {
        guard events.count < Self.maximumEvents else {
            throw ContractError(10, "a statement emits at most \(Self.maximumEvents) events")
        }
        events.append(
            .init(
                contract: contract, name: name, subject: subject,
                details: ValueMap(details.map { (.text($0), $1) })))
    }

    public func requireRole(_ role: String) throws(ContractError) {
        guard sender.roles.contains(role) else {
            throw .notAuthorised("\(sender.id) does not have the role \(role); ask a registrar for it")
        }
    }

    /// Has the contract's ``Contract/timer(_:in:)`` called with `id` in the first block whose time is at least `time`.
    public func schedule(_ id: String, at time: UInt64) {
        state.set(Timers.key(contract: contract, id: id, time: time), Timers.set)
    }

    public func cancel(_ id: String, at time: UInt64) {
        state.set(Timers.key(contract: contract, id: id, time: time), nil)
    }
}

/// Timers are state like any other, so replicas agree on them: `timers/due/<time, 16 hex digits>/<contract>/<id>`.
public enum Timers {
    static let prefix = "timers/due/"
    static let set: Bytes = CBOR.bool(true).encoded()

    static func key(contract: String, id: String, time: UInt64) -> Bytes {
        Bytes("\(prefix)\(digits(time))/\(contract)/\(id)".utf8)
    }

    private static func digits(_ time: UInt64) -> String {
        String((0..<8).flatMap { shift in [UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * shift))].hex })
    }

    /// Timers due at `time`, earliest first, at most `limit`.
    public static func due(at time: UInt64, in state: some StateReader, limit: Int)
        throws(ContractError) -> [(key: Bytes, contract: String, id: String)]
    {
        try state.entries(from: Bytes(prefix.utf8), to: Bytes("\(prefix)\(digits(time))0".utf8), limit: limit)
            .compactMap { entry in
                let parts = String(decoding: entry.key, as: UTF8.self).split(separator: "/", maxSplits: 4)
                return parts.count == 5 ? (entry.key, String(parts[3]), String(parts[4])) : nil
            }
    }

    /// When the next timer is due, ms since 1970; nil when none is set.
    public static func next(in state: some StateReader) throws(ContractError) -> UInt64? {
        try state.entries(from: first, to: end, limit: 1).first.flatMap { time(of: $0.key) }
    }
}

extension Timers {
    /// Bounds of the keys of all timers.
    public static let first = Bytes(prefix.utf8)
    public static let end = Bytes("\(prefix)~".utf8)

    /// When the timer under a state key is due; nil for other keys.
    public static func time(of key: Bytes) -> UInt64? {
        guard key.starts(with: first) else { return nil }
        return UInt64(String(decoding: key.dropFirst(first.count).prefix(16), as: UTF8.self), radix: 16)
    }
}
