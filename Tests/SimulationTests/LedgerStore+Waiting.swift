import Dispatch
import GRDB
import LedgerStore

extension LedgerStore {
    /// Does something with the disk held: writes that it asks for are done afterwards, and are done when this returns. Otherwise a write might
    /// or might not be over before its task waits for it.
    func withHeldDisk(_ body: () -> Void) {
        let held = DispatchSemaphore(value: 0)
        pool.asyncWriteWithoutTransaction { _ in held.wait() }
        body()
        held.signal()
        // The writer takes one after another.
        pool.unsafeReentrantWrite { _ in }
    }
}
