import ContractKit
import Ledger
import LedgerStore

/// A copy of a member's file that is brought to a later block from what a peer sends, and verified before the member works with it.
///
/// Headers are taken from where the file ends, each with the signatures of a quorum of the members at its height. With the hashes of the accepted
/// statements and the results they give the log and the transaction ids, and the last one's state root is compared with the entries that came.
struct SnapshotDraft: Sendable {
    let store: LedgerStore
    private let ledger: Hash32
    private let rule: Finality.Rule
    private var log: MerkleLog
    private var members: MemberHistory
    private var head: BlockHeader
    private var headHash: Hash32
    /// Hashes of the headers at the end of the file from the first on that has no certificate yet, in order.
    private var uncertified: [Hash32] = []

    /// - Parameter rule: how many members' signatures make a block final.
    init(of replica: Replica, rule: @escaping Finality.Rule) throws {
        store = try replica.store.draft()
        guard let audit = try store.audit() else { throw ReplicaError(.notFound, "the file has no genesis") }
        ledger = replica.genesis.id
        self.rule = rule
        (log, members, head, headHash) = (audit.log, audit.members, audit.head, audit.headHash)
        if let first = try store.heightsWithoutCertificate().first {
            uncertified = try store.blocks(from: first, limit: .max).map { Hash32.sha256($0.headerBytes) }
        }
    }

    /// The height of the next block that is needed.
    var next: UInt64 { head.height + 1 - UInt64(uncertified.count) }

    /// Takes blocks that follow each other, up to a height.
    mutating func take(_ blocks: [BareBlock], through last: UInt64, memberSets: [UInt64: MemberSet]) throws {
        var checked: [(block: StoredBlock, certificate: Bytes, isNew: Bool)] = []
        var changes: [(from: UInt64, members: MemberSet)] = []
        for received in blocks {
            let block = try decoded(received)
            guard block.header.height <= last else { break }
            try verify(block, received.certificate)
            let isNew = uncertified.isEmpty
            if !isNew { uncertified.removeFirst() }
            if isNew, let change = try append(block, memberSets) { changes.append(change) }
            checked.append((block, received.certificate, isNew))
        }
        let tiles = log.takeChangedTiles()
        try store.writeAlone { writer in
            for (block, certificate, isNew) in checked {
                let height = block.header.height
                try writer.setCertificate(certificate, at: height)
                guard isNew else { continue }
                for (position, item) in block.items.enumerated() {
                    guard writer.claim(item.result.transaction, height: height, position: position) else {
                        throw ReplicaError(.misleading, "block \(height) has a transaction that the ledger had already")
                    }
                }
                try writer.insert(block, isKept: false)
            }
            for (from, members) in changes { try writer.setMembers(members, from: from) }
            try writer.setTiles(tiles)
        }
    }

    private func decoded(_ received: BareBlock) throws -> StoredBlock {
        do {
            return try StoredBlock(bareCBOR: received.block, firstLeaf: log.size).bare
        } catch {
            throw ReplicaError(.certificate, "a peer's block does not decode: \(error)")
        }
    }

    private func verify(_ block: StoredBlock, _ certificate: Bytes) throws {
        let header = block.header
        let signers = members.members(at: header.height)
        let votes = (try? FinalityCertificate(decoding: certificate))?.validVotes(over: block.headerBytes, in: signers)
        guard header.ledger == ledger, header.height == next, votes ?? 0 >= rule(signers) else {
            throw ReplicaError(.certificate, "a peer's block \(header.height) is not signed by a quorum")
        }
        if let own = uncertified.first, own != Hash32.sha256(block.headerBytes) {
            throw ReplicaError(
                .diverged, "another block \(header.height) was computed here than a quorum signed; restore it")
        }
    }

    /// Appends a block to the log; the members from the next height on, where it names others.
    private mutating func append(
        _ block: StoredBlock, _ memberSets: [UInt64: MemberSet]
    ) throws -> (from: UInt64, members: MemberSet)? {
        let header = block.header
        for item in block.items { if let leaf = item.leafHash { log.append(leaf) } }
        let results = MerkleTree.root(block.results.map { MerkleTree.leafHash($0.encoded()) })
        guard header.previous == headHash, header.logSize == log.size, header.logRoot == log.root,
            header.resultsRoot == results
        else { throw ReplicaError(.misleading, "what came with header \(header.height) does not belong to it") }
        log.append(MerkleTree.leafHash(block.headerBytes))
        head = header
        headHash = Hash32.sha256(block.headerBytes)
        if header.nextMembers == members.current.hash { return nil }
        guard let next = memberSets[header.height + 1], next.hash == header.nextMembers else {
            throw ReplicaError(.misleading, "header \(header.height) names other members than came with it")
        }
        members.append(next, announcedBy: header)
        return (header.height + 1, next)
    }

    // MARK: State

    func clearState() throws { try store.writeAlone { try $0.clearState() } }

    /// Takes entries of the state in the order of their keys.
    func take(_ entries: [StateEntry]) throws {
        try store.writeAlone { writer in
            _ = writer.apply(entries.map { ($0.key, $0.value) }, cache: StateCache())
        }
    }
}
