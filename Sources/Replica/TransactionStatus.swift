import Ledger
import LedgerStore

/// Where a transaction is on its way, in the words that clients see.
public enum TransactionStatus: Sendable {
    /// Admitted, not yet in a slot.
    case received
    /// In a slot of the total order.
    case ordered
    /// Signed by a quorum; see ``TransactionOutcome/word`` for FINAL, REJECTED or EXPIRED.
    case final(TransactionOutcome)

    public var word: String {
        switch self {
        case .received: "RECEIVED"
        case .ordered: "ORDERED"
        case .final(let outcome): outcome.word
        }
    }
}

/// The final outcome of a transaction.
public struct TransactionOutcome: Sendable {
    public let height: UInt64
    /// Among the block's ordered statements.
    public let position: Int
    /// nil for a rejected transaction, which has no leaf.
    public let leafIndex: UInt64?
    public let result: TransactionResult
    /// Ledger time of the block, ms.
    public let time: UInt64

    init(block: StoredBlock, position: Int) {
        height = block.header.height
        self.position = position
        leafIndex = block.leafIndex(of: position)
        result = block.items[position].result
        time = block.header.time
    }

    init(block: StoredBlock, position: Int, leafIndex: UInt64?) {
        height = block.header.height
        self.position = position
        self.leafIndex = leafIndex
        result = block.items[position].result
        time = block.header.time
    }

    /// FINAL, REJECTED or EXPIRED.
    public var word: String {
        guard let rejection = result.rejection else { return "FINAL" }
        return rejection == BlockExecutor.Refusal.expired ? "EXPIRED" : "REJECTED"
    }
}

/// A block with the signatures that make it final.
public struct FinalBlock: Sendable {
    public let block: StoredBlock
    /// Encoded ``FinalityCertificate``.
    public let certificate: Bytes

    public var header: BlockHeader { block.header }
}
