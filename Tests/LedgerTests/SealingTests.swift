import Crypto
import Foundation
import Ledger
import TestSupport
import Testing

/// Keys of streams, wrapped keys, and sealed batches.
struct SealingTests {
    private static let epoch = StreamEpoch(
        ledger: Hash32.sha256([1]), gateway: "gateway", stream: "farm.soil", number: 3)

    private static func batch(_ readings: [Bytes], first: UInt64 = 7) throws -> (SealedBatch, Bytes) {
        let root = MerkleTree.root(readings.map { MerkleTree.leafHash($0) })
        let batch = try SealedBatch(first: first, last: first + UInt64(readings.count) - 1, root: root)
        return (batch, CBOR.array(readings.map { .bytes($0) }).encoded())
    }

    @Test func opensWhatWasSealed() throws {
        var random = SeededGenerator.fresh()
        let key = EpochKey.generate(of: Self.epoch)
        for count in [1, 2, 100, 1000] {
            let readings = (0..<count).map { _ in random.bytes(40) }
            let (batch, body) = try Self.batch(readings)
            let sealed = key.seal(body, of: batch)
            #expect(try key.open(sealed, of: batch) == readings)
            #expect(
                key.seal(body, of: batch) == sealed, "the same batch again gives the same bytes, not another nonce's")
        }
    }

    @Test func opensNowhereElse() throws {
        let key = EpochKey.generate(of: Self.epoch)
        let (batch, body) = try Self.batch([[1, 2, 3], [4, 5]])
        let sealed = key.seal(body, of: batch)
        func refuses(_ key: EpochKey, _ sealed: Bytes, _ batch: SealedBatch, _ what: String) {
            #expect(throws: LedgerError.self, "\(what)") { try key.open(sealed, of: batch) }
        }
        refuses(EpochKey.generate(of: Self.epoch), sealed, batch, "another key")
        for other in [
            StreamEpoch(ledger: .zero, gateway: "gateway", stream: "farm.soil", number: 3),
            StreamEpoch(ledger: Self.epoch.ledger, gateway: "other", stream: "farm.soil", number: 3),
            StreamEpoch(ledger: Self.epoch.ledger, gateway: "gateway", stream: "farm.air", number: 3),
            StreamEpoch(ledger: Self.epoch.ledger, gateway: "gateway", stream: "farm.soil", number: 4),
        ] { refuses(try EpochKey(key.bytes, of: other), sealed, batch, "\(other)") }
        refuses(key, sealed, try SealedBatch(first: 8, last: 9, root: batch.root), "another place")
        refuses(key, sealed, try SealedBatch(first: 7, last: 9, root: batch.root), "another end")
        refuses(key, sealed, try SealedBatch(first: 7, last: 8, root: .zero), "another root")
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            refuses(key, altered, batch, "bit of byte \(index)")
        }
        refuses(key, Bytes(sealed.dropLast()), batch, "cut")
        refuses(key, [], batch, "nothing")
    }

    /// A gateway that seals other readings than its root says is found out by whoever opens them.
    @Test func theRootBindsTheReadings() throws {
        let key = EpochKey.generate(of: Self.epoch)
        let (batch, _) = try Self.batch([[1], [2]])
        let (_, other) = try Self.batch([[1], [3]])
        let sealed = key.seal(other, of: batch)
        #expect(throws: LedgerError(.sealing, "")) { try key.open(sealed, of: batch) }
    }

    @Test func noncesDiffer() throws {
        let key = EpochKey.generate(of: Self.epoch)
        // A batch sealed and lost before it was stored, then sealed again with one more reading.
        let (lost, first) = try Self.batch([[1]])
        let (kept, second) = try Self.batch([[1], [2]])
        let nonces = [key.seal(first, of: lost), key.seal(second, of: kept)].map { Self.nonce($0) }
        #expect(nonces[0] != nonces[1] && nonces.allSatisfy { $0?.count == 12 })
    }

    private static func nonce(_ sealed: Bytes) -> Bytes? {
        guard case .tagged(16, .array(let parts)) = try? CBOR.decode(sealed), let protected = parts[0].bytes else {
            return nil
        }
        return (try? CBOR.decode(protected))?.map?[5]?.bytes
    }

    @Test func aWrappedKeyIsForOnePurpose() throws {
        let key = EpochKey.generate(of: Self.epoch)
        let reader = try DecryptionKey(Bytes(repeating: 9, count: 32))
        let wrapped = try key.wrapped(for: "shop", reader.encryptionKey, grant: "g")
        let opened = try EpochKey.unwrap(
            wrapped, of: Self.epoch, recipient: "shop", grant: "g", with: reader, commitment: key.commitment)
        #expect(opened == key)
        for (recipient, grant, commitment) in [
            ("bank", "g", key.commitment), ("shop", "h", key.commitment), ("shop", nil, key.commitment),
            ("shop", "g", EpochKey.generate(of: Self.epoch).commitment),
        ] {
            #expect(throws: LedgerError(.sealing, "")) {
                try EpochKey.unwrap(
                    wrapped, of: Self.epoch, recipient: recipient, grant: grant, with: reader, commitment: commitment)
            }
        }
        #expect(throws: LedgerError(.sealing, "")) {
            try EpochKey.unwrap(
                wrapped, of: Self.epoch, recipient: "shop", grant: "g",
                with: DecryptionKey(Bytes(repeating: 8, count: 32)), commitment: key.commitment)
        }
        #expect(throws: LedgerError.self) { try EncryptionKey([1]) }
        let lowOrder = try #require(
            Bytes(hex: "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"))
        for point in [Bytes(repeating: 0, count: 32), [1] + Bytes(repeating: 0, count: 31), lowOrder] {
            #expect(throws: LedgerError.self) { try EncryptionKey(point) }
        }
    }

    @Test func streamsNameTheirOwner() {
        #expect(StreamName.of(owner: "farm", channel: "soil") == "farm.soil")
        #expect(StreamName.of(owner: "farm.north", channel: "soil") == "farm.north.soil")
        #expect(StreamName.owner(of: "farm.north.soil") == "farm.north")
        #expect(StreamName.of(owner: "farm", channel: "north.soil") == nil, "or it would be that of farm.north")
        for name in ["", ".", "farm", "farm.", ".soil"] { #expect(StreamName.owner(of: name) == nil) }
    }

    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode, sequence number 0: from the test vectors that
    /// RFC 9180 appendix A points to (cfrg/draft-irtf-cfrg-hpke, test-vectors.json, kem 32, kdf 1, aead 2).
    @Test func rfc9180() throws {
        func bytes(_ hex: String) throws -> Bytes { try #require(Bytes(hex: hex)) }
        var recipient = try HPKE.Recipient(
            privateKey: Curve25519.KeyAgreement.PrivateKey(
                rawRepresentation: try bytes("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d")),
            ciphersuite: HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256),
            info: Data(try bytes("4f6465206f6e2061204772656369616e2055726e")),
            encapsulatedKey: Data(try bytes("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256")))
        let opened = try recipient.open(
            try bytes("e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"),
            authenticating: try bytes("436f756e742d30"))
        #expect(String(decoding: opened, as: UTF8.self) == "Beauty is truth, truth beauty")
    }

    /// C2SP/wycheproof, testvectors_v1 (Apache-2.0): the cases with keys of 256, nonces of 96 and tags of 128 bits.
    @Test func aesGCM() throws {
        guard let file = Vectors.locate("crypto/aes_gcm_test.json", cases: 66) else { return }
        var count = 0
        for group in try Vectors.json(file)["testGroups"] as? [[String: Any]] ?? []
        where group["keySize"] as? Int == 256 && group["ivSize"] as? Int == 96 && group["tagSize"] as? Int == 128 {
            for test in group["tests"] as? [[String: Any]] ?? [] {
                func bytes(_ name: String) throws -> Bytes { try #require(Bytes(hex: test[name] as? String ?? "?")) }
                let opened = try? AES.GCM.open(
                    AES.GCM.SealedBox(
                        nonce: AES.GCM.Nonce(data: try bytes("iv")), ciphertext: try bytes("ct"), tag: try bytes("tag")),
                    using: SymmetricKey(data: try bytes("key")), authenticating: try bytes("aad"))
                let isValid = test["result"] as? String == "valid"
                #expect((opened.map { Bytes($0) } == (try bytes("msg"))) == isValid, "case \(test["tcId"] ?? "")")
                count += 1
            }
        }
        #expect(count >= 66)
    }
}
