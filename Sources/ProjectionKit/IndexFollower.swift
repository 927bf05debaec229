import Ledger
import Replica

extension RecordIndex {
    /// Statements that are enough for one transaction of the index.
    private static let transactionSize = 4_000
    /// Statements at once from which on the ledger is under load.
    private static let busySize = 200
    /// How long the index rests under load, so that the next blocks share a transaction and its pages.
    private static let rest = Duration.milliseconds(200)

    /// Puts every final block in, from where the index stands on; runs until cancelled or the ledger stops.
    public func follow(_ node: LedgerNode) async throws {
        var height = try nextHeight(of: node.ledger)
        while !Task.isCancelled {
            var blocks = [try await node.keptBlock(from: height).block]
            var count = blocks[0].items.count
            height = blocks[0].header.height + 1
            while count < Self.transactionSize, height <= node.finalHeight {
                let block = try await node.finalBlock(at: height).block
                // Its statements are elsewhere, or on their way here.
                if !block.isWhole { break }
                blocks.append(block)
                count += block.items.count
                height += 1
            }
            try await apply(blocks)
            if count >= Self.busySize { try await Task.sleep(for: Self.rest) }
        }
    }

    /// Waits until a block is in the index, at most two seconds, so that a page shows what its visitor has just done.
    public func waitFor(height: UInt64, of node: LedgerNode) async throws {
        for _ in 0..<100 where try nextHeight(of: node.ledger) <= height {
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
