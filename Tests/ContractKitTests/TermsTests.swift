import ContractKit
import Ledger
import TestSupport
import Testing

/// Terms in words: what is read is what is hashed, and what is hashed is what is signed.
struct TermsTests {
    private let runner = ContractRunner(TermsContract())

    init() {
        for id in ["company", "farmer", "gateway"] { runner.enrol(id, roles: []) }
    }

    private func run(_ name: String, _ arguments: [(String, CBOR)], as id: String, roles: [String] = []) -> UInt64? {
        runner.run(name, arguments, as: .init(id: id, member: "m", roles: roles))
    }

    private func publish(_ text: Bytes, version: String = "1", name: String = "service") -> UInt64? {
        run(
            "publish",
            [("name", .text(name)), ("version", .text(version)), ("title", "Terms"), ("text", .bytes(text))],
            as: "company")
    }

    private func sign(_ hash: Hash32, version: String = "1", as id: String = "farmer") -> UInt64? {
        run(
            "sign",
            [("issuer", "company"), ("name", "service"), ("version", .text(version)), ("hash", .hash(hash))], as: id)
    }

    @Test("COMMON-26, FISH-40: the text on the ledger is the one whose SHA-256 is signed")
    func signed() throws {
        let words = Bytes("Your data are yours, für immer.".utf8)
        #expect(sign(Hash32.sha256(words)) == 7)
        #expect(publish(words) == nil)
        let text = try #require(try runner.state.get(TermsContract.texts, "company/service/1"))
        #expect(text.hash == Hash32.sha256(words) && Bytes(text.text.utf8) == words)
        #expect(sign(Hash32.sha256([1])) == 100)
        #expect(sign(text.hash, version: "2") == 101)
        #expect(sign(text.hash) == nil)
        #expect(try runner.state.get(TermsContract.signatures, "farmer/company/service")?.hash == text.hash)
    }

    @Test("A version never changes; a new one has to be signed anew")
    func versions() throws {
        let (first, second) = (Bytes("one".utf8), Bytes("two".utf8))
        #expect(publish(first) == nil)
        #expect(publish(second) == 8)
        #expect(sign(Hash32.sha256(first)) == nil)
        #expect(publish(second, version: "2") == nil)
        #expect(sign(Hash32.sha256(first)) == 101, "the old text is not in force any more")
        #expect(try runner.state.get(TermsContract.signatures, "farmer/company/service")?.version == "1")
        #expect(sign(Hash32.sha256(second), version: "2") == nil)
        #expect(try runner.state.get(TermsContract.texts, "company/service/1")?.text == "one", "and stays to be read")
    }

    @Test("Terms are words: no empty text, no bytes that are no UTF-8, no odd names")
    func form() {
        #expect(publish([]) == 102)
        #expect(publish([0xFF, 0xFE]) == 102)
        #expect(publish(Bytes(repeating: 0x61, count: TermsContract.maximumText + 1)) == 3)
        #expect(publish([0x61], name: "a/b") == 3)
    }

    @Test("FISH-40: a gateway that needs terms takes nothing of an owner who has not signed")
    func needed() throws {
        let words = Bytes("text".utf8)
        let need: [(String, CBOR)] = [("gateway", "gateway"), ("issuer", "company"), ("name", "service")]
        #expect(run("need", need, as: "registrar", roles: [MembershipContract.registrar]) == 7)
        #expect(publish(words) == nil)
        #expect(run("need", need, as: "company") == 5)
        #expect(try TermsContract.agrees("farmer", at: "gateway", in: runner.state))
        #expect(run("need", need, as: "registrar", roles: [MembershipContract.registrar]) == nil)
        #expect(try !TermsContract.agrees("farmer", at: "gateway", in: runner.state))
        #expect(try TermsContract.agrees("farmer", at: "another", in: runner.state))
        #expect(sign(Hash32.sha256(words)) == nil)
        #expect(try TermsContract.agrees("farmer", at: "gateway", in: runner.state))
    }
}
