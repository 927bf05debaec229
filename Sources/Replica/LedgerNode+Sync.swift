import ContractKit
import Ledger
import LedgerStore
import Sequencing

/// One member's node among others: joining them, and fetching what it lacks.
extension LedgerNode {
    /// Between two looks at peers, for what did not arrive by itself.
    static let exchangePause = Duration.milliseconds(250)
    /// After how many of them peers are asked whether members resolved something that did not arrive by itself.
    private static let resolutionRounds = 20

    /// Opens the node of one member whose peers run elsewhere. It is of no use before ``run()`` has joined them; see ``waitForFinal(_:)``.
    public static func member(
        genesis: Genesis, member: LocalMember, contracts: [any Contract], sequencer: any Sequencer,
        peers: any PeerGroup, clock: @escaping @Sendable () -> UInt64, history: History = History(),
        report: @escaping @Sendable (String?) -> Void = { _ in }
    ) async throws -> LedgerNode {
        try await Self.member(
            genesis: genesis, store: try LedgerStore(path: member.storePath), member: member.id, keys: member.keys,
            contracts: contracts, sequencer: sequencer, peers: peers, clock: clock, history: history, report: report)
    }

    /// As ``member(genesis:member:contracts:sequencer:peers:clock:history:report:)``, for those who bring time and the rule of finality along.
    package static func member(
        genesis: Genesis, store: LedgerStore, member id: String, keys: MemberKeys, contracts: [any Contract],
        sequencer: any Sequencer, peers: any PeerGroup, clock: @escaping @Sendable () -> UInt64,
        pause: @escaping Pause = { try await Task.sleep(for: $0) },
        rule: @escaping Finality.Rule = { $0.quorum }, history: History = History(),
        report: @escaping @Sendable (String?) -> Void = { _ in }
    ) async throws -> LedgerNode {
        let replica = try await Replica.open(
            store: store, genesis: genesis, member: id, keys: keys, contracts: contracts, hasPeers: true)
        let node = LedgerNode(
            genesis: genesis, replicas: [replica], damaged: [], sequencer: sequencer,
            peers: peers, clock: clock, pause: pause, rule: rule, history: history, report: report)
        if replica.epoch > 0 { sequencer.begin(replica.epoch) }
        try node.resume()
        try node.followMembers()
        return node
    }

    /// Takes up the records of the ledger's members, and tells peers where they are reached.
    func followMembers() throws {
        let records = try MembershipContract.records(in: StoreReader(store: serving.store))
        state.withLock { $0.roster = records }
        let members = self.members
        for replica in replicas {
            replica.member.keys.use(members.current.members.first { $0.id == replica.member.id }?.key.kid)
        }
        guard let peers else { return }
        var addresses: [String: String] = [:]
        for (id, record) in records where id != serving.member.id && record.until == nil {
            addresses[id] = record.address
        }
        peers.use(addresses, of: members, without: Set(records.filter { $0.record.until != nil }.map(\.id)))
    }

    /// All that are or were members, by id.
    public var roster: [(id: String, record: MemberRecord)] { state.withLock { $0.roster } }

    /// Id and name of the members now, in order of ids.
    public var memberNames: [(id: String, name: String)] {
        roster.filter { $0.record.until == nil }.map { ($0.id, $0.record.name) }
    }

    /// Name of one that is or was a member.
    public func memberName(_ id: String) -> String { roster.first { $0.id == id }?.record.name ?? id }

    /// Who signs at each height.
    public var members: MemberHistory { state.withLock { $0.finality.members } }

    /// Takes up what the disk has: final blocks, those that wait for signatures, and what others signed.
    private func resume() throws {
        let store = serving.store
        let head = serving.head.height
        let firstUnsigned = try store.heightsWithoutCertificate().first ?? head + 1
        if firstUnsigned > 0, let block = try store.block(at: firstUnsigned - 1),
            let certificate = try store.certificate(at: firstUnsigned - 1)
        {
            resume(at: FinalBlock(block: block, certificate: certificate))
        }
        let unsigned =
            firstUnsigned > head ? [] : try store.blocks(from: firstUnsigned, limit: Int(head - firstUnsigned) + 1)
        let seen = try store.seenVotes()
        let bare = try store.firstBare(from: history.floor(firstUnsigned == 0 ? 0 : firstUnsigned - 1))
        state.withLock { state in
            state.missing = bare
            state.nextTimer = serving.nextTimer
            state.finality.resume(unsigned: unsigned, seen: seen)
        }
    }

    // MARK: Joining

    /// Brings a replica to where the order can be followed, and says with which slot.
    func join(_ replica: Replica) async throws -> (slot: UInt64, epoch: UInt64) {
        guard let peers else { return (0, replica.epoch) }
        signUnsigned(by: replica, peers)
        while true {
            _ = try await joinBySnapshot(replica, peers, beyond: history.snapshotBeyond)
            // Where no peer keeps the next block any more there is no other way.
            if try await catchUp(replica, peers), try await joinBySnapshot(replica, peers, beyond: 0) { continue }
            // How many must be asked depends on who the members are now.
            if replica.voteStart == nil {
                guard let start = try await voteStart(of: replica, peers) else {
                    try await pause(Self.exchangePause)
                    continue
                }
                try await replica.setVoteStart(start)
                signUnsigned(by: replica, peers)
            }
            try requireResolvedOrder(replica)
            let head = replica.head.height
            // Until members have resolved what this one signed for, and its replica stands where the new order begins.
            guard replica.promisedEpoch <= replica.epoch, head >= replica.order?.after ?? 0 else {
                try await pause(Self.exchangePause)
                continue
            }
            let epoch = replica.epoch
            let bounds = try await sequencer.bounds()
            if replica.head.epoch == epoch, head > replica.order?.after ?? 0 {
                let slot = try replica.store.block(at: head)?.slot
                if slot.map({ $0 >= bounds.lowerBound }) ?? true {
                    return (try await place(of: head, near: slot ?? 0, bounds, of: epoch, on: replica) + 1, epoch)
                }
                if let slot, slot + 1 >= bounds.lowerBound { return (slot + 1, epoch) }
            } else if bounds.lowerBound == 0 {
                return (0, epoch)
            }
            // The order does not reach back that far: peers have the blocks, or will.
            try await pause(Self.exchangePause)
        }
    }

    /// The first height that a member whose file is new may sign: above whatever peers hold signed by it. As many must answer as make a quorum
    /// with it, so that two blocks that it signed cannot both become final; nil while they do not.
    private func voteStart(of replica: Replica, _ peers: any PeerGroup) async throws -> UInt64? {
        let members = replica.members.current
        let standings = await standings(peers).filter { members.index(of: $0.member) != nil }
        guard standings.count + 1 >= members.quorum else { return nil }
        return standings.map(\.standing).compactMap { standing in
            // An older one was signed with the key of its height.
            guard let vote = standing.lastVote, let header = try? BlockHeader(decoding: vote.header),
                header.ledger == ledger,
                let own = replica.members.members(at: header.height).member(kid: vote.vote.kid),
                own.id == replica.member.id, vote.vote.isValid(over: vote.header, with: own.key)
            else { return nil }
            return header.height + 1
        }.max() ?? 0
    }

    /// Where peers are, having taken up what they say that members resolved.
    func standings(_ peers: any PeerGroup) async -> [(member: String, standing: PeerStanding)] {
        let found = await withTaskGroup(of: (String, PeerStanding?).self) { group in
            for member in peers.members {
                group.addTask { (member, try? await peers.standing(of: member)) }
            }
            var found: [(String, PeerStanding)] = []
            for await (member, standing) in group { if let standing { found.append((member, standing)) } }
            return found
        }
        for resolution in found.flatMap(\.1.resolutions) { try? await adopt(resolution) }
        return found
    }

    /// Signs again what the disk has without a certificate: it was signed, or could have been, before the process ended.
    private func signUnsigned(by replica: Replica, _ peers: any PeerGroup) {
        let signed = state.withLock { $0.finality.unsigned }.compactMap { item in
            replica.vote(for: item.block).map { SignedHeader(header: item.block.headerBytes, vote: $0) }
        }
        take(signed)
        peers.publish(PeerNews(votes: signed))
    }

    /// Executes final blocks of peers until none of those that answer is further.
    ///
    /// - Returns: whether one is, and keeps blocks no more that are needed.
    private func catchUp(_ replica: Replica, _ peers: any PeerGroup) async throws -> Bool {
        var isLeftBehind = false
        for (member, standing) in await standings(peers).sorted(by: {
            $0.standing.finalHeight > $1.standing.finalHeight
        })
        where !state.withLock({ $0.misleading.contains(member) }) {
            do {
                while replica.head.height < max(standing.finalHeight, replica.order?.after ?? 0) {
                    // What waits for signatures here is final there.
                    try await fetchVotes(from: member, peers)
                    let blocks = try await peers.blocks(from: replica.head.height + 1, of: member)
                    guard let first = blocks.first else { break }
                    if let start = try? BlockHeader(decoding: first.header).height, start > replica.head.height + 1 {
                        isLeftBehind = true
                        break
                    }
                    let periods = replica.members.periods.count
                    for block in blocks { try await take(block, from: member, on: replica) }
                    // What those who are members now resolved could not be verified before.
                    if replica.members.periods.count > periods { _ = await standings(peers) }
                }
            } catch let error as ReplicaError where [.certificate, .misleading].contains(error.code) {
                // What one peer sends without a quorum's word for it is nothing; another may do better.
                continue
            } catch let error as ReplicaError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch is StoreError {
                throw ReplicaError(.diverged, "the blocks of \(member) cannot be stored; restore this node")
            } catch {
                // It does not answer any more.
                continue
            }
            if replica.head.height >= standing.finalHeight { isLeftBehind = false }
        }
        return isLeftBehind
    }

    /// Takes a block that a quorum signed, and executes it: what comes out must be that very block before it is stored.
    private func take(_ received: CertifiedBlock, from sender: String, on replica: Replica) async throws {
        let header: BlockHeader
        let statements: [Statement]
        let certificate: FinalityCertificate
        do {
            header = try BlockHeader(decoding: received.header)
            certificate = try FinalityCertificate(decoding: received.certificate)
            statements = try received.statements.map { try Statement(decoding: $0) }
        } catch {
            throw ReplicaError(.certificate, "a peer's block does not decode: \(error)")
        }
        let members = replica.members
        let isResolved = resolvedHeader(at: header.height) == received.header
        guard header.ledger == ledger, header.height == replica.head.height + 1,
            isResolved
                || certificate.validVotes(over: received.header, in: members.current)
                    >= state.withLock({ $0.finality.quorum(at: header.height) })
        else { throw ReplicaError(.certificate, "a peer's block \(header.height) is not signed by a quorum") }
        // One that became a member later than this block may not be known yet, nor by which key.
        guard peers?.key(of: sender).map({ received.isSigned(by: $0) }) ?? true else {
            throw ReplicaError(.certificate, "block \(header.height) is not signed by \(sender), which sent it")
        }
        let execution: Replica.Execution
        do {
            execution = try await replica.execute(
                .init(
                    batch: Batch(
                        epoch: header.epoch, proposer: "",
                        clocks: header.clocks.map { SignedClock(member: $0.member, clock: $0.clock) },
                        statements: statements),
                    slot: received.slot, certified: Hash32.sha256(received.header)))
        } catch let error as ReplicaError where error.code == .diverged {
            try await putAside(received, from: sender, at: header.height, on: replica)
            throw ReplicaError(
                .misleading, "what \(sender) sent as block \(header.height) does not belong to its header")
        }
        guard let block = execution.block else { return }
        state.withLock { state in
            state.nextTimer = execution.nextTimer
            if execution.changesMembers { state.finality.changed(replica.members) }
            state.finality.executed(block, execution.headerHash)
        }
        if execution.changesMembers { try followMembers() }
        take(certificate.votes.map { SignedHeader(header: received.header, vote: $0) })
        if isResolved, let peers { signUnsigned(by: replica, peers) }
    }

    /// Keeps a block that does not come out as its header says, and asks its sender no more. Of more senders than may lie one is honest: then
    /// it is this node that computes something else.
    private func putAside(
        _ received: CertifiedBlock, from sender: String, at height: UInt64, on replica: Replica
    ) async throws {
        try replica.reload()
        let members = replica.members.current
        if members.index(of: sender) != nil {
            let block = MisleadingBlock(member: sender, height: height, block: received.cbor.encoded())
            try await replica.store.write { try $0.insert(block) }
        }
        let senders = state.withLock { state in
            state.misleading.insert(sender)
            return state.misleading.sorted()
        }
        if senders.count > members.faultBound {
            throw ReplicaError(
                .diverged,
                "block \(height) comes out otherwise here than a quorum signed, whoever sends it (\(senders.joined(separator: ", "))); restore this node"
            )
        }
    }

    /// The slot that a block was made of. The one that is kept with it may be the word of a peer, and a batch may be in the order twice: the
    /// first slot that holds what the block is made of is the one.
    private func place(
        of height: UInt64, near slot: UInt64, _ bounds: Range<UInt64>, of epoch: UInt64, on replica: Replica
    ) async throws -> UInt64 {
        guard let block = try replica.store.block(at: height) else { return slot }
        let signers = replica.members.members(at: height)
        for slot in bounds where Self.matches(try await sequencer.batch(in: slot, of: epoch, from: signers), block) {
            return slot
        }
        throw SequencingError(
            .rewound,
            bounds.contains(slot)
                ? "no slot holds what block \(height) was made of; the order was rewritten or belongs to another ledger"
                : "block \(height) was made of slot \(slot), and the order ends before slot \(bounds.upperBound); it was restored from an older copy or wiped"
        )
    }

    private static func matches(_ batch: Batch, _ block: StoredBlock) -> Bool {
        // What nobody signed is an empty batch, and matches nothing.
        if batch.clocks.isEmpty, block.items.isEmpty { return false }
        let ordered = Set(batch.statements.map(\.id))
        // A member that is named twice is taken by its last word, as in execution.
        let clocks = Dictionary(batch.clocks.map { ($0.member, $0.clock) }) { $1 }
        let reported = Dictionary(block.header.clocks.map { ($0.member, $0.clock) }) { $1 }
        return clocks.allSatisfy { reported[$0.key] == $0.value }
            && block.items.allSatisfy { ordered.contains($0.result.transaction) }
    }

    // MARK: Exchanging

    /// Tells peers this member's clock, and fetches the votes that did not arrive, until cancelled.
    func exchange(with peers: any PeerGroup) async {
        var waiting: UInt64?
        for round in 1... {
            if Task.isCancelled { return }
            if round.isMultiple(of: Self.resolutionRounds) { _ = await standings(peers) }
            if let own = serving.signed(clock()) { peers.publish(PeerNews(clock: own)) }
            try? await pause(Self.exchangePause)
            let first = state.withLock { $0.finality.unsigned.first?.block.header.height }
            // A block that is waited for the second time: its votes should have come by themselves.
            if let first, first == waiting {
                await withTaskGroup(of: Void.self) { group in
                    for member in peers.members { group.addTask { try? await self.fetchVotes(from: member, peers) } }
                }
            }
            let now = clock()
            state.withLock { state in
                state.stalledSince = first == nil || first != waiting ? nil : state.stalledSince ?? now
            }
            waiting = first
        }
    }

    /// Takes what a peer told by itself.
    public func take(_ news: PeerNews) {
        take(news.votes)
        guard let clock = news.clock, !replicas.contains(where: { $0.member.id == clock.member }),
            clock.isSigned(by: members.current, ledger: ledger)
        else { return }
        state.withLock { state in
            // Messages may overtake one another.
            if clock.clock >= state.clocks[clock.member]?.clock ?? 0 { state.clocks[clock.member] = clock }
        }
    }

    private func fetchVotes(from member: String, _ peers: any PeerGroup) async throws {
        guard let first = state.withLock({ $0.finality.unsigned.first?.block.header.height }) else { return }
        take(try await peers.votes(from: first, of: member))
    }
}
