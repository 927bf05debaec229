import Ledger
import Testing

struct CheckpointTests {
    @Test func signedByAllAndAlteredByNobody() throws {
        let keys = (0..<4).map { _ in SigningKey.generate() }
        let members = try MemberSet(keys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) })
        let ledger = Hash32.sha256([1])
        let checkpoint = Checkpoint(ledger: ledger, size: 42, root: Hash32.sha256([2]))
        let note = checkpoint.note(
            lines: [checkpoint.signatureLine(with: keys[0])]
                + (1..<4).map {
                    checkpoint.cosignatureLine(ledger: ledger, member: "m\($0)", time: 1_700_000_000, with: keys[$0])
                })
        let (read, signers, others) = try Checkpoint.verify(note: note, ledger: ledger, members: MemberHistory(members))
        #expect(read == checkpoint && others == 0)
        #expect(signers == ["m0", "m1", "m2", "m3"])
        let altered = note.replacing("\n42\n", with: "\n43\n")
        #expect(try Checkpoint.verify(note: altered, ledger: ledger, members: MemberHistory(members)).signers.isEmpty)
    }
}
