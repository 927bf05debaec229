import Ledger

/// Tells in a few reads of memory which runs of the transaction index may hold an id, so that a new id costs no search in any.
///
/// A Bloom filter for each run, all of one size and stored bit-sliced: the word at a position holds that position's bit of 64 runs. 16 bits
/// for each id of a full run make one answer in a thousand wrong for a run, and a wrong answer costs a search, nothing else.
struct RunFilter {
    private static let positionBits = 19
    /// Bits that an id sets.
    private static let probes = 6
    /// Runs that one word speaks of.
    private static let sliceWidth = 64

    /// Each has a word for every position.
    private var slices: [[UInt64]] = []

    /// Notes that a run, counted from 0, holds an id.
    mutating func insert(_ id: Hash32, run: Int) {
        let slice = run / Self.sliceWidth
        while slices.count <= slice { slices.append([UInt64](repeating: 0, count: 1 << Self.positionBits)) }
        let bit: UInt64 = 1 << UInt64(run % Self.sliceWidth)
        let words = Self.words(of: id)
        for probe in 0..<Self.probes { slices[slice][Self.position(probe, words)] |= bit }
    }

    /// Runs that may hold an id, the latest first.
    func candidates(for id: Hash32) -> [Int] {
        var found: [Int] = []
        let words = Self.words(of: id)
        for slice in slices.indices.reversed() {
            var runs = UInt64.max
            for probe in 0..<Self.probes where runs != 0 { runs &= slices[slice][Self.position(probe, words)] }
            while runs != 0 {
                let highest = UInt64.bitWidth - 1 - runs.leadingZeroBitCount
                found.append(slice * Self.sliceWidth + highest)
                runs &= ~(1 << UInt64(highest))
            }
        }
        return found
    }

    /// An id is a digest, so its own bits are as good as any hash of it.
    private static func words(of id: Hash32) -> (UInt64, UInt64) {
        id.withUnsafeBytes {
            (
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            )
        }
    }

    private static func position(_ probe: Int, _ words: (UInt64, UInt64)) -> Int {
        let word = probe < 3 ? words.0 : words.1
        return Int(truncatingIfNeeded: word >> UInt64(positionBits * (probe % 3))) & (1 << positionBits - 1)
    }
}
