import Ledger
import LedgerStore
import Sequencing

/// What members resolve outside of the order, where it or the execution cannot go on by itself.
extension LedgerNode {
    /// Of the order that the ledger follows; it grows by one with each that members begin.
    public var epoch: UInt64 { serving.epoch }

    /// Why a ledger brings nothing new into the order.
    enum Halt: CustomStringConvertible {
        case order(SequencingError)
        case statement(ReplicaError)

        var description: String {
            switch self {
            case .order(let error): error.description
            case .statement(let error): error.description
            }
        }
    }

    /// Between two attempts to go on.
    private static let haltPause = Duration.milliseconds(500)

    /// Waits a little, and hears what members have resolved meanwhile.
    func standStill(_ halt: Halt) async throws {
        let isNew = state.withLock { state in
            defer { state.halt = halt }
            return state.halt?.description != halt.description
        }
        if isNew { report(halt.description) }
        try await pause(Self.haltPause)
        if let peers { _ = await standings(peers) }
    }

    /// The order holds again, as it does where the newer copy of it was put back. A member that signed for a new one waits for that.
    func goOn(from code: SequencingError.Code) {
        guard state.withLock({ $0.halt != nil }), serving.promisedEpoch <= serving.epoch else { return }
        let wentOn = state.withLock { state in
            guard case .order(let error) = state.halt, error.code == code else { return false }
            state.halt = nil
            return true
        }
        if wentOn {
            report(nil)
            wake.yield()
        }
    }

    // MARK: Resolving

    /// How often an order is asked for anew because a member signed for a later one.
    private static let epochAttempts = 20
    /// How long a block may wait for signatures before members take the order for lost, ms.
    private static let stallTime: UInt64 = 60_000

    /// Has the members sign that a new order goes on from this node's last block. Nothing that was final is lost: a member that signed a later
    /// block, or another one, refuses.
    ///
    /// - Throws: `goesOn` where the order is not lost here; `noQuorum` with what each of the others says.
    public func beginOrder() async throws -> Resolution {
        guard lacksOrder else {
            throw ReplicaError(.goesOn, "the order is not lost at this node; a new one is begun only where it is")
        }
        var epoch = max(serving.epoch, serving.promisedEpoch) + 1
        for _ in 1...Self.epochAttempts {
            let headers = try headersSinceFinal()
            guard let last = headers.last, let head = try? BlockHeader(decoding: last) else { break }
            let matter = Resolution.Matter.order(epoch: epoch, after: head.height, header: Hash32.sha256(last))
            do {
                return try await resolve(matter, .order(epoch: epoch, headers: headers)) { [epoch] in
                    [try await self.serving.sign(epoch: epoch, after: headers, final: self.finalHeight).vote]
                }
            } catch let outbid as Outbid {
                // Others that signed for an earlier one sign for one that is not much later.
                epoch = min(outbid.epoch + 1, epoch + Replica.epochsAhead)
            }
        }
        throw ReplicaError(.noQuorum, "members sign for one order after the other; ask again")
    }

    /// Whether this node waits for a new order.
    private var lacksOrder: Bool {
        if serving.promisedEpoch > serving.epoch { return true }
        let now = clock()
        return state.withLock { state in
            if case .order = state.halt { return true }
            // Members that signed for an order in vain sign for this one no more.
            return state.stalledSince.map { now > $0 + Self.stallTime } ?? false
        }
    }

    /// Has the members sign that a statement which stops their nodes is refused.
    public func reject(_ statement: Hash32) async throws -> Resolution {
        guard case .statement = state.withLock({ $0.halt }) else {
            throw ReplicaError(.goesOn, "no statement stops this node")
        }
        do {
            let signed = try serving.signRejection(of: statement)
            return try await resolve(signed.matter, .rejection(of: statement)) { [signed.vote] }
        } catch let refusal as Replica.Refusal {
            throw ReplicaError(.noQuorum, refusal.reason)
        }
    }

    /// A member signed for a later order.
    private struct Outbid: Error { let epoch: UInt64 }

    private func headersSinceFinal() throws -> [Bytes] {
        // In this order: the head is never behind what is final.
        let final = finalHeight
        let head = serving.head.height
        return try serving.store.blocks(from: final, limit: Int(head - final) + 1).map(\.headerBytes)
    }

    /// Gathers signatures, adds this member's where they make a quorum with it, and adopts what was signed. What is asked for in vain binds
    /// this member to nothing.
    private func resolve(
        _ matter: Resolution.Matter, _ request: ResolutionRequest, own: () async throws -> [Vote]
    ) async throws -> Resolution {
        var headers: [Bytes] = []
        if case .order(_, let known) = request { headers = known }
        let (content, signers) = (matter.content(in: ledger, with: headers), members.members(at: matter.height))
        var (votes, refusals) = ([Vote](), [String]())
        var highest: UInt64 = 0
        for (member, answer) in await answers(to: request) {
            switch answer {
            case .vote(let vote)?:
                let key = signers.members.first { $0.id == member }?.key
                if key.map({ vote.isValid(over: content, with: $0) }) ?? false { votes.append(vote) }
            case .refusal(let reason, let epoch)?:
                // One that lies may name any.
                if epoch <= Resolution.maximumEpoch { highest = max(highest, epoch) }
                refusals.append(reason)
            case nil: refusals.append("\(member) does not answer")
            }
        }
        if votes.count + 1 >= signers.quorum {
            do { votes += try await own() } catch let refusal as Replica.Refusal { refusals.append(refusal.reason) }
        }
        guard votes.count >= signers.quorum else {
            if case .order(let asked, _) = request, highest >= asked { throw Outbid(epoch: highest) }
            throw ReplicaError(
                .noQuorum,
                "\(votes.count) of \(signers.members.count) members signed, \(signers.quorum) are needed. \(refusals.joined(separator: "; "))"
            )
        }
        let resolution = Resolution(matter, votes: votes, headers: headers)
        try await adopt(resolution)
        return resolution
    }

    private func answers(to request: ResolutionRequest) async -> [(member: String, answer: ResolutionAnswer?)] {
        guard let peers else { return [] }
        return await withTaskGroup(of: (String, ResolutionAnswer?).self) { group in
            for member in peers.members {
                group.addTask { (member, try? await peers.signature(for: request, of: member)) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
        }
    }

    /// Signs what another member asks for, where this node cannot go on for the same reason.
    public func sign(_ request: ResolutionRequest) async throws -> ResolutionAnswer {
        do {
            switch request {
            case .order(let epoch, let headers):
                guard lacksOrder else {
                    throw Replica.Refusal(reason: "the order is not lost at \(serving.member.id)")
                }
                return .vote(try await serving.sign(epoch: epoch, after: headers, final: finalHeight).vote)
            case .rejection(let statement): return .vote(try serving.signRejection(of: statement).vote)
            }
        } catch let refusal as Replica.Refusal {
            return .refusal(refusal.reason, epoch: refusal.epoch)
        }
    }

    // MARK: Adopting

    /// Takes up what a quorum resolved; nothing where it is known, or not signed by a quorum of those whom this node knows as members.
    func adopt(_ resolution: Resolution) async throws {
        let before = serving.epoch
        var isNew = false
        for replica in replicas { isNew = try await replica.adopt(resolution) || isNew }
        guard isNew else { return }
        let epoch = serving.epoch
        if epoch > before { sequencer.begin(epoch) }
        state.withLock { state in
            state.halt = nil
            state.stalledSince = nil
            if epoch > state.epoch { beginOrder(epoch, &state) }
        }
        report(nil)
        wake.yield()
    }

    /// The header of a height that a new order goes on from, where the block may not be final yet.
    func resolvedHeader(at height: UInt64) -> Bytes? {
        serving.order?.headers.first { (try? BlockHeader(decoding: $0))?.height == height }
    }

    /// - Throws: `diverged` where this node executed a block that the order does not go on from: it was never final.
    func requireResolvedOrder(_ replica: Replica) throws(ReplicaError) {
        guard let order = replica.order, replica.epoch > replica.head.epoch else { return }
        let head = replica.head
        let isBefore =
            head.height <= order.after && resolvedHeader(at: head.height).map { $0 == head.encoded() } ?? true
        guard isBefore else {
            throw ReplicaError(
                .diverged,
                "block \(head.height) of this node was never final, and a quorum of the members went on without it in a new order; move the node's ledger.sqlite away and start it, and it rebuilds from its peers"
            )
        }
    }
}
