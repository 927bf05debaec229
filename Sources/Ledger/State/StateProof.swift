/// A path through a ``StateTree`` that shows a key's value, or that the key has none.
public struct StateProof: Sendable, Hashable {
    /// Another key's leaf that ends the path of an absent key.
    public struct Terminal: Sendable, Hashable {
        public let path: Hash32
        public let valueHash: Hash32
    }

    /// Sibling hashes from the leaf up to the root.
    public let siblings: [Hash32]
    public let terminal: Terminal?

    public init(siblings: [Hash32], terminal: Terminal?) {
        self.siblings = siblings
        self.terminal = terminal
    }

    /// Whether the tree with `root` holds `value` under `key`; a nil value asks for absence.
    public func verify(key: Bytes, value: Bytes?, root: Hash32) -> Bool {
        let path = Hash32.sha256(key)
        guard siblings.count <= 256 else { return false }
        let start: Hash32
        switch (value, terminal) {
        case (.some(let value), nil):
            start = Hash32.sha256(prefix: 0, path, Hash32.sha256(value))
        case (nil, nil):
            start = .zero
        case (nil, .some(let other)):
            // The other leaf stands on our path only if it agrees with it down to the last branch.
            guard other.path != path, (0..<siblings.count).allSatisfy({ other.path.bit($0) == path.bit($0) })
            else { return false }
            start = Hash32.sha256(prefix: 0, other.path, other.valueHash)
        case (.some, .some):
            return false
        }
        var hash = start
        for (height, sibling) in siblings.enumerated() {
            let depth = siblings.count - 1 - height
            hash =
                path.bit(depth)
                ? Hash32.sha256(prefix: 1, sibling, hash) : Hash32.sha256(prefix: 1, hash, sibling)
        }
        return hash == root
    }

    public var cbor: CBOR {
        .array([
            .array(siblings.map { .hash($0) }),
            terminal.map { .array([.hash($0.path), .hash($0.valueHash)]) } ?? .null,
        ])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 2, let items = parts[0].array, items.count <= 256 else {
            throw LedgerError(.proof, "a state proof is [siblings, terminal]")
        }
        siblings = try Self.hashes(items)
        if parts[1].isNull {
            terminal = nil
        } else {
            guard let pair = parts[1].array, pair.count == 2, let path = pair[0].hash32, let value = pair[1].hash32
            else { throw LedgerError(.proof, "the terminal of a state proof is nil or [path, value hash]") }
            terminal = Terminal(path: path, valueHash: value)
        }
    }

    static func hashes(_ items: [CBOR]) throws(LedgerError) -> [Hash32] {
        var hashes: [Hash32] = []
        for item in items {
            guard let hash = item.hash32 else { throw LedgerError(.proof, "a proof's hashes have 32 bytes") }
            hashes.append(hash)
        }
        return hashes
    }
}
