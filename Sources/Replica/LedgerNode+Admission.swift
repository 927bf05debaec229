import ContractKit
import Ledger
import LedgerStore

/// Taking statements in, and telling what became of them.
extension LedgerNode {
    /// Decodes and verifies a submitted statement. It is not in the ledger's hands until ``submit(_:)``.
    public func admit(_ bytes: Bytes) throws -> Statement {
        let statement = try decode(bytes)
        return try verified(statement, by: try knownKey(of: statement) ?? storedKey(of: statement))
    }

    /// As ``admit(_:)``, where that takes no reading from the disk; nil where it does.
    public func admitWithoutReading(_ bytes: Bytes) throws -> Statement? {
        let statement = try decode(bytes)
        return try knownKey(of: statement).map { try verified(statement, by: $0) }
    }

    /// A statement that this ledger may take, whoever signed it.
    private func decode(_ bytes: Bytes) throws -> Statement {
        let statement = try Statement(decoding: bytes)
        guard statement.ledger == ledger else {
            throw ReplicaError(.otherLedger, "the statement is for ledger \(statement.ledger), this is \(ledger)")
        }
        guard !suspects.contains(statement.id) else {
            throw ReplicaError(
                .trapped,
                "executing statement \(statement.id) ended this node's process more than once; it is not taken")
        }
        let now = max(ledgerTime, clock()) / 1000
        guard statement.validUntil <= now + Limits.validity else {
            throw ReplicaError(
                .validity, "exp may be at most \(Limits.validity / 3600) hours ahead; sign with an earlier one")
        }
        return statement
    }

    private func verified(_ statement: Statement, by key: VerifyingKey) throws -> Statement {
        guard statement.isSigned(by: key) else {
            throw ReplicaError(.signature, "the signature does not hold for key \(statement.kid)")
        }
        return statement
    }

    private func knownKey(of statement: Statement) throws -> VerifyingKey? {
        guard let known = keys.withLock({ $0[statement.kid] }) else { return nil }
        guard known.owner == statement.issuer else { throw unknownKey(of: statement) }
        return known.key
    }

    private func storedKey(of statement: Statement) throws -> VerifyingKey {
        let stateKey = MembershipContract.keys.key(statement.kid.hex)
        guard let value = try serving.stateValue(stateKey), let record = try? KeyRecord(cbor: CBOR.decode(value)),
            record.owner == statement.issuer
        else { throw unknownKey(of: statement) }
        let key = try VerifyingKey(coseKey: record.coseKey)
        keys.withLock { known in
            // A key names one owner for ever, so what is forgotten here is only read again.
            if known.count >= 100_000 { known.removeAll() }
            known[statement.kid] = (key, record.owner)
        }
        return key
    }

    private func unknownKey(of statement: Statement) -> ReplicaError {
        ReplicaError(
            .unknownKey, "key \(statement.kid) is not registered to \(statement.issuer); have a registrar enrol it")
    }

    /// What would become of an operation if a participant signed it now, and the keys of the records that it would change. Nothing is
    /// recorded, and what others sign meanwhile may change it.
    public func rehearse(
        _ operation: Ledger.Operation, by participant: String
    ) throws -> (result: TransactionResult, changes: [Bytes]) {
        try serving.rehearse(operation, by: participant, time: clock())
    }

    /// Hands an admitted statement to the sequencer. Submitting it twice is harmless.
    public func submit(_ statement: Statement) throws {
        try submit(statement, waiter: nil)
    }

    /// Hands an admitted statement to the sequencer and has `answer` called with its outcome, at most `milliseconds` later.
    public func submit(_ statement: Statement, within milliseconds: UInt64, answer: @escaping Answer) throws {
        try submit(statement, waiter: Waiter(answer: answer, deadline: clock() + milliseconds))
    }

    private func submit(_ statement: Statement, waiter: Waiter?) throws {
        let isWorthWaking = try state.withLock { state in
            if let failure = state.failure { throw failure }
            // Before it has joined, this node may not know yet that its member is one, or by which key.
            guard isSigning(state) || (peers != nil && !state.hasJoined) else {
                let id = serving.member.id
                let reason =
                    state.finality.members.current.index(of: id) == nil
                    ? "\(id), whose node this is, is no member of the ledger" : Self.lacksKey(id)
                throw ReplicaError(.notMember, "\(reason); send the statement to another member's node")
            }
            if state.entries[statement.id] == nil {
                guard state.queue.count < Limits.pending else {
                    throw ReplicaError(
                        .busy, "\(Limits.pending) statements are waiting; send this one again in a second")
                }
                state.entries[statement.id] = Entry(contract: statement.operation.contract)
                state.queue.append(statement)
            }
            if let waiter { state.entries[statement.id]?.waiters.append(waiter) }
            return state.hasWorthwhileBatch
        }
        if isWorthWaking { wake.yield() }
    }

    /// Where a transaction is; nil if this node has never seen it.
    public func status(of id: Hash32) throws -> TransactionStatus? {
        let pending: TransactionStatus? = state.withLock { state in
            state.entries[id].map { $0.ordered ? .ordered : .received }
        }
        if let pending { return pending }
        return try finalOutcome(of: id).map { .final($0) }
    }

    func finalOutcome(of id: Hash32) throws -> TransactionOutcome? {
        guard let place = try serving.store.place(of: id), place.height <= finalHeight,
            let block = try serving.store.block(at: place.height)
        else { return nil }
        return TransactionOutcome(block: block, position: place.position)
    }

    /// Waits until the transaction is final, at most `milliseconds`; nil when that was too short.
    public func outcome(of id: Hash32, within milliseconds: UInt64) async throws -> TransactionOutcome? {
        let deadline = clock() + milliseconds
        let waited = await withCheckedContinuation { (continuation: CheckedContinuation<TransactionOutcome?, Never>) in
            let pending = state.withLock { state in
                state.entries[id]?.waiters.append(
                    Waiter(answer: { continuation.resume(returning: $0) }, deadline: deadline)) != nil
            }
            if !pending { continuation.resume(returning: nil) }
        }
        if let waited { return waited }
        return try finalOutcome(of: id)
    }
}
