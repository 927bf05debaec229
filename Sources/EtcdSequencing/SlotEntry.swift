import Ledger
import Sequencing

/// What etcd keeps under a slot: `[previous digest, kid, signature, batch]`, the batch `[epoch, proposer, [[member, clock, signature]], [statement]]`.
///
/// Each entry names the digest of the one before it, so that a slot that was lost or changed shows. It is signed by the member that brings it,
/// so that nobody else who can write to etcd brings statements in its name.
struct SlotEntry: Sendable {
    /// Bytes around the statements of a batch.
    static let limits = CBOR.Limits.large

    let previous: Hash32
    let kid: Hash32
    let signature: Bytes
    let content: Bytes
    let encoded: Bytes

    var digest: Hash32 { Hash32.sha256(encoded) }

    init(_ batch: Batch, after previous: Hash32, slot: UInt64, ledger: Hash32, key: SigningKey) {
        self.previous = previous
        kid = key.kid
        content =
            CBOR.array([
                .unsigned(batch.epoch), .text(batch.proposer),
                .array(batch.clocks.map(\.cbor)),
                .array(batch.statements.map { .bytes($0.bytes) }),
            ]).encoded()
        signature = COSESign1.signDetached(
            content, externalAAD: Self.binding(ledger, slot, previous), with: key)
        encoded = CBOR.array([.hash(previous), .hash(kid), .bytes(signature), .bytes(content)]).encoded()
    }

    init(decoding bytes: Bytes, slot: UInt64) throws {
        guard let parts = try? CBOR.decode(bytes, limits: Self.limits).array, parts.count == 4,
            let previous = parts[0].hash32, let kid = parts[1].hash32, let signature = parts[2].bytes,
            let content = parts[3].bytes
        else {
            throw SequencingError(
                .broken, "slot \(slot) holds no batch; something else than a node wrote to etcd under this ledger")
        }
        self.previous = previous
        self.kid = kid
        self.signature = signature
        self.content = content
        encoded = bytes
    }

    private static func binding(_ ledger: Hash32, _ slot: UInt64, _ previous: Hash32) -> Bytes {
        CBOR.array(["cairn-slot/1", .hash(ledger), .unsigned(slot), .hash(previous)]).encoded()
    }

    /// The batch as every member reads it. What is not signed by a member of the ledger, or not a batch, is an empty one to all of them;
    /// so is nothing to them a statement that does not decode, and a clock that its member did not sign.
    /// So is one of another epoch, which somebody took over from an order before.
    func batch(in slot: UInt64, ledger: Hash32, members: MemberSet, epoch wanted: UInt64) -> Batch {
        guard let member = members.member(kid: kid),
            COSESign1.verifyDetached(
                signature, payload: content, externalAAD: Self.binding(ledger, slot, previous), with: member.key),
            let parts = try? CBOR.decode(content, limits: Self.limits).array, parts.count == 4,
            let epoch = parts[0].unsigned, epoch == wanted, let reports = parts[2].array,
            let statements = parts[3].array
        else { return Batch(epoch: wanted, proposer: "", clocks: [], statements: []) }
        let clocks = reports.compactMap { try? SignedClock(cbor: $0) }.filter {
            $0.isSigned(by: members, ledger: ledger)
        }
        return Batch(
            epoch: epoch, proposer: member.id, clocks: clocks,
            statements: statements.compactMap { item in
                guard let bytes = item.bytes, let statement = try? Statement(decoding: bytes),
                    statement.ledger == ledger
                else { return nil }
                return statement
            })
    }
}

/// The end of the order, as etcd keeps it: `[generation, slots so far, digest of the last]`.
struct SlotHead: Sendable, Hashable {
    /// Of the etcd cluster; a new one after a loss begins a new generation.
    let generation: UInt64
    /// The next slot to be filled.
    let next: UInt64
    let digest: Hash32

    var encoded: Bytes { CBOR.array([.unsigned(generation), .unsigned(next), .hash(digest)]).encoded() }

    init(generation: UInt64, next: UInt64, digest: Hash32) {
        self.generation = generation
        self.next = next
        self.digest = digest
    }

    init(decoding bytes: Bytes) throws {
        guard let parts = try? CBOR.decode(bytes).array, parts.count == 3, let generation = parts[0].unsigned,
            let next = parts[1].unsigned, let digest = parts[2].hash32
        else { throw SequencingError(.broken, "the head in etcd is not [generation, next slot, digest]") }
        self.init(generation: generation, next: next, digest: digest)
    }
}
