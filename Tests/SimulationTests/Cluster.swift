import ContractKit
import EtcdSequencing
import Foundation
import Ledger
import LedgerStore
import Replica
import Sequencing
import TestSupport

/// A ledger with its members' nodes, all in this process: the engine, the store and the order's chain of slots are those of the product.
final class Cluster: @unchecked Sendable {
    /// A node from one start to its crash.
    final class Run: @unchecked Sendable {
        let number: Int
        let store: LedgerStore
        var node: LedgerNode?
        var failure: (any Error)?
        var task: Task<Void, Never>?

        init(number: Int, store: LedgerStore) {
            self.number = number
            self.store = store
        }
    }

    let scheduler: Scheduler
    let network: SimulatedNetwork
    let etcd: SimulatedEtcd
    let scenario: Scenario
    let folder: URL
    let genesis: Genesis
    let keys: [SigningKey]
    /// What replaces the key of ``Scenario/rotates``.
    let rotated: SigningKey?
    let people: [(id: String, key: SigningKey)]
    let contracts: [any Contract] = [MembershipContract(), WalletContract()]
    /// Keys that each member's node has, the one in use first. No crash takes them.
    private(set) var folders: [[SigningKey]]
    private(set) var runs: [Int: Run] = [:]
    private var starts = 0
    /// States that nodes asked for instead of executing blocks.
    fileprivate(set) var snapshots = 0
    /// How wrong each node's clock is, ms.
    private var skews: [Int64]
    /// News of members, for a liar to send again.
    private var oldNews: [PeerNews] = []

    init(seed: UInt64, bug: Scenario.PlantedBug) throws {
        scheduler = Scheduler(seed: seed)
        network = SimulatedNetwork(scheduler)
        etcd = SimulatedEtcd(scheduler, network)
        scenario = Scenario(scheduler, bug: bug)
        // Memory where there is some: nothing here is to outlive the process.
        let memory = URL(filePath: "/dev/shm")
        let base = FileManager.default.isWritableFile(atPath: memory.path) ? memory : URL.temporaryDirectory
        folder = base.appending(path: "cairn-simulation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var random = scheduler.random
        let all = scenario.members + (scenario.joins ? 1 : 0)
        keys = try (0..<all).map { _ in try SigningKey(ed25519Seed: random.bytes(32)) }
        people = try (0..<3).map { ("person\($0)", try SigningKey(ed25519Seed: random.bytes(32))) }
        skews = (0..<all).map { _ in Int64.random(in: -2_000...2_000, using: &random) }
        rotated = try scenario.rotates.map { _ in try SigningKey(ed25519Seed: random.bytes(32)) }
        scheduler.random = random
        folders = keys.map { [$0] }
        genesis = Genesis(
            name: "simulation", time: Scheduler.start,
            members: try MemberSet(
                keys.prefix(scenario.members).enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) }),
            memberNames: (0..<scenario.members).map { ("m\($0)", "Member \($0)") },
            participants: people.map {
                .init(id: $0.id, member: "m0", roles: ["registrar"], name: $0.id, key: $0.key.verifyingKey)
            },
            contracts: contracts.map { .init(contract: $0.name, version: 1, height: 0) },
            parameters: CBORMap([("wallet", ["issuers": ["EUR": "person0"]])]))
    }

    /// Index of the one that the members admit.
    var newcomer: Int? { scenario.joins ? scenario.members : nil }
    var honest: [Int] { keys.indices.filter { $0 != scenario.liar } }
    func node(_ index: Int) -> LedgerNode? { runs[index]?.node }

    func remove() {
        for index in runs.keys.sorted() { crash(index) }
        // What waits is told that its node has ended; nobody looks any more.
        network.heal()
        for _ in 0..<50_000 where !scheduler.step() { break }
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Starting and crashing

    enum Disk { case kept, lost }

    private func path(_ number: Int) -> String { folder.appending(path: "\(number).sqlite").path }

    func start(_ index: Int, disk: Disk = .kept) throws {
        starts += 1
        let store = try LedgerStore(path: path(starts))
        let run = Run(number: starts, store: store)
        runs[index] = run
        network.runs[index] = starts
        let executor = NodeExecutor(number: starts, scheduler: scheduler, store: store)
        let held = try MemberKeys {
            self.folders[index] = [$0]
        } load: {
            self.folders[index]
        }
        let order = EtcdSequencer(
            etcd.store(of: index), ledger: genesis.id, member: "m\(index)", signing: held,
            wait: { try await self.scheduler.sleep($0) }, report: { _ in })
        let sequencer: any Sequencer =
            scenario.bug == .orderFromWatch
            ? WatchedOrder(order, etcd, scheduler, node: index) : order
        let peers = SimulatedPeers(cluster: self, own: index)
        let skew = skews[index]
        let missing = scenario.bug == .quorumOffByOne ? 1 : 0
        let forgets = scenario.bug == .noSignState
        run.task = Task(executorPreference: executor) {
            do {
                if forgets, disk == .lost { try await self.pretendNothingWasSigned(store, of: index) }
                let node = try await LedgerNode.member(
                    genesis: self.genesis, store: store, member: "m\(index)", keys: held,
                    contracts: self.contracts,
                    sequencer: sequencer, peers: peers,
                    clock: { UInt64(Int64(self.scheduler.clock) + skew) },
                    pause: { try await self.scheduler.sleep($0) }, rule: { $0.quorum - missing },
                    history: .init(
                        keepBlocks: self.scenario.keepBlocks, snapshotBeyond: self.scenario.snapshotBeyond))
                run.node = node
                await node.run()
            } catch {
                run.failure = error
            }
        }
    }

    /// A replica whose file says that the member may sign from the first height on.
    private func pretendNothingWasSigned(_ store: LedgerStore, of index: Int) async throws {
        _ = try await Replica.open(
            store: store, genesis: genesis, member: "m\(index)", keys: .init(keys[index]), contracts: contracts)
    }

    /// Ends a node at once. What was committed is on the disk of the next run, and nothing else is anywhere.
    func crash(_ index: Int) {
        guard let run = runs.removeValue(forKey: index) else { return }
        network.runs[index] = nil
        // The next run's files are what this one's disk holds now, log and all, while a transaction may be under way.
        for suffix in ["", "-wal"] {
            try? FileManager.default.copyItem(
                atPath: path(run.number) + suffix, toPath: folder.appending(path: "disk\(index)\(suffix)").path)
        }
        run.task?.cancel()
    }

    func restart(_ index: Int, disk: Disk) throws {
        let forgotten = scenario.bug == .noSignState
        for suffix in ["", "-wal"] {
            let kept = folder.appending(path: "disk\(index)\(suffix)").path
            if disk == .kept, !forgotten {
                try? FileManager.default.moveItem(atPath: kept, toPath: path(starts + 1) + suffix)
            }
            try? FileManager.default.removeItem(atPath: kept)
        }
        try start(index, disk: forgotten ? .lost : disk)
    }

    /// Does something where the tasks of a node's run are put.
    func perform(on run: Run, _ action: @escaping @Sendable () async throws -> Void) {
        let executor = NodeExecutor(number: run.number, scheduler: scheduler, store: run.store)
        Task(executorPreference: executor) { try? await action() }
    }

    /// An operator begins a new order at a node.
    func beginOrder(at index: Int) {
        guard let run = runs[index], let node = run.node else { return }
        perform(on: run) { _ = try await node.beginOrder() }
    }

    /// Has a node let go of the statements that it does not keep.
    func prune(_ index: Int) {
        guard let run = runs[index], let node = run.node else { return }
        perform(on: run) { try await node.prune(below: .max) }
    }

    // MARK: Statements

    func statement(_ operation: Ledger.Operation, from person: Int) throws -> Statement {
        try sign(operation, issuer: people[person].id, with: people[person].key)
    }

    private func sign(_ operation: Ledger.Operation, issuer: String, with key: SigningKey) throws -> Statement {
        try Statement.sign(
            operation, issuer: issuer, subject: "simulation", validUntil: scheduler.clock / 1000 + 3_600,
            nonce: scheduler.random.bytes(8), ledger: genesis.id, with: key)
    }

    /// What a member says about members, with the key of its node.
    func ballot(_ name: String, _ arguments: [(String, CBOR)], of member: Int) throws -> Statement {
        let key = node(member)?.serving.member.keys.shown ?? folders[member][0]
        return try sign(Ledger.Operation("membership", name, arguments), issuer: "member-m\(member)", with: key)
    }

    /// What a member says of its next key, which lies beside the present one from then on.
    func rotation(of member: Int, to next: SigningKey) throws -> Statement {
        if !folders[member].contains(where: { $0.kid == next.kid }) { folders[member].append(next) }
        let proof = next.sign(MembershipContract.possession(of: "m\(member)", after: keys[member].kid))
        return try ballot(
            "rotateMember", [("key", .bytes(next.verifyingKey.coseKey)), ("proof", .bytes(proof))], of: member)
    }

    func proposal(of newcomer: Int, by member: Int) throws -> Statement {
        try ballot(
            "proposeMember",
            [
                ("id", .text("m\(newcomer)")), ("name", "Newcomer"),
                ("key", .bytes(keys[newcomer].verifyingKey.coseKey)), ("address", .null),
            ], of: member)
    }

    func issue() throws -> Statement {
        try statement(
            Ledger.Operation(
                "wallet", "issue",
                [("to", .text(people[1].id)), ("amount", .unsigned(scheduler.pick(1...100))), ("currency", "EUR")]),
            from: 0)
    }

    // MARK: Lies of a member

    /// With an order that shows two halves different slots, the liar takes care that neither hears of the other.
    var keepsApart: Bool { scenario.order == .split && scenario.liar != nil }

    /// What a liar makes of a message of another: it signs whatever it sees, and sends old news again.
    func tempt(_ news: PeerNews, of sender: Int) {
        guard let liar = scenario.liar, runs[liar] != nil else { return }
        oldNews.append(news)
        let votes = news.votes.map {
            SignedHeader(header: $0.header, vote: Vote.sign($0.header, with: keys[liar]))
        }
        let old = oldNews[Int(scheduler.pick(0...UInt64(oldNews.count - 1)))]
        for other in honest where !keepsApart || network.sides[other] == network.sides[sender] {
            network.send(from: liar, to: other) { self.node(other)?.take(PeerNews(votes: votes)) }
            if scheduler.chance(10), !keepsApart { network.send(from: liar, to: other) { self.node(other)?.take(old) } }
        }
    }

    /// The liar's own votes: withheld from some, and others get one for a header that nobody computed.
    func twist(_ votes: [SignedHeader], of liar: Int) -> [SignedHeader] {
        if scheduler.chance(40) { return [] }
        return votes
            + votes.compactMap { signed in
                guard scheduler.chance(40), var header = try? BlockHeader(decoding: signed.header) else { return nil }
                header.stateRoot = Hash32.sha256(Bytes("\(scheduler.now)".utf8))
                return SignedHeader(header: header.encoded(), vote: Vote.sign(header.encoded(), with: keys[liar]))
            }
    }

    /// Brings old and forged statements into the order, with clocks left out.
    func disturbOrder() {
        guard let liar = scenario.liar, let run = runs[liar], let node = run.node,
            let old = try? node.serving.store.blocks(from: 1, limit: 3).flatMap({ $0.items.compactMap(\.statement) }),
            var forged = try? issue().bytes
        else { return }
        let order = EtcdSequencer(
            etcd.store(of: liar), ledger: genesis.id, member: "m\(liar)", signing: .init(keys[liar]),
            wait: { try await self.scheduler.sleep($0) }, report: { _ in })
        forged[forged.count - 1] ^= 1
        let statements = (old + [forged]).compactMap { try? Statement(decoding: $0) }
        perform(on: run) {
            defer { order.close() }
            _ = try await order.append(Batch(epoch: 0, proposer: "m\(liar)", clocks: [], statements: statements))
        }
    }
}

/// A node's connections to the others.
struct SimulatedPeers: PeerGroup {
    private static let timeout: UInt64 = 10_000_000

    let cluster: Cluster
    let own: Int

    private func index(of member: String) -> Int { Int(member.dropFirst()) ?? 0 }

    var members: [String] { cluster.keys.indices.filter { $0 != own }.map { "m\($0)" } }

    func use(_ addresses: [String: String], of members: MemberHistory, without left: Set<String>) {}

    func key(of member: String) -> VerifyingKey? {
        cluster.node(index(of: member))?.serving.member.keys.shown.verifyingKey
    }

    func publish(_ news: PeerNews) {
        guard let network = cluster.runs[own].map({ _ in cluster.network }) else { return }
        let isLiar = own == cluster.scenario.liar
        for other in cluster.keys.indices where other != own {
            let votes = isLiar ? cluster.keepsApart ? [] : cluster.twist(news.votes, of: own) : news.votes
            let sent = PeerNews(votes: votes, clock: news.clock)
            network.send(from: own, to: other) {
                guard let decoded = try? PeerNews(cbor: CBOR.decode(sent.cbor.encoded())) else { return }
                cluster.node(other)?.take(decoded)
                if other == cluster.scenario.liar { cluster.tempt(decoded, of: own) }
            }
        }
    }

    private func ask<R: Sendable>(
        _ member: String, _ answer: @escaping @Sendable (LedgerNode, Bool) throws -> R
    ) async throws -> R {
        let other = index(of: member)
        return try await cluster.network.request(from: own, to: other, timeout: Self.timeout) {
            guard let node = cluster.node(other) else { throw SimulatedNetwork.Lost() }
            let lies = other == cluster.scenario.liar
            if lies, cluster.keepsApart { throw SimulatedNetwork.Lost() }
            return try answer(node, lies)
        }
    }

    func standing(of member: String) async throws -> PeerStanding {
        try await ask(member) { node, lies in
            let standing = node.standing(for: "m\(own)")
            guard lies else { return standing }
            // It knows of no vote, and claims to be ahead.
            return PeerStanding(finalHeight: standing.finalHeight + cluster.scheduler.pick(0...3), lastVote: nil)
        }
    }

    func votes(from height: UInt64, of member: String) async throws -> [SignedHeader] {
        try await ask(member) { node, lies in
            let votes = try node.votes(from: height)
            return lies ? cluster.twist(votes, of: index(of: member)) : votes
        }
    }

    func blocks(from height: UInt64, of member: String) async throws -> [CertifiedBlock] {
        try await ask(member) { node, lies in
            let blocks = try node.certifiedBlocks(from: height, bytes: 1 << 20)
            return lies ? blocks.map(twist) : blocks
        }
    }

    /// A certified header with other statements, with another slot, or without its certificate.
    private func twist(_ block: CertifiedBlock) -> CertifiedBlock {
        var (certificate, slot, statements) = (block.certificate, block.slot, block.statements)
        switch cluster.scheduler.pick(0...4) {
        case 0: statements = []
        case 1: if let other = try? cluster.issue().bytes { statements.append(other) }
        case 2: slot = (slot ?? 0) + 1
        case 3: certificate = FinalityCertificate(votes: []).encoded()
        default: break
        }
        return .sign(
            header: block.header, certificate: certificate, slot: slot, statements: statements,
            with: cluster.keys[cluster.scenario.liar ?? own])
    }

    func snapshotOffer(of member: String) async throws -> SnapshotOffer {
        try await ask(member) { node, _ in try node.snapshotOffer() }
    }

    func bareBlocks(from height: UInt64, of member: String) async throws -> [BareBlock] {
        try await ask(member) { node, lies in
            let blocks = try node.bareBlocks(from: height)
            guard lies, cluster.scheduler.chance(30) else { return blocks }
            return blocks.map { BareBlock(block: $0.block, certificate: FinalityCertificate(votes: []).encoded()) }
        }
    }

    func stateEntries(at height: UInt64, after key: Bytes, of member: String) async throws -> [StateEntry] {
        try await ask(member) { node, lies in
            if key.isEmpty { cluster.snapshots += 1 }
            let entries = try node.stateEntries(at: height, after: key)
            // One entry less, or another value.
            guard lies, let last = entries.last else { return entries }
            return entries.dropLast() + (cluster.scheduler.chance(50) ? [] : [.init(key: last.key, value: [0])])
        }
    }

    func receipts(for transaction: Hash32, of member: String) async throws -> [Bytes] { [] }
    func cosignatures(at height: UInt64, of member: String) async throws -> [String] { [] }

    func signature(for request: ResolutionRequest, of member: String) async throws -> ResolutionAnswer {
        let (other, asking) = (index(of: member), cluster.runs[own]?.number)
        return try await cluster.scheduler.suspend { ticket in
            cluster.scheduler.after(Self.timeout) { ticket.use(.failure(SimulatedNetwork.Lost())) }
            cluster.network.send(from: own, to: other) {
                guard let run = cluster.runs[other], let node = run.node else { return }
                cluster.perform(on: run) {
                    let answer =
                        other == cluster.scenario.liar ? .refusal("no", epoch: .max) : try await node.sign(request)
                    cluster.network.send(from: other, to: own) {
                        if cluster.runs[own]?.number == asking { ticket.use(.success(answer)) }
                    }
                }
            }
        }
    }
}
