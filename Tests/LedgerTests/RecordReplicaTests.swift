import Ledger
import TestSupport
import Testing

/// The file of a replica; what stands in it is verified on running processes by `Tests/Live/replica.py`.
struct RecordReplicaTests {
    private func replica() throws -> RecordReplica {
        let members = try MemberSet(
            (0..<4).map { .init(id: "m\($0)", key: SigningKey.generate().verifyingKey) })
        return RecordReplica(
            genesis: Genesis(
                name: "Test", time: 1, members: members, memberNames: [], participants: [], contracts: [],
                parameters: CBORMap([])), participant: "P", checkpoint: "head",
            entries: (0..<5).map { number in
                .init(
                    transaction: Hash32.sha256([UInt8(number)]),
                    bundle: Bytes(repeating: UInt8(number), count: 60 + number))
            })
    }

    @Test func readsWhatWasWritten() throws {
        let replica = try replica()
        let (read, damage) = try RecordReplica.read(replica.encoded())
        #expect(damage.isEmpty && read.participant == "P" && read.checkpoint == "head")
        #expect(read.genesis.id == replica.genesis.id)
        #expect(read.entries.map(\.transaction) == replica.entries.map(\.transaction))
        #expect(read.entries.map(\.bundle) == replica.entries.map(\.bundle))
    }

    @Test func everyFlippedBitIsNoticedAndTheRestIsRead() throws {
        var random = SeededGenerator.fresh()
        let bytes = try replica().encoded()
        let records = (0..<5).reduce(0) { $0 + 60 + $1 }
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            guard let (read, damage) = try? RecordReplica.read(flipped) else {
                #expect(place < bytes.count - records, "a record is damaged and the list cannot be read")
                continue
            }
            #expect(damage.count == 1 && read.entries.count == 4, "byte \(place)")
            #expect(damage.first.map { $0.byte <= place && place < $0.byte + 65 } == true, "byte \(place)")
        }
    }

    @Test func aRecordCutOutIsNamedAndTheRestIsRead() throws {
        let replica = try replica()
        let bytes = replica.encoded()
        var end = bytes.count
        for (index, entry) in replica.entries.enumerated().reversed() {
            var cut = bytes
            cut.removeSubrange(end - entry.bundle.count..<end)
            end -= entry.bundle.count
            let (read, damage) = try RecordReplica.read(cut)
            #expect(damage.map(\.record) == [index + 1] && read.entries.count == 4)
        }
    }
}
