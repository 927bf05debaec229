/// Proofs about a log at one of its sizes, computed from stored tiles.
public struct LogView<Reader: TileReader> {
    public let size: UInt64
    private let reader: Reader

    public init(size: UInt64, reader: Reader) {
        self.size = size
        self.reader = reader
    }

    public func root() throws -> Hash32 {
        size == 0 ? MerkleTree.emptyRoot : try hash(0, size)
    }

    /// PATH(index, D) of RFC 9162 §2.1.3.1.
    public func inclusionPath(of index: UInt64) throws -> [Hash32] {
        guard index < size else {
            throw LedgerError(.proof, "leaf \(index) is not in a log of \(size) leaves")
        }
        var path: [Hash32] = []
        var (start, end) = (UInt64(0), size)
        while end - start > 1 {
            let split = start + Self.largestPowerOfTwo(below: end - start)
            if index < split {
                path.append(try hash(split, end))
                end = split
            } else {
                path.append(try hash(start, split))
                start = split
            }
        }
        return path.reversed()
    }

    /// PROOF(first, D) of RFC 9162 §2.1.4.1.
    public func consistencyPath(from first: UInt64) throws -> [Hash32] {
        guard first <= size else {
            throw LedgerError(.proof, "a log of \(size) leaves does not extend one of \(first)")
        }
        if first == 0 || first == size { return [] }
        var path: [Hash32] = []
        var (start, end, old) = (UInt64(0), size, first)
        var known = true
        // SUBPROOF(old, D[start:end], known), unrolled from the root down.
        while old != end - start {
            let split = Self.largestPowerOfTwo(below: end - start)
            if old <= split {
                path.append(try hash(start + split, end))
                end = start + split
            } else {
                path.append(try hash(start, start + split))
                start += split
                old -= split
                known = false
            }
        }
        if !known { path.append(try hash(start, end)) }
        return path.reversed()
    }

    /// MTH of leaves start..<end, where the range is one that RFC 9162's recursion meets.
    func hash(_ start: UInt64, _ end: UInt64) throws -> Hash32 {
        let width = end - start
        if width & (width - 1) == 0, start % width == 0 { return try perfect(start, width) }
        let split = start + Self.largestPowerOfTwo(below: width)
        return MerkleTree.nodeHash(try hash(start, split), try hash(split, end))
    }

    /// The root of a perfect subtree: folded from at most 128 neighbouring nodes of one tile.
    private func perfect(_ start: UInt64, _ width: UInt64) throws -> Hash32 {
        let height = width.trailingZeroBitCount
        let tileLevel = height / 8
        let first = start >> UInt64(8 * tileLevel)
        let count = 1 << (height % 8)
        let coordinate = TileCoordinate(level: tileLevel, index: first >> 8)
        let offset = Int(first & 0xFF) * 32
        guard let tile = try reader.tile(coordinate), tile.count >= offset + count * 32 else {
            throw LedgerError(.proof, "tile \(tileLevel)/\(coordinate.index) of the log is missing or short")
        }
        var hashes = (0..<count).compactMap { Hash32(tile[(offset + $0 * 32)..<(offset + $0 * 32 + 32)]) }
        while hashes.count > 1 {
            hashes = stride(from: 0, to: hashes.count, by: 2).map { MerkleTree.nodeHash(hashes[$0], hashes[$0 + 1]) }
        }
        return hashes[0]
    }

    private static func largestPowerOfTwo(below count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}
