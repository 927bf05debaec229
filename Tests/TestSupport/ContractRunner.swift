import ContractKit
import Ledger

/// Runs contracts on state in memory, as a replica would: one statement at a time, refusals rolled back, timers by
/// ledger time.
public final class ContractRunner {
    private final class Memory: StateReader {
        var values: [Bytes: Bytes] = [:]
        func value(_ key: Bytes) -> Bytes? { values[key] }
        func entries(from start: Bytes, to end: Bytes, limit: Int) -> [(key: Bytes, value: Bytes)] {
            values.filter { !$0.key.lexicographicallyPrecedes(start) && $0.key.lexicographicallyPrecedes(end) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit).map { ($0.key, $0.value) }
        }
    }

    private let memory = Memory()
    private let contract: any Contract
    private let parameters: ValueMap
    public var time: UInt64 = 1_795_500_000_000
    public var height: UInt64 = 1
    public private(set) var events: [TransactionResult.Event] = []

    public var state: any StateReader { memory }

    public init(_ contract: any Contract, parameters: ValueMap = ValueMap()) {
        self.contract = contract
        self.parameters = parameters
    }

    /// A member as genesis names it.
    public func admit(_ id: String, _ key: VerifyingKey) {
        let record = MemberRecord(name: id, coseKey: key.coseKey, address: nil, from: 0)
        memory.values[MembershipContract.members.key(id)] = record.cbor.encoded()
        let known = KeyRecord(
            owner: MembershipContract.participant(of: id), kind: .participant, coseKey: key.coseKey, from: 0, until: nil
        )
        memory.values[MembershipContract.keys.key(key.kid.hex)] = known.cbor.encoded()
        memory.values[MembershipContract.ownerKeys.key("\(known.owner)/\(key.kid.hex)")] = UInt64(0).cbor.encoded()
    }

    public func enrol(_ id: String, roles: [String], organisation: String? = nil) {
        let record = ParticipantRecord(
            member: "m", name: id, roles: roles, attestedBy: "genesis", validUntil: nil, revokedAt: nil,
            organisation: organisation)
        memory.values[MembershipContract.participants.key(id)] = record.cbor.encoded()
    }

    /// Puts a record of another contract into the state.
    public func set(_ key: Bytes, _ value: Value) { memory.values[key] = value.encoded() }

    /// nil when accepted, else the error number.
    @discardableResult
    public func run(
        _ name: String, _ arguments: [(String, Value)], as sender: ContractContext.Sender
    ) -> UInt64? {
        height += 1
        let working = WorkingState(over: memory)
        let context = ContractContext(
            contract: contract.name, state: working, height: height, time: time, sender: sender,
            transaction: Hash32.sha256(Bytes("\(height)".utf8)), parameters: parameters)
        do {
            try contract.execute(Operation(contract.name, name, arguments), in: context)
        } catch {
            return error.code
        }
        commit(working)
        events += context.events
        return nil
    }

    /// Lets ledger time pass and fires what falls due.
    public func advance(to time: UInt64) throws {
        self.time = time
        height += 1
        let working = WorkingState(over: memory)
        for timer in try Timers.due(at: time, in: working, limit: 10_000) {
            working.set(timer.key, nil)
            let context = ContractContext(
                contract: contract.name, state: working, height: height, time: time,
                sender: .init(id: "ledger", member: "ledger", roles: []), transaction: .zero, parameters: parameters)
            try? contract.timer(timer.id, in: context)
            events += context.events
        }
        commit(working)
    }

    private func commit(_ working: WorkingState) {
        working.keep()
        for (key, value) in working.changes() { memory.values[key] = value }
    }

    public func violations() throws -> [String] {
        try contract.invariants.flatMap { try $0.violations(memory) }
    }
}
