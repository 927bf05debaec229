import GRDB
import LedgerStore

extension LedgerStore {
    /// Returns when the writes that were asked for are done: the writer takes one after another.
    func awaitWrites() { pool.unsafeReentrantWrite { _ in } }
}
