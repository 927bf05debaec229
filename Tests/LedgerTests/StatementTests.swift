import Ledger
import TestSupport
import Testing

struct StatementTests {
    private let ledger = Hash32.sha256(Bytes("a ledger".utf8))
    private let operation = Operation("wallet", "transfer", [("to", "bob"), ("amount", 5), ("currency", "EUR")])

    private func sign(with key: SigningKey) throws -> Statement {
        try Statement.sign(
            operation, issuer: "alice", subject: "wallet:bob", validUntil: 1_800_000_000,
            nonce: [1, 2, 3, 4, 5, 6, 7, 8], ledger: ledger, with: key)
    }

    @Test func signAndDecode() throws {
        for key in [SigningKey.generate(), try SigningKey(p256Scalar: Bytes(repeating: 7, count: 32))] {
            let statement = try sign(with: key)
            let decoded = try Statement(decoding: statement.bytes)
            #expect(decoded.id == statement.id && decoded.bytes == statement.bytes)
            #expect(decoded.operation == operation && decoded.issuer == "alice")
            #expect(decoded.isSigned(by: key.verifyingKey))
            #expect(!decoded.isSigned(by: SigningKey.generate().verifyingKey))
            #expect(try Statement.id(of: statement.bytes) == statement.id)
        }
    }

    /// No byte of a statement can change without the statement being refused, becoming another one, or failing its signature.
    @Test func everyByteMatters() throws {
        let key = SigningKey.generate()
        let statement = try sign(with: key)
        for index in statement.bytes.indices {
            var altered = statement.bytes
            altered[index] ^= 0x01
            guard let decoded = try? Statement(decoding: altered) else { continue }
            #expect(!decoded.isSigned(by: key.verifyingKey), "byte \(index)")
        }
    }

    @Test func receiptsLeaveTheRegisteredForm() throws {
        let key = SigningKey.generate()
        let member = SigningKey.generate()
        let statement = try sign(with: key)
        let proof = InclusionProof(size: 1, index: 0, path: [])
        let receipt = Receipt.sign(
            root: statement.leafHash, proof: proof, issuer: "i", subject: "s", with: member)
        try Receipt.verify(receipt, for: statement.bytes, with: member.verifyingKey)
        #expect(throws: LedgerError.self) {
            try Receipt.verify(receipt, for: statement.bytes + [0], with: member.verifyingKey)
        }
        let transparent = statement.transparent(with: [receipt])
        #expect(try Statement(decoding: transparent).bytes == statement.bytes)
    }

    @Test func floatsAreRefused() throws {
        let payload = CBOR.array(["wallet", "transfer", .map(CBORMap([("amount", .double(1.5))]))]).encoded()
        #expect(throws: LedgerError(.statement, "")) { try Operation(decoding: payload) }
    }

    /// Arbitrary bytes never trap the decoders of outside input.
    @Test func fuzz() throws {
        var random = SeededGenerator.fresh()
        let base = try sign(with: SigningKey.generate()).bytes
        for _ in 0..<20_000 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] = random.bytes(1)[0]
                case 1: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
                default: bytes.insert(random.bytes(1)[0], at: Int.random(in: 0...bytes.count, using: &random))
                }
            }
            _ = try? Statement(decoding: bytes)
            _ = try? BlockHeader(decoding: bytes)
            _ = try? EvidenceBundle(decoding: bytes)
            _ = try? FinalityCertificate(decoding: bytes)
            _ = try? Reading(decoding: bytes)
        }
    }
}
