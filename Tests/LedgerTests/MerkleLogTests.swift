import Ledger
import TestSupport
import Testing

struct MerkleLogTests {
    /// Tiles in memory.
    private final class Tiles: TileReader {
        var stored: [TileCoordinate: Bytes] = [:]
        func tile(_ coordinate: TileCoordinate) -> Bytes? { stored[coordinate] }
    }

    /// The log against the definition of RFC 9162 §2.1.1 at many sizes, over tile borders, with reopening in between.
    @Test func agreesWithDefinition() throws {
        var random = SeededGenerator.fresh()
        let tiles = Tiles()
        var log = MerkleLog()
        var leaves: [Hash32] = []
        var roots: [Hash32] = [log.root]
        for index in 0..<1400 {
            leaves.append(MerkleTree.leafHash(random.bytes(8)))
            log.append(leaves[index])
            roots.append(log.root)
            if Int.random(in: 0..<40, using: &random) == 0 || index == 1399 {
                for (coordinate, bytes) in log.takeChangedTiles() { tiles.stored[coordinate] = bytes }
                log = try MerkleLog(size: log.size, reading: tiles)
                #expect(log.root == roots[index + 1])
            }
        }
        for size in [1, 2, 3, 255, 256, 257, 511, 512, 700, 1023, 1400] {
            let view = LogView(size: UInt64(size), reader: tiles)
            #expect(try view.root() == definition(leaves[..<size]))
            for _ in 0..<20 {
                let index = Int.random(in: 0..<size, using: &random)
                let path = try view.inclusionPath(of: UInt64(index))
                #expect(path == MerkleTree.inclusionPath(leaves[..<size], index: index))
                #expect(
                    MerkleTree.verifyInclusion(
                        of: leaves[index], index: UInt64(index), size: UInt64(size), path: path, root: roots[size]))
                let first = Int.random(in: 0...size, using: &random)
                let proof = try view.consistencyPath(from: UInt64(first))
                #expect(
                    MerkleTree.verifyConsistency(
                        first: UInt64(first), second: UInt64(size), firstRoot: roots[first], secondRoot: roots[size],
                        path: proof))
                if first > 0, first < size {
                    #expect(
                        !MerkleTree.verifyConsistency(
                            first: UInt64(first), second: UInt64(size), firstRoot: roots[first - 1],
                            secondRoot: roots[size], path: proof))
                }
            }
        }
    }

    private func definition(_ leaves: ArraySlice<Hash32>) -> Hash32 {
        if leaves.isEmpty { return Hash32.sha256([]) }
        if leaves.count == 1 { return leaves[leaves.startIndex] }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let left = definition(leaves.prefix(split))
        let right = definition(leaves.dropFirst(split))
        return Hash32.sha256([1] + left.bytes + right.bytes)
    }
}
