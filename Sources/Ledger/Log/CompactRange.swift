/// The roots of the perfect subtrees that make up the first `count` leaves, largest first: all it takes to append and to know the root.
public struct CompactRange: Sendable, Hashable {
    public private(set) var count: UInt64 = 0
    private var peaks: [Hash32] = []

    public init() {}

    /// Rebuilds from the peaks of a tree with `count` leaves: one for each set bit of `count`.
    init(count: UInt64, peaks: [Hash32]) {
        precondition(peaks.count == count.nonzeroBitCount, "one peak for each set bit")
        self.count = count
        self.peaks = peaks
    }

    /// Appends a leaf hash; `completed` sees every perfect subtree that it completes: (level, index, root), level 0 first.
    public mutating func append(_ leaf: Hash32, completed: (Int, UInt64, Hash32) -> Void = { _, _, _ in }) {
        var hash = leaf
        var level = 0
        var index = count
        completed(0, index, hash)
        // Each trailing one bit of the count is a peak of the same height that merges with the new subtree.
        while index & 1 == 1 {
            hash = MerkleTree.nodeHash(peaks.removeLast(), hash)
            index >>= 1
            level += 1
            completed(level, index, hash)
        }
        peaks.append(hash)
        count += 1
    }

    public var root: Hash32 {
        guard var hash = peaks.last else { return MerkleTree.emptyRoot }
        for peak in peaks.dropLast().reversed() { hash = MerkleTree.nodeHash(peak, hash) }
        return hash
    }
}
