import Foundation
import Ledger
import TestSupport
import Testing

/// C2SP/wycheproof, testvectors_v1 (Apache-2.0).
struct SignatureVectorTests {
    @Test func ed25519() throws {
        try run("crypto/ed25519_test.json", cases: 150) { key in
            try VerifyingKey(ed25519: Bytes(hex: key["pk"] as? String ?? "") ?? [])
        }
    }

    @Test func p256() throws {
        try run("crypto/ecdsa_secp256r1_sha256_p1363_test.json", cases: 262) { key in
            try VerifyingKey(p256: Bytes(hex: key["uncompressed"] as? String ?? "") ?? [])
        }
    }

    private func run(_ path: String, cases: Int, key: ([String: Any]) throws -> VerifyingKey) throws {
        guard let file = Vectors.locate(path, cases: cases) else { return }
        var count = 0
        for group in try Vectors.json(file)["testGroups"] as? [[String: Any]] ?? [] {
            let key = try key(group["publicKey"] as? [String: Any] ?? [:])
            for test in group["tests"] as? [[String: Any]] ?? [] {
                let message = try #require(Bytes(hex: test["msg"] as? String ?? "?"))
                let signature = try #require(Bytes(hex: test["sig"] as? String ?? "?"))
                let expected = test["result"] as? String
                let valid = key.isValid(signature, for: message)
                #expect(
                    expected == "acceptable" || valid == (expected == "valid"), "\(path) tcId \(test["tcId"] ?? "")")
                count += 1
            }
        }
        #expect(count > 0)
        print("\(path): \(count) cases")
    }
}
