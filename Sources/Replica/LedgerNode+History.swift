import Ledger
import LedgerStore

/// The statements of blocks that are past: which of them this member keeps, and fetching those that it lacks.
extension LedgerNode {
    /// What a member keeps of the past, and how it comes by it.
    public struct History: Sendable {
        /// Fewest that a member may be told to keep: peers that are away for a while, and read models, need them.
        public static let fewestBlocks: UInt64 = 1_000

        /// The latest blocks whose statements are kept; nil keeps all.
        public let keepBlocks: UInt64?
        /// Blocks that the ledger is ahead from which on the node takes over a peer's state instead of executing them.
        public let snapshotBeyond: UInt64

        public init(keepBlocks: UInt64? = nil, snapshotBeyond: UInt64 = 10_000) {
            self.keepBlocks = keepBlocks
            self.snapshotBeyond = snapshotBeyond
        }

        /// The first height whose statements are kept.
        func floor(_ finalHeight: UInt64) -> UInt64 {
            // Genesis has none.
            max(1, keepBlocks.map { finalHeight + 1 >= $0 ? finalHeight + 1 - $0 : 0 } ?? 0)
        }
    }

    /// Blocks in one transaction, while which no other block is written.
    private static let step = 50
    /// Pages in one transaction.
    private static let pageStep = 500
    /// Between two looks at what is missing, and between two questions to peers that do not answer.
    private static let idlePause = Duration.seconds(1)

    /// The first final block from a height on that is here with its statements, waiting for it: for those that are still to come, and for those
    /// that are being fetched. Blocks of which nobody keeps the statements are passed over.
    public func keptBlock(from height: UInt64) async throws -> FinalBlock {
        var height = height
        while true {
            let final = try await finalBlock(at: height)
            if final.block.isWhole { return final }
            if state.withLock({ $0.missing.map { $0 <= height } ?? false }) {
                try await pause(.milliseconds(100))
            } else {
                height = try serving.store.firstKept(from: height) ?? finalHeight + 1
            }
        }
    }

    /// The lowest height above which this member keeps all statements; 1 where it keeps all.
    public func keptFrom() throws -> UInt64 {
        // Blocks are let go from below, and fetched from below.
        var height: UInt64 = 1
        while let bare = try serving.store.firstBare(from: height) {
            guard let kept = try serving.store.firstKept(from: bare) else { return finalHeight + 1 }
            height = kept
        }
        return height
    }

    /// Bytes of statements that were let go since the start.
    public var prunedStatementBytes: Int { prunedBytes.load(ordering: .relaxed) }

    // MARK: Letting go

    /// Lets go of statements that the member is not to keep, as far as its read models have seen them, and no member lags so far that it needs
    /// them: where another one is silent or lies, the ledger may have to wait for the one that lags.
    ///
    /// - Parameter seen: the height below which the read models have seen them.
    public func prune(below seen: UInt64) async throws {
        guard history.keepBlocks != nil else { return }
        let needed = state.withLock { $0.finality.neededFrom(besides: serving.member.id) }
        let floor = min(seen, needed, history.floor(finalHeight))
        var hasFreed = false
        while true {
            let pruned = try await serving.store.prune(below: floor, limit: Self.step)
            prunedBytes.add(pruned.bytes, ordering: .relaxed)
            let freed = try await serving.store.giveBackPages(limit: Self.pageStep)
            if pruned.blocks == 0, freed == 0 { break }
            hasFreed = hasFreed || freed > 0
        }
        if hasFreed { try await serving.store.shorten() }
    }

    // MARK: Fetching

    /// Fetches the statements of blocks that came without, until cancelled.
    func fillHistory(from peers: any PeerGroup) async {
        while !Task.isCancelled {
            let isDone = (try? await fillNext(from: peers)) ?? false
            if !isDone { try? await pause(Self.idlePause) }
        }
    }

    /// - Returns: whether to go on at once.
    private func fillNext(from peers: any PeerGroup) async throws -> Bool {
        guard let missing = state.withLock({ $0.missing }) else { return false }
        let store = serving.store
        guard let first = try store.firstBare(from: max(missing, history.floor(finalHeight))) else {
            state.withLock { $0.missing = nil }
            return false
        }
        let end = try store.firstKept(from: first) ?? finalHeight + 1
        var answers = 0
        var others: UInt64 = end
        for member in peers.members where !state.withLock({ $0.misleading.contains(member) }) {
            guard let blocks = try? await peers.blocks(from: first, of: member) else { continue }
            answers += 1
            let found = blocks.compactMap { block in
                (try? BlockHeader(decoding: block.header)).map { (height: $0.height, statements: block.statements) }
            }
            guard let start = found.first?.height, start < end else { continue }
            if start > first {
                others = min(others, start)
                continue
            }
            if try await fill(found.filter { $0.height < end }, from: first) { return true }
            state.withLock { _ = $0.misleading.insert(member) }
        }
        // Nobody who answers has them any more.
        guard answers + 1 >= members.current.quorum else { return false }
        state.withLock { $0.missing = others }
        return true
    }

    private func fill(_ blocks: [(height: UInt64, statements: [Bytes])], from first: UInt64) async throws -> Bool {
        guard blocks.enumerated().allSatisfy({ $1.height == first + UInt64($0) }) else { return false }
        for start in stride(from: 0, to: blocks.count, by: Self.step) {
            guard try await serving.store.fill(Array(blocks[start..<min(start + Self.step, blocks.count)])) else {
                return false
            }
        }
        return true
    }
}
