import ContractKit
import Ledger

/// Runs the built-in contracts on state in memory, one statement at a time, refusals rolled back.
final class GrantsBench {
    private final class Memory: StateReader {
        var values: [Bytes: Bytes] = [:]
        func value(_ key: Bytes) -> Bytes? { values[key] }
        func entries(from start: Bytes, to end: Bytes, limit: Int) -> [(key: Bytes, value: Bytes)] {
            values.filter { !$0.key.lexicographicallyPrecedes(start) && $0.key.lexicographicallyPrecedes(end) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit).map { ($0.key, $0.value) }
        }
    }

    private let memory = Memory()
    private let contracts: [any Contract] = [MembershipContract(), TelemetryContract(), GrantsContract()]
    var time: UInt64 = 1_000_000
    private(set) var height: UInt64 = 1

    var state: any StateReader { memory }

    init() {
        for (id, roles) in [
            ("farm", []), ("dairy", []), ("shop", []), ("bank", []), ("gateway", [MembershipContract.gateway]),
            ("registrar", [MembershipContract.registrar]),
        ] {
            let record = ParticipantRecord(
                member: "m", name: id, roles: roles, attestedBy: "genesis", validUntil: nil, revokedAt: nil)
            memory.values[MembershipContract.participants.key(id)] = record.cbor.encoded()
        }
    }

    /// nil when accepted, else the error number.
    @discardableResult
    func run(_ contract: String, _ name: String, _ arguments: [(String, Value)], as id: String) -> UInt64? {
        height += 1
        let working = WorkingState(over: memory)
        let roles = (try? memory.get(MembershipContract.participants, id))??.roles ?? []
        let context = ContractContext(
            contract: contract, state: working, height: height, time: time,
            sender: .init(id: id, member: "m", roles: roles), transaction: Hash32.sha256(Bytes("\(height)".utf8)),
            parameters: ValueMap())
        do {
            try contracts.first { $0.name == contract }?.execute(Operation(contract, name, arguments), in: context)
        } catch {
            return error.code
        }
        working.keep()
        commit(working)
        return nil
    }

    /// Lets ledger time pass and fires what falls due.
    func advance(to time: UInt64) throws {
        self.time = time
        height += 1
        let working = WorkingState(over: memory)
        for timer in try Timers.due(at: time, in: working, limit: 10_000) {
            working.set(timer.key, nil)
            let context = ContractContext(
                contract: timer.contract, state: working, height: height, time: time,
                sender: .init(id: "ledger", member: "ledger", roles: []), transaction: .zero, parameters: ValueMap())
            try contracts.first { $0.name == timer.contract }?.timer(timer.id, in: context)
        }
        working.keep()
        commit(working)
    }

    private func commit(_ working: WorkingState) {
        for (key, value) in working.changes() { memory.values[key] = value }
    }

    func violations() throws -> [String] {
        try contracts.flatMap(\.invariants).flatMap { try $0.violations(memory) }
    }

    func rotation(_ stream: String) throws -> UInt64 {
        try memory.get(GrantsContract.streams, stream)?.rotation ?? 0
    }

    // MARK: Shorthand

    func grant(
        _ id: String, for reader: String = "shop", streams: [String] = ["farm.soil"], from: UInt64 = 0,
        to: UInt64? = nil, until: UInt64, request: String? = nil, purpose: String = "p", as owner: String = "farm"
    ) -> UInt64? {
        run(
            "grants", "grant",
            [
                ("id", .text(id)), ("reader", .text(reader)), ("streams", .array(streams.map { .text($0) })),
                ("purpose", .text(purpose)), ("from", .unsigned(from)), ("to", .optional(to)),
                ("until", .unsigned(until)), ("request", .optional(request)),
            ], as: owner)
    }

    func request(_ id: String, streams: [String] = ["farm.air", "farm.soil"], until: UInt64) -> UInt64? {
        run(
            "grants", "request",
            [
                ("id", .text(id)), ("owner", "farm"), ("streams", .array(streams.map { .text($0) })),
                ("purpose", "p"), ("from", 0), ("to", .null), ("until", .unsigned(until)),
            ], as: "shop")
    }

    func release(
        _ grant: String, _ number: Int, stream: String = "farm.soil", first: UInt64 = 1, last: UInt64 = 1,
        as owner: String = "farm"
    ) -> UInt64? {
        let range = EpochRange(gateway: "gateway", stream: stream, first: first, last: last)
        return run(
            "grants", "release",
            [
                ("grant", .text(grant)), ("request", .hash(Hash32.sha256(Bytes("\(number)".utf8)))),
                ("epochs", .array([range.cbor])),
            ], as: owner)
    }

    func setKey(of id: String, _ octet: UInt8) -> UInt64? {
        run("grants", "setEncryptionKey", [("key", .bytes(Bytes(repeating: octet, count: 32)))], as: id)
    }

    func openEpoch(_ number: UInt64, stream: String = "farm.soil", commitment: Hash32 = .zero) -> UInt64? {
        run(
            "telemetry", "openEpoch",
            [("stream", .text(stream)), ("epoch", .unsigned(number)), ("commitment", .hash(commitment))], as: "gateway")
    }

    /// A sealed batch of one reading.
    func batch(
        _ position: UInt64, epoch: UInt64, stream: String = "farm.soil", at time: UInt64, sealed: Bool = true
    ) -> UInt64? {
        run(
            "telemetry", "batch",
            [
                ("stream", .text(stream)), ("epoch", .unsigned(epoch)), ("first", .unsigned(position)),
                ("last", .unsigned(position)), ("from", .unsigned(time)), ("to", .unsigned(time)),
                ("root", .hash(MerkleTree.root([MerkleTree.leafHash([1])]))),
                ("body", .bytes(CBOR.array([.bytes([1])]).encoded())), ("sealed", .bool(sealed)),
            ], as: "gateway")
    }
}
