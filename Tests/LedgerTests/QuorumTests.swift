import Ledger
import Testing

struct QuorumTests {
    /// q = ⌈(n+f+1)/2⌉ with f = ⌊(n−1)/3⌋, written out.
    @Test(arguments: [(1, 0, 1), (2, 0, 2), (3, 0, 2), (4, 1, 3), (5, 1, 4), (6, 1, 4), (7, 2, 5), (10, 3, 7)])
    func quorum(members: Int, faults: Int, quorum: Int) throws {
        let set = try MemberSet((0..<members).map { .init(id: "m\($0)", key: SigningKey.generate().verifyingKey) })
        #expect(set.faultBound == faults)
        #expect(set.quorum == quorum)
        #expect(set.liarsSurvived == 2 * quorum - members - 1)
        #expect(set.silentSurvived == members - quorum)
    }
}
