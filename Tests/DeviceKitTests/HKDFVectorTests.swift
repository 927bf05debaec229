import Crypto
import Foundation
import Ledger
import Testing

/// Project Wycheproof's cases for HKDF-SHA256, read in place.
private struct Wycheproof: Decodable {
    struct Group: Decodable { var tests: [Case] }
    struct Case: Decodable {
        var tcId: Int
        var ikm: String
        var salt: String
        var info: String
        var size: Int
        var okm: String
        var result: String
    }
    var testGroups: [Group]

    static let file: URL = {
        if let path = ProcessInfo.processInfo.environment["CAIRN_VECTORS"] {
            return URL(fileURLWithPath: path).appendingPathComponent("crypto/hkdf_sha256_test.json")
        }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return repository.appendingPathComponent("../shared/vectors/crypto/hkdf_sha256_test.json").standardized
    }()
}

@Suite(
    "HKDF-SHA256 of Wycheproof (86 cases), skipped where the vectors are absent",
    .enabled(if: FileManager.default.fileExists(atPath: Wycheproof.file.path)))
struct HKDFVectorTests {
    @Test("Every valid case is reproduced; every invalid one asks for more than HKDF gives")
    func cases() throws {
        let file = try JSONDecoder().decode(Wycheproof.self, from: try Foundation.Data(contentsOf: Wycheproof.file))
        let cases = file.testGroups.flatMap(\.tests)
        #expect(cases.count == 86)
        for test in cases {
            guard test.result != "invalid" else {
                // RFC 5869 §2.3: at most 255 times the length of the hash. swift-crypto stops the process there, so
                // the limit itself is what can be checked.
                #expect(test.size > 255 * SHA256.byteCount, "case \(test.tcId)")
                continue
            }
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: try #require(Bytes(hex: test.ikm))),
                salt: try #require(Bytes(hex: test.salt)), info: try #require(Bytes(hex: test.info)),
                outputByteCount: test.size)
            #expect(key.withUnsafeBytes { Bytes($0) }.hex == test.okm, "case \(test.tcId)")
        }
    }
}
