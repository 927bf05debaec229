/// Merkle hashing and proofs of RFC 9162 §2.1, with SHA-256.
public enum MerkleTree {
    /// MTH of the empty list: the hash of nothing.
    public static let emptyRoot = Hash32.sha256([])

    public static func leafHash(_ leaf: Bytes) -> Hash32 {
        leaf.withUnsafeBytes { Hash32.sha256(prefix: 0, $0) }
    }

    @inline(__always)
    public static func nodeHash(_ left: Hash32, _ right: Hash32) -> Hash32 {
        Hash32.sha256(prefix: 1, left, right)
    }

    /// MTH of §2.1.1 over leaf hashes.
    public static func root(_ leaves: some RandomAccessCollection<Hash32>) -> Hash32 {
        var range = CompactRange()
        for leaf in leaves { range.append(leaf) }
        return range.root
    }

    /// PATH of §2.1.3.1: the audit path of leaf `index`, from the leaf up.
    public static func inclusionPath(_ leaves: ArraySlice<Hash32>, index: Int) -> [Hash32] {
        precondition(leaves.indices.contains(leaves.startIndex + index), "the leaf is in the tree")
        guard leaves.count > 1 else { return [] }
        let split = leaves.startIndex + largestPowerOfTwo(below: leaves.count)
        if leaves.startIndex + index < split {
            return inclusionPath(leaves[..<split], index: index) + [root(leaves[split...])]
        }
        return inclusionPath(leaves[split...], index: index - (split - leaves.startIndex)) + [root(leaves[..<split])]
    }

    /// The largest power of two smaller than `count` (k of §2.1.1), for count ≥ 2.
    static func largestPowerOfTwo(below count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    /// The root that an audit path leads to, §2.1.3.2; nil when the path does not fit the index and size.
    public static func root(
        fromInclusionOf leaf: Hash32, index: UInt64, size: UInt64, path: [Hash32]
    ) -> Hash32? {
        guard index < size else { return nil }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in path {
            if last == 0 { return nil }
            if node & 1 == 1 || node == last {
                hash = nodeHash(sibling, hash)
                // A right edge has no sibling on some levels; skip those.
                while node & 1 == 0 && node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = nodeHash(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 ? hash : nil
    }

    public static func verifyInclusion(
        of leaf: Hash32, index: UInt64, size: UInt64, path: [Hash32], root expected: Hash32
    ) -> Bool {
        root(fromInclusionOf: leaf, index: index, size: size, path: path) == expected
    }

    /// Verifies §2.1.4.2: the tree of `first` leaves is a prefix of the tree of `second` leaves.
    public static func verifyConsistency(
        first: UInt64, second: UInt64, firstRoot: Hash32, secondRoot: Hash32, path: [Hash32]
    ) -> Bool {
        guard first <= second else { return false }
        if first == second { return path.isEmpty && firstRoot == secondRoot }
        // Every tree extends the empty one; its root is known without a proof.
        if first == 0 { return path.isEmpty && firstRoot == emptyRoot }
        guard !path.isEmpty else { return false }
        var path = path[...]
        if first & (first - 1) == 0 { path = [firstRoot] + path }
        guard var old = path.first else { return false }
        var new = old
        var node = first - 1
        var last = second - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        for sibling in path.dropFirst() {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                old = nodeHash(sibling, old)
                new = nodeHash(sibling, new)
                while node & 1 == 0 && node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = nodeHash(new, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && old == firstRoot && new == secondRoot
    }
}
