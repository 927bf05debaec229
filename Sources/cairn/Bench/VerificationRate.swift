import Dispatch
import Foundation
import Ledger
import Synchronization

/// The bound that signed transactions are compared with: how fast the cores verify their signatures and do nothing else.
enum VerificationRate {
    /// Signatures verified a second by all cores together, measured for `seconds`.
    static func measure(count samples: Int, seconds: Double, verify: @escaping @Sendable (Int) -> Bool) -> Double {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let total = Mutex(0)
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            var count = 0
            var index = core
            while !count.isMultiple(of: 64) || ContinuousClock.now < end {
                precondition(verify(index % samples), "a signature of the benchmark does not verify")
                count += 1
                index += cores
            }
            total.withLock { $0 += count }
        }
        return Double(total.withLock { $0 }) / (ContinuousClock.now - start).seconds
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
