/// Where a log's stored nodes are read: tiles as C2SP tlog-tiles lays them out.
public protocol TileReader {
    /// The stored bytes of a tile: up to 256 hashes of 32 bytes; nil when there is none.
    func tile(_ coordinate: TileCoordinate) throws -> Bytes?
}

/// A tile: `level` counts steps of eight tree levels, `index` counts 256 nodes.
public struct TileCoordinate: Hashable, Sendable {
    public static let width: UInt64 = 256
    public let level: Int
    public let index: UInt64

    public init(level: Int, index: UInt64) {
        self.level = level
        self.index = index
    }
}

/// An append-only RFC 9162 log. Appending costs one hash on average and no reads; a proof reads a few tiles.
public struct MerkleLog: Sendable {
    private var range: CompactRange
    /// The rightmost, growing tile of each level; full tiles leave through ``takeChangedTiles()``.
    private var growing: [Bytes]
    private var changed: [TileCoordinate: Bytes] = [:]

    public init() {
        range = CompactRange()
        growing = []
    }

    public var size: UInt64 { range.count }
    public var root: Hash32 { range.root }

    public mutating func append(_ leafHash: Hash32) {
        range.append(leafHash) { level, index, hash in
            guard level.isMultiple(of: 8) else { return }
            let tileLevel = level / 8
            if tileLevel == growing.count { growing.append([]) }
            hash.withUnsafeBytes { growing[tileLevel].append(contentsOf: $0) }
            if growing[tileLevel].count == Int(TileCoordinate.width) * 32 {
                changed[TileCoordinate(level: tileLevel, index: index >> 8)] = growing[tileLevel]
                growing[tileLevel].removeAll(keepingCapacity: true)
            }
        }
    }

    /// The tiles that grew since the last call, to be stored; full ones and the growing edge.
    public mutating func takeChangedTiles() -> [(TileCoordinate, Bytes)] {
        var tiles = changed.sorted { ($0.key.level, $0.key.index) < ($1.key.level, $1.key.index) }.map {
            ($0.key, $0.value)
        }
        for (level, bytes) in growing.enumerated() where !bytes.isEmpty {
            tiles.append((TileCoordinate(level: level, index: size >> UInt64(8 * (level + 1))), bytes))
        }
        changed.removeAll()
        return tiles
    }

    /// Reopens a stored log of `size` leaves from its right edge.
    public init(size: UInt64, reading reader: some TileReader) throws {
        growing = []
        var level = 0
        while size >> UInt64(8 * level) > 0 {
            let count = size >> UInt64(8 * level) & 0xFF
            let index = size >> UInt64(8 * (level + 1))
            if count > 0 {
                guard let tile = try reader.tile(TileCoordinate(level: level, index: index)),
                    tile.count >= Int(count) * 32
                else { throw LedgerError(.proof, "tile \(level)/\(index) of the log is missing or short") }
                growing.append(Bytes(tile.prefix(Int(count) * 32)))
            } else {
                growing.append([])
            }
            level += 1
        }
        var peaks: [Hash32] = []
        var start: UInt64 = 0
        for bit in stride(from: 63, through: 0, by: -1) where size & (1 << UInt64(bit)) != 0 {
            let width = UInt64(1) << UInt64(bit)
            peaks.append(try LogView(size: size, reader: reader).hash(start, start + width))
            start += width
        }
        range = CompactRange(count: size, peaks: peaks)
    }
}
