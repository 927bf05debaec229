import Ledger
import TestSupport
import Testing

struct StateTreeTests {
    /// Roots of the FuelLabs sparse Merkle tree test specification 0.1.1 ("Test Update n"): keys SHA-256(i as 4 bytes), value "DATA".
    @Test(arguments: [
        (0, "0000000000000000000000000000000000000000000000000000000000000000"),
        (1, "39f36a7cb4dfb1b46f03d044265df6a491dffc1034121bc1071a34ddce9bb14b"),
        (2, "8d0ae412ca9ca0afcb3217af8bcd5a673e798bd6fd1dfacad17711e883f494cb"),
        (3, "52295e42d8de2505fdc0cc825ff9fead419cbcf540d8b30c7c4b9c9b94c268b7"),
        (5, "108f731f2414e33ae57e584dc26bd276db07874436b2264ca6e520c658185c6b"),
        (10, "21ca4917e99da99a61de93deaf88c400d4c082991cb95779e444d43dd13e8849"),
        (100, "82bf747d455a55e2f7044a03536fc43f1f55d43b855e72c0110c986707a23e4d"),
    ])
    func publishedRoots(count: Int, root: String) {
        var tree = StateTree()
        tree.apply((0..<count).map { change(key($0), Bytes("DATA".utf8)) })
        #expect(tree.root.hex == root)
        // Any order and grouping of updates, with detours, leads to the same root.
        var other = StateTree()
        for index in (0..<count + 20).reversed() { other.apply([change(key(index), [UInt8(index & 0xFF)])]) }
        other.apply((0..<count).map { change(key($0), Bytes("DATA".utf8)) })
        other.apply((count..<count + 20).map { change(key($0), nil) })
        #expect(other.root.hex == root)
        #expect(other.count == count)
    }

    /// Random updates against a model that rebuilds the tree from the definition each time.
    @Test func agreesWithDefinition() {
        var random = SeededGenerator.fresh()
        var model: [Bytes: Bytes] = [:]
        var tree = StateTree()
        for _ in 0..<120 {
            var changes: [Bytes: Bytes?] = [:]
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let key = key(Int.random(in: 0..<60, using: &random))
                changes[key] = Bool.random(using: &random) ? random.bytes(4) : nil as Bytes?
            }
            for (key, value) in changes { model[key] = value }
            tree.apply(changes.map { change($0, $1) })
            #expect(tree.root == definition(model))
        }
        for index in 0..<60 {
            let key = key(index)
            let proof = tree.proof(of: Hash32.sha256(key))
            #expect(proof.verify(key: key, value: model[key], root: tree.root))
            #expect(!proof.verify(key: key, value: Bytes("forged".utf8), root: tree.root))
            if model[key] != nil { #expect(!proof.verify(key: key, value: nil, root: tree.root)) }
        }
    }

    /// ICS23 `ExistenceProof` semantics, applied as that standard says: leaf op, then prefix ‖ child ‖ suffix.
    @Test func ics23() throws {
        var tree = StateTree()
        tree.apply((0..<50).map { change(key($0), [UInt8($0)]) })
        for index in 0..<50 {
            let proof = tree.proof(of: Hash32.sha256(key(index)))
            let ics = try #require(ICS23ExistenceProof(key: key(index), value: [UInt8(index)], proof: proof))
            var hash = Hash32.sha256(
                ics.leafPrefix + Hash32.sha256(ics.key).bytes + Hash32.sha256(ics.value).bytes)
            for step in ics.path {
                #expect(step.prefix.first == 0x01 && step.prefix.count + step.suffix.count == 33)
                hash = Hash32.sha256(step.prefix + hash.bytes + step.suffix)
            }
            #expect(hash == tree.root)
        }
    }

    private func key(_ index: Int) -> Bytes { [0, 0, UInt8(index >> 8), UInt8(index & 0xFF)] }

    private func change(_ key: Bytes, _ value: Bytes?) -> StateTree.Change {
        .init(path: Hash32.sha256(key), valueHash: value.map { Hash32.sha256($0) })
    }

    private func definition(_ model: [Bytes: Bytes]) -> Hash32 {
        subtree(model.map { (Hash32.sha256($0), Hash32.sha256($1)) }, depth: 0)
    }

    private func subtree(_ leaves: [(path: Hash32, value: Hash32)], depth: Int) -> Hash32 {
        if leaves.isEmpty { return .zero }
        if leaves.count == 1 { return Hash32.sha256([0] + leaves[0].path.bytes + leaves[0].value.bytes) }
        let left = subtree(leaves.filter { !$0.path.bit(depth) }, depth: depth + 1)
        let right = subtree(leaves.filter { $0.path.bit(depth) }, depth: depth + 1)
        return Hash32.sha256([1] + left.bytes + right.bytes)
    }
}
