import Foundation
import Ledger
import Replica
import Sequencing
import Synchronization

/// Four nodes of one member each over one order, connected as their peers would be over HTTP; a fifth may join them.
final class MembersApart: Sendable {
    let consortium: TestConsortium
    private let order = EmbeddedSequencer()
    /// Of each member, where order is made outside of this process.
    private let orders: (@Sendable (Int) throws -> any Sequencer)?
    private let nodes = Mutex<[String: LedgerNode]>([:])
    /// A member that claims to be ahead, and sends certified headers with other statements.
    let liar = Mutex<Int?>(nil)

    /// What member 0 sends to those that join by its state.
    enum SnapshotLie: CaseIterable, Sendable {
        case otherValue, entryLeftOut, noCertificate, otherResult, otherLeaf, endless
    }
    let snapshotLie = Mutex<SnapshotLie?>(nil)
    /// Pages of state that were sent, by member.
    let pages = Mutex<[String: Int]>([:])
    /// What a member keeps and how it joins, where that is not the usual.
    let histories = Mutex<[Int: LedgerNode.History]>([:])

    /// Of the four members, and of the one that may join.
    let keys: [SigningKey]
    /// Keys that each member's node has, the one in use first.
    let folders: Mutex<[[SigningKey]]>
    /// Slots that count for nothing, as those do that somebody else signed.
    let blank = Mutex<Set<UInt64>>([])

    init(
        _ consortium: TestConsortium? = nil, orders: (@Sendable (Int) throws -> any Sequencer)? = nil
    ) throws {
        self.consortium = try consortium ?? TestConsortium()
        self.orders = orders
        keys = self.consortium.memberKeys + [SigningKey.generate()]
        folders = Mutex(keys.map { [$0] })
    }

    /// A statement that a member signs with the key of its node.
    func statement(_ name: String, _ arguments: [(String, CBOR)], of member: Int) throws -> Statement {
        try Statement.sign(
            Ledger.Operation("membership", name, arguments), issuer: "member-m\(member)", subject: "members",
            validUntil: UInt64(Date().timeIntervalSince1970) + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: consortium.genesis.id,
            with: folders.withLock { $0[member][0] })
    }

    /// The order as one node sees it: closing ends that node alone, and nothing is forgotten.
    private final class View: Sequencer {
        let order: EmbeddedSequencer
        let isBlank: @Sendable (UInt64) -> Bool
        let isClosed = Mutex(false)
        init(_ order: EmbeddedSequencer, isBlank: @escaping @Sendable (UInt64) -> Bool) {
            self.order = order
            self.isBlank = isBlank
        }

        var trouble: String? { nil }
        func bounds() async throws -> Range<UInt64> { await order.bounds() }
        func append(_ batch: Batch) async throws -> UInt64 { try await order.append(batch) }
        func release(through slot: UInt64, of epoch: UInt64, by members: MemberSet) async {}
        func close() { isClosed.withLock { $0 = true } }
        func begin(_ epoch: UInt64) {}

        func batch(in slot: UInt64, of epoch: UInt64, from members: MemberSet) async throws -> Batch {
            while await order.bounds().upperBound <= slot {
                if isClosed.withLock({ $0 }) || Task.isCancelled { throw CancellationError() }
                try await Task.sleep(for: .milliseconds(5))
            }
            let batch = try await order.batch(in: slot, of: epoch, from: members)
            return isBlank(slot) ? Batch(epoch: 0, proposer: "", clocks: [], statements: []) : batch
        }
    }

    private struct Peers: PeerGroup {
        let own: String
        let members: [String]
        let network: MembersApart

        func use(_ addresses: [String: String], of members: MemberHistory, without left: Set<String>) {}

        func key(of member: String) -> VerifyingKey? {
            try? network.node(member).serving.member.keys.shown.verifyingKey
        }
        func publish(_ news: PeerNews) {
            for member in members { (try? network.node(member))?.take(news) }
        }
        func standing(of member: String) async throws -> PeerStanding {
            let standing = try network.node(member).standing(for: own)
            guard network.liar.withLock({ $0.map { "m\($0)" } }) == member else { return standing }
            return PeerStanding(finalHeight: standing.finalHeight + 1, lastVote: standing.lastVote)
        }
        func votes(from height: UInt64, of member: String) async throws -> [SignedHeader] {
            try network.node(member).votes(from: height)
        }
        func blocks(from height: UInt64, of member: String) async throws -> [CertifiedBlock] {
            let blocks = try network.node(member).certifiedBlocks(from: height, bytes: 1 << 20)
            guard let liar = network.liar.withLock({ $0 }), member == "m\(liar)" else { return blocks }
            return blocks.map {
                .sign(
                    header: $0.header, certificate: $0.certificate, slot: $0.slot, statements: [],
                    with: network.consortium.memberKeys[liar])
            }
        }
        func snapshotOffer(of member: String) async throws -> SnapshotOffer {
            try network.node(member).snapshotOffer()
        }
        func bareBlocks(from height: UInt64, of member: String) async throws -> [BareBlock] {
            let blocks = try network.node(member).bareBlocks(from: height)
            guard member == "m0", let lie = network.snapshotLie.withLock({ $0 }) else { return blocks }
            return try blocks.map { try lie.twist($0) }
        }
        func stateEntries(at height: UInt64, after key: Bytes, of member: String) async throws -> [StateEntry] {
            let entries = try network.node(member).stateEntries(at: height, after: key)
            network.pages.withLock { $0[member, default: 0] += 1 }
            guard member == "m0", let lie = network.snapshotLie.withLock({ $0 }) else { return entries }
            return lie.twist(entries, after: key, members: try network.node(member).stateEntries(at: height, after: []))
        }
        func cosignatures(at height: UInt64, of member: String) async throws -> [String] {
            try network.node(member).ownCosignatures(at: height)
        }
        func signature(for request: ResolutionRequest, of member: String) async throws -> ResolutionAnswer {
            try await network.node(member).sign(request)
        }
        func receipts(for transaction: Hash32, of member: String) async throws -> [Bytes] {
            try network.node(member).ownReceipts(for: transaction) ?? []
        }
    }

    private func node(_ member: String) throws -> LedgerNode {
        guard let node = nodes.withLock({ $0[member] }) else { throw ReplicaError(.stopped, "\(member) is down") }
        return node
    }

    /// Puts a batch into the order as a lying member could.
    func order(_ statements: [Statement], by member: Int) async throws {
        _ = try await order.append(
            Batch(
                epoch: 0, proposer: "m\(member)",
                clocks: [.init(member: "m\(member)", clock: UInt64(Date().timeIntervalSince1970 * 1000))],
                statements: statements))
    }

    private func memberKeys(_ member: Int) throws -> MemberKeys {
        try MemberKeys { [self] key in
            folders.withLock { $0[member] = [key] }
        } load: { [self] in
            folders.withLock { $0[member] }
        }
    }

    /// The slot that is filled next.
    func nextSlot() async -> UInt64 { await order.bounds().upperBound }

    /// Runs the nodes of some members as long as `body` does.
    func run<R: Sendable>(_ members: [Int], _ body: ([LedgerNode]) async throws -> R) async throws -> R {
        var started: [(node: LedgerNode, task: Task<Void, Never>)] = []
        for member in members {
            let others = keys.indices.filter { $0 != member }.map { "m\($0)" }
            let node = try await LedgerNode.member(
                genesis: consortium.genesis,
                member: .init(id: "m\(member)", storePath: consortium.path(member), keys: try memberKeys(member)),
                contracts: consortium.contracts,
                sequencer: try orders?(member) ?? View(order) { [self] slot in blank.withLock { $0.contains(slot) } },
                peers: Peers(own: "m\(member)", members: others, network: self),
                clock: { UInt64(Date().timeIntervalSince1970 * 1000) },
                history: histories.withLock { $0[member] ?? .init() })
            nodes.withLock { $0["m\(member)"] = node }
            started.append((node, Task { await node.run() }))
        }
        func stop() async {
            for (index, item) in started.enumerated() {
                nodes.withLock { $0["m\(members[index])"] = nil }
                item.task.cancel()
                await item.task.value
            }
        }
        do {
            for item in started { try await item.node.waitForFinal(0) }
            let result = try await body(started.map(\.node))
            await stop()
            return result
        } catch {
            await stop()
            throw error
        }
    }
}

extension MembersApart.SnapshotLie {
    func twist(_ block: BareBlock) throws -> BareBlock {
        guard var parts = block.block.array, let header = parts[0].bytes,
            try BlockHeader(decoding: header).height == 3, let body = parts[3].bytes,
            var items = try CBOR.decode(body, limits: .large).array, var item = items.first?.array
        else { return block }
        switch self {
        case .noCertificate: return BareBlock(block: block.block, certificate: FinalityCertificate(votes: []).encoded())
        // Another id: a statement that was made already would be taken a second time.
        case .otherResult: item[1] = .hash(Hash32.sha256([1]))
        case .otherLeaf: item[0] = .hash(Hash32.sha256([1]))
        default: return block
        }
        items[0] = .array(item)
        parts[3] = .bytes(CBOR.array(items).encoded())
        return BareBlock(block: .array(parts), certificate: block.certificate)
    }

    func twist(_ entries: [StateEntry], after key: Bytes, members all: [StateEntry]) -> [StateEntry] {
        switch self {
        case .otherValue where !entries.isEmpty:
            return entries.dropLast() + [StateEntry(key: entries[entries.count - 1].key, value: [1, 2])]
        case .entryLeftOut: return Array(entries.dropFirst(key.isEmpty ? 1 : 0))
        case .endless: return all
        default: return entries
        }
    }
}
