import ContractKit
import Ledger
import Sequencing

/// Runs the contracts on a batch: a pure function of state and batch, the same on every member.
struct BlockExecutor: Sendable {
    /// Most timers that fire in one block; the rest fires in the next.
    static let maximumTimers = 500

    /// Refusals by the ledger itself, before a contract sees the statement.
    enum Refusal {
        static let contract = "ledger"
        static let unknownKey = TransactionResult.Rejection(
            contract: contract, code: 1, message: "the signing key is not registered, or not to this issuer")
        static let inactiveKey = TransactionResult.Rejection(
            contract: contract, code: 2, message: "the signing key is not valid at this height; sign with a current key"
        )
        static let expired = TransactionResult.Rejection(
            contract: contract, code: 3, message: "the statement was valid until a time that has passed; sign it anew")
        static let revoked = TransactionResult.Rejection(
            contract: contract, code: 4, message: "the participant is revoked or its attestation has ended")
        static func unknownContract(_ name: String) -> TransactionResult.Rejection {
            .init(contract: contract, code: 5, message: "no contract \(name) is active on this ledger")
        }
        static let invalidSignature = TransactionResult.Rejection(
            contract: contract, code: 6, message: "the signature does not hold")
        static let stoppedProcesses = TransactionResult.Rejection(
            contract: contract, code: 7,
            message: "executing the statement ended the members' processes; a quorum of them resolved to refuse it")
    }

    struct Outcome {
        var time: UInt64
        var timer: TransactionResult?
        /// Statements of the batch that are new to the ledger, in order, with what became of each.
        var items: [(statement: Statement, result: TransactionResult)]
        /// Statements that the ledger had already.
        var repeated: [Hash32]
    }

    /// The contracts that run in a block, by name.
    typealias Code = [String: any Contract]

    /// All versions that this program has.
    let contracts: [any Contract]
    let parameters: CBORMap
    private let first: [Genesis.ContractActivation]

    init(genesis: Genesis, contracts: [any Contract]) {
        self.contracts = contracts
        parameters = genesis.parameters
        first = genesis.contracts
    }

    /// The version of each contract that runs at a height.
    ///
    /// - Throws: `outdated` where this program does not have one of them: refusing its statements would be another result than that of others.
    func code(at height: UInt64, _ upgrades: [Upgrade]) throws(ReplicaError) -> Code {
        var versions: [String: UInt64] = [:]
        for activation in first where activation.height <= height { versions[activation.contract] = activation.version }
        for upgrade in upgrades.sorted(by: { $0.height < $1.height }) where upgrade.height <= height {
            versions[upgrade.contract] = upgrade.version
        }
        var code: Code = [:]
        for (name, version) in versions {
            guard let contract = contracts.first(where: { $0.name == name && $0.version == version }) else {
                throw ReplicaError(
                    .outdated,
                    "from block \(height) on version \(version) of the contract \(name) runs, which this program does not have; install one that does"
                )
            }
            code[name] = contract
        }
        return code
    }

    /// - Parameters:
    ///   - time: ledger time of the block, ms.
    ///   - senders: decoded records of earlier blocks; it changes nothing but the time this takes.
    ///   - isVerified: whether the signature of a statement with this id was verified here already; likewise.
    ///   - rejected: statements that members resolved to refuse.
    ///   - willExecute: is told which statement is executed next.
    ///   - claim: takes the id at a position of this block; false if the ledger has it already.
    func execute(
        _ batch: Batch, with code: Code, height: UInt64, time: UInt64, on state: WorkingState, senders: SenderCache,
        isVerified: (Hash32) -> Bool, rejected: Set<Hash32>, willExecute: (Hash32) -> Void,
        claim: (Hash32, Int) -> Bool
    ) throws(ContractError) -> Outcome {
        var outcome = Outcome(time: time, timer: nil, items: [], repeated: [])
        outcome.items.reserveCapacity(batch.statements.count)
        outcome.timer = try fireTimers(with: code, height: height, time: time, on: state)
        for statement in batch.statements {
            guard claim(statement.id, outcome.items.count) else {
                outcome.repeated.append(statement.id)
                continue
            }
            if rejected.contains(statement.id) {
                let refusal = Refusal.stoppedProcesses
                outcome.items.append(
                    (statement, TransactionResult(transaction: statement.id, rejection: refusal, events: [])))
                continue
            }
            willExecute(statement.id)
            let result = execute(
                statement, with: code, isVerified: isVerified(statement.id), height: height, time: time, on: state,
                senders)
            outcome.items.append((statement, result))
        }
        return outcome
    }

    private func execute(
        _ statement: Statement, with code: Code, isVerified: Bool, height: UInt64, time: UInt64, on state: WorkingState,
        _ senders: SenderCache
    ) -> TransactionResult {
        perform(statement.operation, with: code, as: statement.id, height: height, time: time, on: state) {
            () throws(ContractError) in
            try authenticate(statement, isVerified, height: height, time: time, state, senders)
        }
    }

    /// What would become of an operation that a participant signed now; the state keeps what it would change.
    func rehearse(
        _ operation: Operation, with code: Code, by participant: String, height: UInt64, time: UInt64,
        on state: WorkingState
    ) -> TransactionResult {
        perform(operation, with: code, as: .zero, height: height, time: time, on: state) {
            () throws(ContractError) in
            try signer(participant, time: time, state, SenderCache())
        }
    }

    private func perform(
        _ operation: Operation, with code: Code, as transaction: Hash32, height: UInt64, time: UInt64,
        on state: WorkingState, by findSigner: () throws(ContractError) -> Result<Signer, Refused>
    ) -> TransactionResult {
        func refused(_ rejection: TransactionResult.Rejection) -> TransactionResult {
            state.rollBack()
            return TransactionResult(transaction: transaction, rejection: rejection, events: [])
        }
        var refusing = operation.contract
        do {
            let signer: Signer
            switch try findSigner() {
            case .success(let found): signer = found
            case .failure(let refusal): return refused(refusal.rejection)
            }
            guard let contract = code[operation.contract] else {
                return refused(Refusal.unknownContract(operation.contract))
            }
            func context(
                _ contract: any Contract, _ sender: ContractContext.Sender, isApproved: Bool = false
            ) -> ContractContext {
                ContractContext(
                    contract: contract.name, state: state, height: height, time: time, sender: sender,
                    transaction: transaction, parameters: parameters[.text(contract.name)]?.map ?? ValueMap(),
                    isApproved: isApproved)
            }
            var events: [TransactionResult.Event] = []
            if signer.needsApproval(operation) {
                let waiting = context(MembershipContract(), signer.sender)
                try MembershipContract.putAside(operation, waiting)
                events = waiting.events
            } else {
                let approved = try MembershipContract.approved(by: operation, state)
                let running = context(contract, signer.sender)
                try contract.execute(operation, in: running)
                events = running.events
                if let approved {
                    guard let contract = code[approved.operation.contract] else {
                        return refused(Refusal.unknownContract(approved.operation.contract))
                    }
                    let running = context(contract, approved.sender, isApproved: true)
                    refusing = contract.name
                    try contract.execute(approved.operation, in: running)
                    events += running.events
                }
            }
            state.keep()
            return TransactionResult(transaction: transaction, rejection: nil, events: events)
        } catch {
            return refused(.init(contract: refusing, code: error.code, message: error.message))
        }
    }

    private struct Refused: Error { let rejection: TransactionResult.Rejection }

    private struct Signer {
        let sender: ContractContext.Sender
        /// Whom the statement binds.
        let organisation: ParticipantRecord

        func needsApproval(_ operation: Operation) -> Bool {
            MembershipContract.needsApproval(operation, by: organisation)
        }
    }

    /// Finds who signs, and verifies the signature unless this process did so when it first saw the statement's bytes.
    private func authenticate(
        _ statement: Statement, _ isVerified: Bool, height: UInt64, time: UInt64, _ state: WorkingState,
        _ senders: SenderCache
    ) throws(ContractError) -> Result<Signer, Refused> {
        guard statement.validUntil >= time / 1000 + (time.isMultiple(of: 1000) ? 0 : 1) else {
            return .failure(Refused(rejection: Refusal.expired))
        }
        guard let key = try senders.key(statement.kid, state), key.kind == .participant, key.owner == statement.issuer
        else { return .failure(Refused(rejection: Refusal.unknownKey)) }
        guard key.isValid(at: height) else { return .failure(Refused(rejection: Refusal.inactiveKey)) }
        guard isVerified || (try? VerifyingKey(coseKey: key.coseKey)).map({ statement.isSigned(by: $0) }) ?? false
        else {
            return .failure(Refused(rejection: Refusal.invalidSignature))
        }
        return try signer(key.owner, time: time, state, senders)
    }

    private func signer(
        _ id: String, time: UInt64, _ state: WorkingState, _ senders: SenderCache
    ) throws(ContractError) -> Result<Signer, Refused> {
        guard let participant = try senders.participant(id, state), participant.isVouchedFor(at: time) else {
            return .failure(Refused(rejection: Refusal.revoked))
        }
        guard let name = participant.organisation else {
            let sender = ContractContext.Sender(id: id, member: participant.member, roles: participant.roles)
            return .success(Signer(sender: sender, organisation: participant))
        }
        // A person acts for the organisation, as long as somebody vouches for that too.
        guard let organisation = try senders.participant(name, state), organisation.isVouchedFor(at: time) else {
            return .failure(Refused(rejection: Refusal.revoked))
        }
        let sender = ContractContext.Sender(
            id: name, signer: id, member: organisation.member, roles: participant.roles)
        return .success(Signer(sender: sender, organisation: organisation))
    }

    private func fireTimers(
        with code: Code, height: UInt64, time: UInt64, on state: WorkingState
    ) throws(ContractError) -> TransactionResult? {
        let due = try Timers.due(at: time, in: state, limit: Self.maximumTimers)
        if due.isEmpty { return nil }
        var events: [TransactionResult.Event] = []
        for timer in due {
            state.set(timer.key, nil)
            state.keep()
            guard let contract = code[timer.contract] else { continue }
            let context = ContractContext(
                contract: contract.name, state: state, height: height, time: time,
                sender: .init(id: "ledger", member: "ledger", roles: []), transaction: .zero,
                parameters: parameters[.text(contract.name)]?.map ?? ValueMap())
            do {
                try contract.timer(timer.id, in: context)
                state.keep()
                events += context.events
            } catch {
                // The timer is spent either way; what it could not do is told as an event.
                state.rollBack()
                events.append(
                    .init(
                        contract: contract.name, name: "timerFailed", subject: timer.id,
                        details: ValueMap([("code", .unsigned(error.code)), ("message", .text(error.message))])))
            }
        }
        return TransactionResult(transaction: .zero, rejection: nil, events: events)
    }
}
