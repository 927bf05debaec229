/// A leaf's place in a tree: `[tree-size, leaf-index, path]`, as in RFC 9942 §5.2.
public struct InclusionProof: Sendable, Hashable {
    public let size: UInt64
    public let index: UInt64
    public let path: [Hash32]

    public init(size: UInt64, index: UInt64, path: [Hash32]) {
        self.size = size
        self.index = index
        self.path = path
    }

    /// The root that this proof leads to from a leaf hash.
    public func root(of leaf: Hash32) -> Hash32? {
        MerkleTree.root(fromInclusionOf: leaf, index: index, size: size, path: path)
    }

    public var cbor: CBOR {
        .array([.unsigned(size), .unsigned(index), .array(path.map { .hash($0) })])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let size = parts[0].unsigned, let index = parts[1].unsigned,
            let items = parts[2].array, items.count <= 64
        else { throw LedgerError(.proof, "an inclusion proof is [tree size, leaf index, path]") }
        self.init(size: size, index: index, path: try StateProof.hashes(items))
    }
}
