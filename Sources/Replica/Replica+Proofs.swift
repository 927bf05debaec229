import Foundation
import Ledger
import LedgerStore

/// Proofs against the head, and the member's signatures over them.
extension Replica {
    /// State keys with their values and proofs at one head.
    public struct StateSnapshot: Sendable {
        public let head: BlockHeader
        public let headHash: Hash32
        public let logSize: UInt64
        public let logRoot: Hash32
        public let entries: [(key: Bytes, value: Bytes?, proof: StateProof)]
    }

    /// Proofs of keys against the head's state root. Values come from the disk and are compared with the tree before they are returned.
    public func snapshot(of keys: [Bytes]) throws -> StateSnapshot {
        // The tree changes a little before the disk does: wait for a commit that is on its way, and read again.
        for attempt in 0..<200 {
            if attempt > 0 { Thread.sleep(forTimeInterval: 0.002) }
            let (snapshot, hashes) = engine.withLock { engine in
                let paths = keys.map { Hash32.sha256($0) }
                return (
                    StateSnapshot(
                        head: engine.head, headHash: engine.headHash, logSize: engine.log.size,
                        logRoot: engine.log.root,
                        entries: zip(keys, paths).map { ($0, nil, engine.tree.proof(of: $1)) }),
                    paths.map { engine.tree.valueHash(of: $0) }
                )
            }
            let values = try keys.map { try store.stateValue($0) }
            if zip(values, hashes).allSatisfy({ $0.map { Hash32.sha256($0) } == $1 }) {
                return StateSnapshot(
                    head: snapshot.head, headHash: snapshot.headHash, logSize: snapshot.logSize,
                    logRoot: snapshot.logRoot,
                    entries: zip(snapshot.entries, values).map { ($0.key, $1, $0.proof) })
            }
        }
        throw StoreError(
            .damaged, at: "state \(keys.first.map { String(decoding: $0, as: UTF8.self) } ?? "")",
            "a stored value does not match the state tree; run an audit")
    }

    /// The value of a state key, compared with the state tree.
    public func stateValue(_ key: Bytes) throws -> Bytes? {
        try snapshot(of: [key]).entries.first?.value
    }

    /// This member's receipt for a leaf of the log at a final block's size.
    public func receipt(for proof: InclusionProof, root: Hash32, transaction: Hash32) -> Bytes {
        Receipt.sign(
            root: root, proof: proof, issuer: "\(genesis.id.hex)/\(member.id)", subject: transaction.hex,
            with: member.keys.shown)
    }

    /// As the log's own line; nil where the member is none of those who sign a head of this size, or lacks its key.
    func signatureLine(_ checkpoint: Checkpoint) -> String? {
        key(in: members.members(atLogSize: checkpoint.size)).map { checkpoint.signatureLine(with: $0) }
    }

    func cosignatureLine(_ checkpoint: Checkpoint, time: UInt64) -> String? {
        key(in: members.members(atLogSize: checkpoint.size)).map {
            checkpoint.cosignatureLine(ledger: genesis.id, member: member.id, time: time, with: $0)
        }
    }
}
