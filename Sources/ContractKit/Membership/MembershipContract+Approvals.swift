import Ledger

/// Operations of an organisation that take two persons: the first one's statement waits, the second one's lets it happen.
extension MembershipContract {
    /// Operations on an organisation's list.
    static let maximumApprovals = 50

    func requireApproval(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try requireAdministrator(context)
        let operations = try arguments.texts("operations", maximum: Self.maximumApprovals)
        try arguments.finish()
        // What lets waiting operations happen, or ends them, cannot wait itself.
        for operation in operations where Self.neverWait.contains(operation) {
            throw .invalid("operations", "a list without \(operation)")
        }
        var record = try context.require(Self.participants, context.sender.id, "the organisation")
        record.approvals = operations
        context.set(Self.participants, context.sender.id, record)
    }

    private static let neverWait = ["membership.approve", "membership.decline"]

    /// Whether an operation has to wait. Once there is a list, changing it takes two persons as well.
    public static func needsApproval(_ operation: Operation, by organisation: ParticipantRecord) -> Bool {
        guard !organisation.approvals.isEmpty else { return false }
        let name = "\(operation.contract).\(operation.name)"
        return name == "membership.requireApproval" || organisation.approvals.contains(name)
    }

    /// Puts an operation aside until a second person approves; its context is the membership contract's.
    public static func putAside(_ operation: Operation, _ context: ContractContext) throws(ContractError) {
        context.set(
            waiting, context.transaction.hex,
            WaitingOperation(
                operation: operation, sender: context.sender, expires: try context.time.adding(proposalAge)))
        try context.emit(
            "approvalNeeded", subject: context.sender.id,
            [
                ("operation", .text("\(operation.contract).\(operation.name)")),
                ("transaction", .hash(context.transaction)), ("by", .text(context.sender.signer)),
            ])
    }

    /// Approves; the ledger then runs the operation in the first person's name (see ``approved(by:_:)``).
    func approve(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (id, waiting) = try settle(&arguments, context)
        let roles = context.sender.roles
        guard
            context.sender.signer == context.sender.id || roles.contains(Self.approver)
                || roles.contains(Self.administrator)
        else { throw .notAuthorised("\(context.sender.signer) is neither approver nor administrator") }
        guard waiting.expires >= context.time else {
            throw ContractError(108, "the operation waited for more than a week; ask for it again")
        }
        try context.emit(
            "approved", subject: waiting.sender.id,
            [("transaction", .hash(id)), ("by", .text(context.sender.signer))])
    }

    func decline(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (id, waiting) = try settle(&arguments, context, byAnyone: true)
        try context.emit(
            "declined", subject: waiting.sender.id,
            [("transaction", .hash(id)), ("by", .text(context.sender.signer))])
    }

    private func settle(
        _ arguments: inout Arguments, _ context: ContractContext, byAnyone: Bool = false
    ) throws(ContractError) -> (Hash32, WaitingOperation) {
        let id = try arguments.hash("transaction")
        try arguments.finish()
        let waiting = try context.require(Self.waiting, id.hex, "an operation that waits for approval,")
        guard waiting.sender.id == context.sender.id else {
            throw .notAuthorised("the operation is one of \(waiting.sender.id)")
        }
        guard byAnyone || waiting.sender.signer != context.sender.signer else {
            throw ContractError(107, "\(context.sender.signer) asked for this; a second person has to approve")
        }
        context.remove(Self.waiting, id.hex)
        return (id, waiting)
    }

    /// What an `approve` statement lets happen: to be read before it executes, since it removes the entry.
    public static func approved(
        by operation: Operation, _ state: some StateReader
    ) throws(ContractError) -> WaitingOperation? {
        guard operation.contract == "membership", operation.name == "approve",
            let id = operation.arguments["transaction"]?.hash32
        else { return nil }
        return try state.get(waiting, id.hex)
    }
}

/// An operation that one person of an organisation signed and another has to approve; `membership/waiting/<transaction>`.
public struct WaitingOperation: StateValue {
    public let operation: Operation
    public let sender: ContractContext.Sender
    /// ms since 1970; later it can only be declined.
    public let expires: UInt64

    init(operation: Operation, sender: ContractContext.Sender, expires: UInt64) {
        self.operation = operation
        self.sender = sender
        self.expires = expires
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let encoded = map["operation"]?.bytes,
            let operation = try? Operation(decoding: encoded), let id = map["id"]?.text,
            let signer = map["signer"]?.text, let member = map["member"]?.text, let roles = map["roles"]?.array,
            let expires = map["expires"]?.unsigned
        else { throw .corrupt("of a waiting operation") }
        self.init(
            operation: operation,
            sender: .init(id: id, signer: signer, member: member, roles: roles.compactMap(\.text)), expires: expires)
    }

    public var cbor: Value {
        [
            "operation": .bytes(operation.encoded()), "id": .text(sender.id), "signer": .text(sender.signer),
            "member": .text(sender.member), "roles": .array(sender.roles.map { .text($0) }),
            "expires": .unsigned(expires),
        ]
    }
}
