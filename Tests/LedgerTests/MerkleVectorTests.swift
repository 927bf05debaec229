import Foundation
import Ledger
import TestSupport
import Testing

/// transparency-dev/merkle, testdata/inclusion and testdata/consistency (Apache-2.0).
struct MerkleVectorTests {
    @Test func inclusion() throws {
        guard let folder = Vectors.locate("merkle/testdata/inclusion", cases: 98) else { return }
        let files = Vectors.files(in: folder, suffix: ".json")
        #expect(!files.isEmpty)
        for file in files {
            let test = try Vectors.json(file)
            let leaf = hash(test["leafHash"])
            let root = hash(test["root"])
            let path = (test["proof"] as? [String] ?? []).map { hash($0) }
            let valid =
                path.allSatisfy { $0 != nil } && leaf != nil && root != nil
                && MerkleTree.verifyInclusion(
                    of: leaf!, index: number(test["leafIdx"]), size: number(test["treeSize"]),
                    path: path.compactMap { $0 }, root: root!)
            #expect(valid == !(test["wantErr"] as? Bool ?? false), "\(file.lastPathComponent)")
        }
        print("merkle inclusion: \(files.count) cases")
    }

    @Test func consistency() throws {
        guard let folder = Vectors.locate("merkle/testdata/consistency", cases: 98) else { return }
        let files = Vectors.files(in: folder, suffix: ".json")
        #expect(!files.isEmpty)
        for file in files {
            let test = try Vectors.json(file)
            let first = hash(test["root1"])
            let second = hash(test["root2"])
            let path = (test["proof"] as? [String] ?? []).map { hash($0) }
            let valid =
                path.allSatisfy { $0 != nil } && first != nil && second != nil
                && MerkleTree.verifyConsistency(
                    first: number(test["size1"]), second: number(test["size2"]), firstRoot: first!,
                    secondRoot: second!, path: path.compactMap { $0 })
            #expect(valid == !(test["wantErr"] as? Bool ?? false), "\(file.path)")
        }
        print("merkle consistency: \(files.count) cases")
    }

    private func hash(_ value: Any?) -> Hash32? {
        (value as? String).flatMap { Data(base64Encoded: $0) }.flatMap { Hash32($0) }
    }

    private func number(_ value: Any?) -> UInt64 { (value as? NSNumber)?.uint64Value ?? 0 }
}
