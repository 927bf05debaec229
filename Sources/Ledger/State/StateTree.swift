/// A compact sparse Merkle tree over 256-bit paths, hashed as ICS23 `SmtSpec`: leaf `0x00 ‖ path ‖ H(value)`, inner `0x01 ‖ left ‖ right`,
/// empty subtree 32 zero bytes, and a subtree with one leaf is that leaf.
///
/// Kept whole in memory: 40 bytes for an inner node, 96 for a leaf. An update rehashes each touched node once, however many keys change.
public struct StateTree: Sendable {
    /// What becomes of a key: a new value hash, or nil to remove it.
    public struct Change: Sendable {
        public let path: Hash32
        public let valueHash: Hash32?

        public init(path: Hash32, valueHash: Hash32?) {
            self.path = path
            self.valueHash = valueHash
        }
    }

    private struct Leaf {
        var path: Hash32
        var valueHash: Hash32
        var hash: Hash32
    }

    private struct Inner {
        var hash: Hash32
        var left: Reference
        var right: Reference
    }

    /// Names a subtree: empty, an inner node, or (with the top bit) a leaf.
    private struct Reference: Equatable {
        static let empty = Reference(raw: 0)
        private static let leafBit: UInt32 = 1 << 31
        var raw: UInt32

        static func inner(_ index: Int) -> Reference { Reference(raw: UInt32(index)) }
        static func leaf(_ index: Int) -> Reference { Reference(raw: UInt32(index) | leafBit) }
        var isLeaf: Bool { raw & Self.leafBit != 0 }
        var index: Int { Int(raw & ~Self.leafBit) }
    }

    // Index 0 is never used, so that a zero reference can mean empty.
    private var leaves: [Leaf] = [Leaf(path: .zero, valueHash: .zero, hash: .zero)]
    private var inners: [Inner] = [Inner(hash: .zero, left: .empty, right: .empty)]
    private var freeLeaves: [Int] = []
    private var freeInners: [Int] = []
    private var top = Reference.empty

    public init() {}

    public var root: Hash32 { hash(top) }
    public var count: Int { leaves.count - 1 - freeLeaves.count }

    /// Applies changes, at most one for each path.
    public mutating func apply(_ changes: [Change]) {
        let sorted = changes.sorted { $0.path < $1.path }
        top = update(top, depth: 0, sorted[...])
    }

    // MARK: Updating

    private mutating func update(_ node: Reference, depth: Int, _ changes: ArraySlice<Change>) -> Reference {
        if changes.isEmpty { return node }
        if node == .empty { return build(depth: depth, changes) }
        if node.isLeaf { return merge(node, depth: depth, changes) }
        let split = splitIndex(changes, depth: depth)
        let index = node.index
        let left = update(inners[index].left, depth: depth + 1, changes[..<split])
        let right = update(inners[index].right, depth: depth + 1, changes[split...])
        return settle(index, left, right)
    }

    /// Puts changes where a lone leaf stands: the leaf goes, is replaced, or is one more key of the new subtree.
    private mutating func merge(_ node: Reference, depth: Int, _ changes: ArraySlice<Change>) -> Reference {
        let leaf = leaves[node.index]
        freeLeaves.append(node.index)
        if changes.contains(where: { $0.path == leaf.path }) { return build(depth: depth, changes) }
        let kept = Change(path: leaf.path, valueHash: leaf.valueHash)
        let position = changes.firstIndex { leaf.path < $0.path } ?? changes.endIndex
        var all = changes
        all.insert(kept, at: position)
        return build(depth: depth, all)
    }

    /// A subtree of nothing but these changes.
    private mutating func build(depth: Int, _ changes: ArraySlice<Change>) -> Reference {
        if changes.count == 1, let change = changes.first {
            guard let valueHash = change.valueHash else { return .empty }
            return newLeaf(change.path, valueHash)
        }
        if changes.isEmpty { return .empty }
        let split = splitIndex(changes, depth: depth)
        let left = build(depth: depth + 1, changes[..<split])
        let right = build(depth: depth + 1, changes[split...])
        if let only = collapsed(left, right) { return only }
        return newInner(left, right)
    }

    private mutating func settle(_ index: Int, _ left: Reference, _ right: Reference) -> Reference {
        if let only = collapsed(left, right) {
            freeInners.append(index)
            return only
        }
        inners[index].left = left
        inners[index].right = right
        inners[index].hash = Hash32.sha256(prefix: 1, hash(left), hash(right))
        return .inner(index)
    }

    /// A subtree left with one leaf is that leaf; left with none, empty.
    private func collapsed(_ left: Reference, _ right: Reference) -> Reference? {
        if left == .empty && (right == .empty || right.isLeaf) { return right }
        if right == .empty && left.isLeaf { return left }
        return nil
    }

    private func splitIndex(_ changes: ArraySlice<Change>, depth: Int) -> Int {
        changes.firstIndex { $0.path.bit(depth) } ?? changes.endIndex
    }

    private mutating func newLeaf(_ path: Hash32, _ valueHash: Hash32) -> Reference {
        let leaf = Leaf(path: path, valueHash: valueHash, hash: Hash32.sha256(prefix: 0, path, valueHash))
        if let index = freeLeaves.popLast() {
            leaves[index] = leaf
            return .leaf(index)
        }
        leaves.append(leaf)
        return .leaf(leaves.count - 1)
    }

    private mutating func newInner(_ left: Reference, _ right: Reference) -> Reference {
        let inner = Inner(hash: Hash32.sha256(prefix: 1, hash(left), hash(right)), left: left, right: right)
        if let index = freeInners.popLast() {
            inners[index] = inner
            return .inner(index)
        }
        inners.append(inner)
        return .inner(inners.count - 1)
    }

    private func hash(_ node: Reference) -> Hash32 {
        if node == .empty { return .zero }
        return node.isLeaf ? leaves[node.index].hash : inners[node.index].hash
    }

    // MARK: Reading

    /// The hash of the value under a path; nil when there is none.
    public func valueHash(of path: Hash32) -> Hash32? {
        var node = top
        var depth = 0
        while node != .empty && !node.isLeaf {
            node = path.bit(depth) ? inners[node.index].right : inners[node.index].left
            depth += 1
        }
        guard node.isLeaf, leaves[node.index].path == path else { return nil }
        return leaves[node.index].valueHash
    }

    /// A proof that the key under `path` has its value, or that there is none.
    public func proof(of path: Hash32) -> StateProof {
        var siblings: [Hash32] = []
        var node = top
        while node != .empty && !node.isLeaf {
            let inner = inners[node.index]
            let goRight = path.bit(siblings.count)
            siblings.append(hash(goRight ? inner.left : inner.right))
            node = goRight ? inner.right : inner.left
        }
        var terminal: StateProof.Terminal?
        if node.isLeaf, leaves[node.index].path != path {
            terminal = .init(path: leaves[node.index].path, valueHash: leaves[node.index].valueHash)
        }
        return StateProof(siblings: siblings.reversed(), terminal: terminal)
    }
}
