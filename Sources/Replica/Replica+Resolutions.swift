import ContractKit
import Ledger
import LedgerStore

/// What members resolved outside of the order, as one replica keeps it.
struct Resolved: Sendable {
    /// Times that a process ends in the execution of a statement before it is executed no more.
    static let allowedInterruptions = 1

    private(set) var resolutions: [Resolution] = []
    private(set) var promise: OrderPromise?
    /// Of the order that the ledger follows.
    private(set) var epoch: UInt64 = 0
    private(set) var rejected: Set<Hash32> = []
    private(set) var interruptions: [Interruption]

    init(_ store: LedgerStore) throws {
        interruptions = try store.interruptions()
        promise = try store.orderPromise()
        for resolution in try store.resolutions() { take(resolution) }
    }

    mutating func take(_ resolution: Resolution) {
        resolutions.append(resolution)
        switch resolution.matter {
        case .order(let epoch, _, _): self.epoch = max(self.epoch, epoch)
        case .rejection(let statement, _):
            rejected.insert(statement)
            interruptions.removeAll { $0.statement == statement }
        }
    }

    mutating func take(_ promise: OrderPromise) { self.promise = promise }

    /// The order that the ledger follows, where members resolved on one: the block it goes on from, and headers up to it.
    var order: (after: UInt64, header: Hash32, headers: [Bytes])? {
        resolutions.lazy.compactMap { resolution in
            guard case .order(epoch, let after, let header) = resolution.matter else { return nil }
            return (after, header, resolution.headers)
        }.first
    }

    /// Statements that ended the process too often.
    var suspects: [Interruption] { Self.suspects(among: interruptions) }

    /// Interruptions of the same statement count together.
    static func suspects(among interruptions: [Interruption]) -> [Interruption] {
        let counted = Dictionary(interruptions.map { ($0.statement, $0) }) { first, second in
            Interruption(statement: first.statement, height: second.height, count: first.count + second.count)
        }
        return counted.values.filter { $0.count > allowedInterruptions }.sorted { $0.statement < $1.statement }
    }

    /// - Throws: `trapped` where one of the statements must not be executed.
    func refuseSuspects(among statements: [Statement]) throws(ReplicaError) {
        if interruptions.isEmpty { return }
        for suspect in suspects where statements.contains(where: { $0.id == suspect.statement }) {
            throw Self.trapped(suspect)
        }
    }

    static func trapped(_ suspect: Interruption) -> ReplicaError {
        ReplicaError(
            .trapped,
            "statement \(suspect.statement) of block \(suspect.height) ended this process \(suspect.count) times while it was executed; members refuse it with `cairn member reject`"
        )
    }

    /// Statements that came to an end are no suspects.
    mutating func forget(
        _ items: [(statement: Statement, result: TransactionResult)], _ writer: StoreWriter
    ) throws {
        for interruption in interruptions where items.contains(where: { $0.statement.id == interruption.statement }) {
            try writer.deleteInterruption(of: interruption.statement)
            interruptions.removeAll { $0 == interruption }
        }
    }
}

extension Replica.Engine {
    /// Whether the member may sign a header: an earlier file of its may have signed another one below `voteStart`, and it may have promised to
    /// sign for a new order only.
    func maySign(_ header: BlockHeader) -> Bool {
        guard let voteStart, header.height >= voteStart else { return false }
        if let order = resolved.order, header.epoch < resolved.epoch, header.height > order.after { return false }
        return resolved.promise.map { header.epoch >= $0.epoch || header.height <= $0.height } ?? true
    }
}

extension Replica {
    /// What members resolved outside of the order.
    public var resolutions: [Resolution] { engine.withLock { $0.resolved.resolutions } }
    /// Of the order that the ledger follows.
    var epoch: UInt64 { engine.withLock { $0.resolved.epoch } }
    var order: (after: UInt64, header: Hash32, headers: [Bytes])? { engine.withLock { $0.resolved.order } }
    var interruptions: [Interruption] { engine.withLock { $0.resolved.interruptions } }
    /// Of the latest order that the member signed for.
    var promisedEpoch: UInt64 { engine.withLock { $0.resolved.promise?.epoch ?? 0 } }

    /// Whether a resolution is new here and a quorum signed it; it is on the disk then.
    func adopt(_ resolution: Resolution) async throws -> Bool {
        guard engine.withLock({ $0.isNew(resolution) }) else { return false }
        return try await store.write { writer in
            try self.engine.withLock { engine in
                // Several may bring it at once.
                guard engine.isNew(resolution) else { return false }
                try writer.insert(resolution)
                if case .rejection(let statement, _) = resolution.matter {
                    try writer.deleteInterruption(of: statement)
                }
                engine.resolved.take(resolution)
                return true
            }
        }
    }

    // MARK: Signing

    /// How far the epoch that a member signs for may be from the last one that it knows: one that lies uses up few.
    static let epochsAhead: UInt64 = 1_000

    /// Why a member does not sign, with the epoch that it promised itself to.
    struct Refusal: Error {
        let reason: String
        var epoch: UInt64 = 0
    }

    /// Signs a new order after the block that `headers` end with, once the promise is on the disk.
    ///
    /// What this member signed highest has to be that block or one that it follows: then no block that it signed beside it can have become
    /// final, nor will one.
    ///
    /// - Parameter final: the last height that is final here.
    func sign(
        epoch: UInt64, after headers: [Bytes], final: UInt64
    ) async throws -> (matter: Resolution.Matter, vote: Vote) {
        let promise = try await store.write { writer in
            try self.engine.withLock { engine in
                let promise = try engine.promise(epoch: epoch, after: headers, final: final, as: self.member.id)
                try writer.setOrderPromise(promise)
                engine.resolved.take(promise)
                return promise
            }
        }
        return try sign(.order(epoch: epoch, after: promise.height, header: promise.headerHash), headers)
    }

    /// Signs that a statement is refused, which this member will not execute whatever others sign.
    func signRejection(of statement: Hash32) throws(Refusal) -> (matter: Resolution.Matter, vote: Vote) {
        let (suspects, height) = engine.withLock { ($0.resolved.suspects, $0.head.height + 1) }
        guard suspects.contains(where: { $0.statement == statement }) else {
            throw Refusal(reason: "the statement does not stop \(member.id)")
        }
        return try sign(.rejection(of: statement, at: height), [])
    }

    private func sign(
        _ matter: Resolution.Matter, _ headers: [Bytes]
    ) throws(Refusal) -> (matter: Resolution.Matter, vote: Vote) {
        guard let key = key(in: members.members(at: matter.height)) else {
            throw Refusal(reason: "\(member.id) is no member at block \(matter.height), or does not have its key")
        }
        return (matter, Vote.sign(matter.content(in: genesis.id, with: headers), with: key))
    }
}

extension Replica.Engine {
    fileprivate func isNew(_ resolution: Resolution) -> Bool {
        !resolved.resolutions.contains { $0.matter == resolution.matter }
            && resolution.isSigned(by: members, of: head.ledger)
    }

    fileprivate func promise(
        epoch: UInt64, after headers: [Bytes], final: UInt64, as member: String
    ) throws -> OrderPromise {
        let chain = headers.map { (header: try? BlockHeader(decoding: $0), hash: Hash32.sha256($0)) }
        guard let last = chain.last, let target = last.header, headers.count <= Resolution.maximumHeaders,
            zip(chain, chain.dropFirst()).allSatisfy({ before, next in
                before.header != nil && next.header?.previous == before.hash
                    && next.header?.height == before.header.map { $0.height + 1 }
            })
        else { throw Replica.Refusal(reason: "the headers do not follow one another") }
        let wanted = OrderPromise(epoch: epoch, height: target.height, headerHash: last.hash)
        guard target.ledger == head.ledger, members.members(at: target.height + 1).index(of: member) != nil else {
            throw Replica.Refusal(reason: "\(member) is no member there")
        }
        guard let voteStart, voteStart <= final + 1 else {
            throw Replica.Refusal(
                reason: "\(member) has a new disk and does not know yet whether it signed another block")
        }
        let known = max(resolved.epoch, resolved.promise?.epoch ?? 0)
        guard epoch <= known + Replica.epochsAhead else {
            throw Replica.Refusal(
                reason: "\(member) signs for order \(known + Replica.epochsAhead) at most", epoch: known)
        }
        guard epoch > known || resolved.promise == wanted else {
            throw Replica.Refusal(reason: "\(member) has signed for another order", epoch: known)
        }
        guard head.height <= target.height else {
            throw Replica.Refusal(
                reason: "\(member) has signed block \(head.height), which comes later; begin the order at its node")
        }
        guard chain.contains(where: { $0.hash == headHash }) else {
            throw Replica.Refusal(
                reason:
                    "block \(head.height) of \(member) is not among those that the order would follow: it lags, or signed another one"
            )
        }
        return wanted
    }
}
